// Which packets beyond the cumulative acknowledgement have arrived: bit i stands for sequence ack +
// 1 + i.
//
// Bits 0..31 travel in the header of every packet. The rest of the window travels in the payload of
// a NACK, so that all gaps are named in one report: byte j of it holds bits 32 + 8j .. 39 + 8j,
// lowest bit first; zero bytes at the end are left out.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace soliton {

class ArrivalBitmap {
 public:
  static constexpr std::uint32_t kBits = 256;
  static constexpr std::uint32_t kHeaderBits = 32;
  static constexpr std::size_t kTailBytesMax = (kBits - kHeaderBits) / 8;

  ArrivalBitmap() = default;
  explicit ArrivalBitmap(std::uint32_t header_bits) : words_{header_bits} {}
  // Nothing when `tail` is longer than kTailBytesMax.
  static std::optional<ArrivalBitmap> decode(std::uint32_t header_bits,
                                             std::span<const std::byte> tail);

  // REQUIRES: bit < kBits.
  void set(std::uint32_t bit) { words_[bit / 64] |= std::uint64_t{1} << (bit % 64); }
  bool test(std::uint32_t bit) const { return (words_[bit / 64] >> (bit % 64)) & 1; }
  bool empty() const { return size() == 0; }
  // One more than the highest bit that is set.
  std::uint32_t size() const;

  std::uint32_t header_bits() const { return static_cast<std::uint32_t>(words_[0]); }
  std::size_t tail_size() const;
  // Returns tail_size(). REQUIRES: out.size() >= tail_size().
  std::size_t encode_tail(std::span<std::byte> out) const;

  bool operator==(const ArrivalBitmap&) const = default;

 private:
  std::array<std::uint64_t, kBits / 64> words_{};
};

}  // namespace soliton
