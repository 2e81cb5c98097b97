#include <algorithm>
#include <array>
#include <vector>

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
  const ArrivalBitmap bitmap(header->bitmap, rest);
  std::vector<std::byte> tail(ArrivalBitmap::tail_bytes(bitmap.size()));
  for (std::uint32_t bit = ArrivalBitmap::kHeaderBits; bit < bitmap.size(); ++bit)
    if (bitmap.test(bit)) ArrivalBitmap::set_in_tail(tail, bit);
  SOLITON_CHECK(tail.size() <= rest.size() && std::equal(tail.begin(), tail.end(), rest.begin()));
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
