#include <algorithm>
#include <array>

#include "protocol/base/check.h"
#include "protocol/wire/arrival_bitmap.h"
#include "protocol/wire/ltl_header.h"
#include "tests/fuzz/ltl/targets.h"

namespace soliton {

void fuzz_ltl_header(std::span<const std::uint8_t> input) {
  Payload packet;
  packet.append(std::as_bytes(input));
  const auto header = decode(packet.bytes);
  if (!header) return;
  std::array<std::byte, kLtlHeaderSize> again{};
  encode(*header, again);
  SOLITON_CHECK(std::equal(again.begin(), again.end(), packet.bytes.begin()));

  const auto rest = std::span<const std::byte>(packet.bytes).subspan(kLtlHeaderSize);
  if (const auto bitmap = ArrivalBitmap::decode(header->bitmap, rest)) {
    SOLITON_CHECK(bitmap->header_bits() == header->bitmap);
    std::array<std::byte, ArrivalBitmap::kTailBytesMax> tail{};
    const std::size_t bytes = bitmap->encode_tail(tail);
    SOLITON_CHECK(ArrivalBitmap::decode(bitmap->header_bits(), std::span(tail).first(bytes)) ==
                  bitmap);
  }
  // Whatever it is, made consistent it must pass, and then no longer with one bit flipped.
  LtlHeader good = *header;
  good.length = static_cast<std::uint16_t>(rest.size());
  good.crc = 0;
  if (rest.size() > kLtlFragmentMax) return;
  encode(good, std::span<std::byte, kLtlHeaderSize>(packet.bytes.data(), kLtlHeaderSize));
  seal(packet);
  SOLITON_CHECK(!verify(*decode(packet.bytes), packet));
  packet.bytes.back() ^= std::byte{1};
  const auto broken = decode(packet.bytes);
  SOLITON_CHECK(!broken || verify(*broken, packet));
}

}  // namespace soliton
