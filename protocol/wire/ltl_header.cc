#include "protocol/wire/ltl_header.h"

#include <array>

#include "protocol/wire/crc32c.h"

namespace soliton {
namespace {

bool known_kind(std::uint8_t kind) {
  return kind >= static_cast<std::uint8_t>(PacketKind::kData) &&
         kind <= static_cast<std::uint8_t>(PacketKind::kReset);
}

}  // namespace

std::string_view packet_kind_name(PacketKind kind) {
  static constexpr std::array<std::string_view, 11> kNames = {
      "DATA", "ACK", "NACK", "CREDIT", "CNP", "PING", "PONG", "OPEN", "OPENED", "CLOSE", "RESET"};
  return known_kind(static_cast<std::uint8_t>(kind)) ? kNames[static_cast<std::size_t>(kind) - 1]
                                                     : "unknown";
}

std::string_view drop_cause_name(DropCause cause) {
  static constexpr std::array<std::string_view, 14> kNames = {
      "too short",    "bad version",     "unknown kind",  "zero byte set",       "unknown index",
      "wrong cookie", "wrong source",    "wrong channel", "no proof of the key", "wrong tag",
      "replayed",     "length mismatch", "bad checksum",  "not allowed"};
  return kNames[static_cast<std::size_t>(cause)];
}

std::optional<DropCause> verify(const LtlHeader& header, std::span<const std::byte> packet,
                                std::uint64_t ghost, bool with_crc, std::size_t prefix) {
  if (packet.size() + ghost != prefix + header.length) return DropCause::kLengthMismatch;
  if (with_crc &&
      packet_crc32c(packet.first<kLtlHeaderSize>(), packet.subspan(prefix)) != header.crc)
    return DropCause::kBadChecksum;
  return std::nullopt;
}

void seal(std::span<std::byte> packet, std::size_t prefix) {
  SOLITON_CHECK(packet.size() >= prefix);
  const std::uint32_t crc = packet_crc32c(packet.first<kLtlHeaderSize>(), packet.subspan(prefix));
  const std::uint64_t last = load_big_64(packet.data() + 24);
  store_big_64(packet.data() + 24, (last & ~std::uint64_t{0xffff'ffff}) | crc);
}

}  // namespace soliton
