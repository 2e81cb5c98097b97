#include "protocol/wire/ltl_header.h"

#include <array>

#include "protocol/wire/crc32c.h"

namespace soliton {
namespace {

constexpr std::size_t kCrcOffset = 28;

void put_16(std::span<std::byte> out, std::size_t at, std::uint16_t value) {
  out[at] = static_cast<std::byte>(value >> 8);
  out[at + 1] = static_cast<std::byte>(value);
}

void put_32(std::span<std::byte> out, std::size_t at, std::uint32_t value) {
  put_16(out, at, static_cast<std::uint16_t>(value >> 16));
  put_16(out, at + 2, static_cast<std::uint16_t>(value));
}

std::uint8_t get_8(std::span<const std::byte> in, std::size_t at) {
  return std::to_integer<std::uint8_t>(in[at]);
}

std::uint16_t get_16(std::span<const std::byte> in, std::size_t at) {
  return static_cast<std::uint16_t>(get_8(in, at) << 8 | get_8(in, at + 1));
}

std::uint32_t get_32(std::span<const std::byte> in, std::size_t at) {
  return static_cast<std::uint32_t>(get_16(in, at)) << 16 | get_16(in, at + 2);
}

bool known_kind(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(PacketKind::kData) &&
         kind <= static_cast<std::uint8_t>(PacketKind::kReset);
}

// Over the header with its crc field read as zero, then the real bytes behind it.
std::uint32_t packet_crc(std::span<const std::byte> packet) {
  static constexpr std::array<std::byte, 4> kZeros{};
  const std::uint32_t head = crc32c(kZeros, crc32c(packet.first(kCrcOffset)));
  return crc32c(packet.subspan(kLtlHeaderSize), head);
}

}  // namespace

std::string_view packet_kind_name(PacketKind kind) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "DATA", "ACK", "NACK", "CREDIT", "CNP", "PING", "PONG", "OPEN", "OPENED", "CLOSE", "RESET"};
  return known_kind(static_cast<std::uint8_t>(kind)) ? kNames[static_cast<std::size_t>(kind) - 1]
                                                     : "unknown";
}

std::string_view drop_cause_name(DropCause cause) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "too short",       "bad version",  "unknown kind", "zero byte set",
      "unknown index",   "wrong cookie", "wrong source", "wrong channel",
      "length mismatch", "bad checksum", "not allowed"};
  return kNames[static_cast<std::size_t>(cause)];
}

void encode(const LtlHeader& header, std::span<std::byte, kLtlHeaderSize> out) {
  out[0] = static_cast<std::byte>(kLtlVersion << 4 | static_cast<std::uint8_t>(header.kind));
  out[1] = static_cast<std::byte>(header.flags);
  put_16(out, 2, header.index);
  put_16(out, 4, header.cookie);
  put_16(out, 6, header.length);
  put_32(out, 8, header.sequence);
  put_32(out, 12, header.ack);
  put_32(out, 16, header.bitmap);
  put_32(out, 20, header.time_ns);
  put_16(out, 24, header.credit);
  out[26] = static_cast<std::byte>(header.channel);
  out[27] = std::byte{0};
  put_32(out, kCrcOffset, header.crc);
}

tl::expected<LtlHeader, DropCause> decode(std::span<const std::byte> packet) {
  if (packet.size() < kLtlHeaderSize) return tl::unexpected(DropCause::kTooShort);
  if (get_8(packet, 0) >> 4 != kLtlVersion) return tl::unexpected(DropCause::kBadVersion);
  const std::uint8_t kind = get_8(packet, 0) & 0x0f;
  if (!known_kind(kind)) return tl::unexpected(DropCause::kUnknownKind);
  if (get_8(packet, 27) != 0) return tl::unexpected(DropCause::kZeroByteSet);
  LtlHeader h;
  h.kind = static_cast<PacketKind>(kind);
  h.flags = get_8(packet, 1);
  h.index = get_16(packet, 2);
  h.cookie = get_16(packet, 4);
  h.length = get_16(packet, 6);
  h.sequence = get_32(packet, 8);
  h.ack = get_32(packet, 12);
  h.bitmap = get_32(packet, 16);
  h.time_ns = get_32(packet, 20);
  h.credit = get_16(packet, 24);
  h.channel = get_8(packet, 26);
  h.crc = get_32(packet, kCrcOffset);
  return h;
}

std::optional<DropCause> verify(const LtlHeader& header, const Payload& packet) {
  if (packet.size() != kLtlHeaderSize + header.length) return DropCause::kLengthMismatch;
  if (packet_crc(packet.bytes) != header.crc) return DropCause::kBadChecksum;
  return std::nullopt;
}

void seal(Payload& packet) {
  SOLITON_CHECK(packet.bytes.size() >= kLtlHeaderSize);
  put_32(packet.bytes, kCrcOffset, packet_crc(packet.bytes));
}

std::uint32_t wire_time(Instant at) {
  return static_cast<std::uint32_t>(at.time_since_epoch().count() / 1000);
}

}  // namespace soliton
