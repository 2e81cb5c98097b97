// The 32-byte header of every LTL packet (docs/wire-format.md), as a value and as bytes.
//
// All integers are big-endian. A packet is a Payload: the header's bytes are always real, the
// fragment behind them may be ghost bytes, which count in `length` but not in the checksum.
// Decoding order is fixed: decode() looks at the size, version, kind and zero byte; the caller then
// looks up index, cookie and source; verify() ends with length and checksum. Nothing may be
// answered before all of it has passed.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <tl/expected.hpp>

#include "protocol/base/payload.h"
#include "protocol/base/time.h"
#include "protocol/wire/sequence.h"

namespace soliton {

inline constexpr std::size_t kLtlHeaderSize = 32;
inline constexpr std::uint8_t kLtlVersion = 1;
// What `length`, 16 bits wide, can say.
inline constexpr std::size_t kLtlFragmentMax = 65'535;
inline constexpr std::uint32_t kLtlCreditUnit = 256;  // bytes

enum class PacketKind : std::uint8_t {
  kData = 1,
  kAck = 2,
  kNack = 3,
  kCredit = 4,
  kCongestion = 5,  // CNP
  kPing = 6,
  kPong = 7,
  kOpen = 8,
  kOpened = 9,
  kClose = 10,
  kReset = 11,
};

namespace packet_flag {
inline constexpr std::uint8_t kFirst = 1 << 0;   // first fragment of its message
inline constexpr std::uint8_t kLast = 1 << 1;    // last fragment of its message
inline constexpr std::uint8_t kPacked = 1 << 2;  // several messages, each behind its 16-bit length
// DATA: answer at once. ACK, NACK: this is such an answer.
inline constexpr std::uint8_t kAckNow = 1 << 3;
inline constexpr std::uint8_t kResent = 1 << 4;  // not the first transmission of this sequence
// PING: packets are in flight and nothing was heard of them.
inline constexpr std::uint8_t kTailProbe = 1 << 5;
inline constexpr std::uint8_t kCongestion = 1 << 6;  // the sender has seen congestion marks
inline constexpr std::uint8_t kBare = 1 << 7;        // no message header in the payload
}  // namespace packet_flag

struct LtlHeader {
  PacketKind kind = PacketKind::kData;
  std::uint8_t flags = 0;
  std::uint16_t index = 0;   // row of the receiver's connection table
  std::uint16_t cookie = 0;  // of that connection, agreed at deployment
  std::uint16_t length = 0;  // bytes behind the header
  Sequence sequence = 0;  // DATA: its number. ACK, NACK: number of the packet that caused it. PING:
                          // its own number; PONG: that of the PING. Others: 0
  Sequence ack = 0;       // next sequence expected from the peer
  std::uint32_t bitmap = 0;  // bit i: ack + 1 + i has arrived
  // DATA, PING: the sender's clock. ACK, NACK, PONG: echo of the packet that caused it.
  std::uint32_t time_ns = 0;
  // Bytes the peer may have outstanding beyond `ack`, in kLtlCreditUnit, rounded down.
  std::uint16_t credit = 0;
  std::uint8_t channel = 0;  // virtual channel, 0 = control
  std::uint32_t crc = 0;     // filled by seal(); 0 before

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  bool operator==(const LtlHeader&) const = default;
};

// Why a packet was dropped, in the order in which the causes are looked for.
enum class DropCause : std::uint8_t {
  kTooShort,
  kBadVersion,
  kUnknownKind,
  kZeroByteSet,
  kUnknownIndex,
  kWrongCookie,
  kWrongSource,
  kWrongChannel,
  kUnproven,  // a handshake without the proof of the key
  kBadTag,
  kReplayed,  // a packet number that was seen, or is too old to tell
  kLengthMismatch,
  kBadChecksum,
  // Well-formed, but not allowed now: sequence outside the window, length above the MTU ...
  kNotAllowed,
};

// Eight bytes at once, most significant first.
inline void store_big_64(std::byte* at, std::uint64_t value) {
  if constexpr (std::endian::native == std::endian::little) value = __builtin_bswap64(value);
  std::memcpy(at, &value, sizeof value);
}
inline std::uint64_t load_big_64(const std::byte* at) {
  std::uint64_t value;
  std::memcpy(&value, at, sizeof value);
  return std::endian::native == std::endian::little ? __builtin_bswap64(value) : value;
}

inline void encode(const LtlHeader& h, std::span<std::byte, kLtlHeaderSize> out) {
  store_big_64(out.data(), std::uint64_t{kLtlVersion} << 60 |
                               static_cast<std::uint64_t>(h.kind) << 56 |
                               std::uint64_t{h.flags} << 48 | std::uint64_t{h.index} << 32 |
                               std::uint64_t{h.cookie} << 16 | h.length);
  store_big_64(out.data() + 8, std::uint64_t{h.sequence} << 32 | h.ack);
  store_big_64(out.data() + 16, std::uint64_t{h.bitmap} << 32 | h.time_ns);
  store_big_64(out.data() + 24,
               std::uint64_t{h.credit} << 48 | std::uint64_t{h.channel} << 40 | h.crc);
}

// Reads the first 32 bytes of a packet; `packet` may be longer.
[[nodiscard]] inline tl::expected<LtlHeader, DropCause> decode(std::span<const std::byte> packet) {
  if (packet.size() < kLtlHeaderSize) return tl::unexpected(DropCause::kTooShort);
  const std::uint64_t first = load_big_64(packet.data());
  if (first >> 60 != kLtlVersion) return tl::unexpected(DropCause::kBadVersion);
  const auto kind = static_cast<std::uint8_t>(first >> 56 & 0x0f);
  if (kind < static_cast<std::uint8_t>(PacketKind::kData) ||
      kind > static_cast<std::uint8_t>(PacketKind::kReset))
    return tl::unexpected(DropCause::kUnknownKind);
  const std::uint64_t last = load_big_64(packet.data() + 24);
  if ((last >> 32 & 0xff) != 0) return tl::unexpected(DropCause::kZeroByteSet);
  const std::uint64_t numbers = load_big_64(packet.data() + 8);
  const std::uint64_t report = load_big_64(packet.data() + 16);
  LtlHeader h;
  h.kind = static_cast<PacketKind>(kind);
  h.flags = static_cast<std::uint8_t>(first >> 48);
  h.index = static_cast<std::uint16_t>(first >> 32);
  h.cookie = static_cast<std::uint16_t>(first >> 16);
  h.length = static_cast<std::uint16_t>(first);
  h.sequence = static_cast<std::uint32_t>(numbers >> 32);
  h.ack = static_cast<std::uint32_t>(numbers);
  h.bitmap = static_cast<std::uint32_t>(report >> 32);
  h.time_ns = static_cast<std::uint32_t>(report);
  h.credit = static_cast<std::uint16_t>(last >> 48);
  h.channel = static_cast<std::uint8_t>(last >> 40);
  h.crc = static_cast<std::uint32_t>(last);
  return h;
}

// Checks of a packet as a whole, `ghost` bytes behind the real ones, against its decoded header;
// nullopt if it is valid. `prefix`: bytes before the payload, a security block included, which the
// checksum leaves out.
[[nodiscard]] std::optional<DropCause> verify(const LtlHeader& header,
                                              std::span<const std::byte> packet,
                                              std::uint64_t ghost, bool with_crc = true,
                                              std::size_t prefix = kLtlHeaderSize);
[[nodiscard]] inline std::optional<DropCause> verify(const LtlHeader& header,
                                                     const Payload& packet) {
  return verify(header, packet.bytes, packet.ghost);
}

// Writes the checksum into a packet whose header is encoded. REQUIRES: it holds `prefix` bytes.
void seal(std::span<std::byte> packet, std::size_t prefix = kLtlHeaderSize);
inline void seal(Payload& packet) { seal(std::span<std::byte>(packet.bytes)); }

// The `time` field of an instant: whole nanoseconds modulo 2^32.
inline std::uint32_t wire_time(Instant at) {
  return static_cast<std::uint32_t>(at.time_since_epoch().count() / 1000);
}

}  // namespace soliton
