#include "protocol/wire/ltl_header.h"

#include "protocol/wire/crc32c.h"

namespace soliton {

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
