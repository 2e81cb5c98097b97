// Which packets beyond the cumulative acknowledgement have arrived: bit i stands for sequence ack +
// 1 + i.
//
// Bits 0..31 travel in the header of every packet. The rest of the window travels in the payload of
// a NACK or PONG, so that all gaps are named in one report: byte j of it holds bits 32 + 8j .. 39 +
// 8j, lowest bit first; zero bytes at the end are left out.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace soliton {

// A view of the two parts as they lie in a packet.
class ArrivalBitmap {
 public:
  static constexpr std::uint32_t kHeaderBits = 32;

  ArrivalBitmap() = default;
  explicit ArrivalBitmap(std::uint32_t header_bits, std::span<const std::byte> tail = {})
      : header_bits_(header_bits), tail_(tail) {}

  bool test(std::uint32_t bit) const {
    if (bit < kHeaderBits) return (header_bits_ >> bit & 1) != 0;
    const std::size_t byte = (bit - kHeaderBits) / 8;
    return byte < tail_.size() && (std::to_integer<unsigned>(tail_[byte]) >> (bit % 8) & 1) != 0;
  }
  bool empty() const { return size() == 0; }
  // One more than the highest bit that is set.
  std::uint32_t size() const {
    for (std::size_t byte = tail_.size(); byte-- > 0;)
      if (tail_[byte] != std::byte{0})
        return kHeaderBits + static_cast<std::uint32_t>(8 * byte) +
               static_cast<std::uint32_t>(std::bit_width(std::to_integer<unsigned>(tail_[byte])));
    return static_cast<std::uint32_t>(std::bit_width(header_bits_));
  }

  // Bytes of a tail in which `bits` bits have room.
  static constexpr std::size_t tail_bytes(std::uint32_t bits) {
    return bits > kHeaderBits ? (bits - kHeaderBits + 7) / 8 : 0;
  }
  // REQUIRES: bit >= kHeaderBits, and room for it.
  static void set_in_tail(std::span<std::byte> tail, std::uint32_t bit) {
    tail[(bit - kHeaderBits) / 8] |= static_cast<std::byte>(1U << (bit % 8));
  }

 private:
  std::uint32_t header_bits_ = 0;
  std::span<const std::byte> tail_;
};

}  // namespace soliton
