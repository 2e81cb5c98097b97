// The 32-byte header of every LTL packet (docs/wire-format.md), as a value and as bytes.
//
// All integers are big-endian. A packet is a Payload: the header's bytes are always real, the
// fragment behind them may be ghost bytes, which count in `length` but not in the checksum.
// Decoding order is fixed: decode() looks at the size, version, kind and zero byte; the caller then
// looks up index, cookie and source; verify() ends with length and checksum. Nothing may be
// answered before all of it has passed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
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
std::string_view packet_kind_name(PacketKind kind);  // "DATA", "ACK", ...

namespace packet_flag {
inline constexpr std::uint8_t kFirst = 1 << 0;   // first fragment of its message
inline constexpr std::uint8_t kLast = 1 << 1;    // last fragment of its message
inline constexpr std::uint8_t kPacked = 1 << 2;  // several messages, each behind its 16-bit length
inline constexpr std::uint8_t kAckNow =
    1 << 3;  // DATA: answer at once. ACK, NACK: this is such an answer
inline constexpr std::uint8_t kResent = 1 << 4;  // not the first transmission of this sequence
inline constexpr std::uint8_t kTailProbe =
    1 << 5;  // resent because nothing was heard, not because of a report
inline constexpr std::uint8_t kCongestion = 1 << 6;  // the sender has seen congestion marks
inline constexpr std::uint8_t kBare = 1 << 7;        // no message header in the payload
}  // namespace packet_flag

struct LtlHeader {
  PacketKind kind = PacketKind::kData;
  std::uint8_t flags = 0;
  std::uint16_t index = 0;   // row of the receiver's connection table
  std::uint16_t cookie = 0;  // of that connection, agreed at deployment
  std::uint16_t length = 0;  // bytes behind the header
  Sequence sequence =
      0;             // DATA: its number. ACK, NACK: number of the packet that caused it. Others: 0
  Sequence ack = 0;  // next sequence expected from the peer
  std::uint32_t bitmap = 0;  // bit i: ack + 1 + i has arrived
  std::uint32_t time_ns =
      0;  // DATA, PING: sender's clock. ACK, NACK, PONG: echo of the packet that caused it
  std::uint16_t credit =
      0;  // bytes the peer may have outstanding beyond `ack`, in kLtlCreditUnit, rounded down
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
  kLengthMismatch,
  kBadChecksum,
  // Well-formed, but nothing its sender may say now: sequence outside the window, length above the
  // MTU ...
  kNotAllowed,
};
std::string_view drop_cause_name(DropCause cause);

void encode(const LtlHeader& header, std::span<std::byte, kLtlHeaderSize> out);

// Reads the first 32 bytes of a packet; `packet` may be longer.
[[nodiscard]] tl::expected<LtlHeader, DropCause> decode(std::span<const std::byte> packet);

// Checks of `packet` as a whole against its decoded header; nothing when it is good.
[[nodiscard]] std::optional<DropCause> verify(const LtlHeader& header, const Payload& packet);

// Writes the checksum into a packet whose header was encoded with crc 0. REQUIRES: packet.bytes
// holds a header.
void seal(Payload& packet);

// The `time` field of an instant: whole nanoseconds modulo 2^32.
std::uint32_t wire_time(Instant at);

}  // namespace soliton
