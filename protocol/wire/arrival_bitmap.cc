#include "protocol/wire/arrival_bitmap.h"

#include <bit>

namespace soliton {

std::optional<ArrivalBitmap> ArrivalBitmap::decode(std::uint32_t header_bits,
                                                   std::span<const std::byte> tail) {
  if (tail.size() > kTailBytesMax) return std::nullopt;
  ArrivalBitmap out(header_bits);
  for (std::size_t j = 0; j < tail.size(); ++j) {
    const std::size_t shift = kHeaderBits + 8 * j;
    out.words_[shift / 64] |= std::to_integer<std::uint64_t>(tail[j]) << (shift % 64);
  }
  return out;
}

std::uint32_t ArrivalBitmap::size() const {
  for (std::size_t w = words_.size(); w-- > 0;)
    if (words_[w] != 0) return static_cast<std::uint32_t>(64 * w) + std::bit_width(words_[w]);
  return 0;
}

std::size_t ArrivalBitmap::tail_size() const {
  const std::uint32_t bits = size();
  return bits > kHeaderBits ? (bits - kHeaderBits + 7) / 8 : 0;
}

std::size_t ArrivalBitmap::encode_tail(std::span<std::byte> out) const {
  const std::size_t bytes = tail_size();
  for (std::size_t j = 0; j < bytes; ++j) {
    const std::size_t shift = kHeaderBits + 8 * j;
    out[j] = static_cast<std::byte>(words_[shift / 64] >> (shift % 64));
  }
  return bytes;
}

}  // namespace soliton
