// SipHash-2-4 (Aumasson and Bernstein, "SipHash: a fast short-input PRF", INDOCRYPT 2012): a keyed
// tag of 64 bits over short input. Test vectors: appendix A of the paper, and libsodium.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace soliton {

struct SipKey {
  std::uint64_t low = 0;  // bytes 0 to 7 of the key, little-endian
  std::uint64_t high = 0;
  bool operator==(const SipKey&) const = default;
};

// Takes words of eight bytes as they come, so that input need not lie in one piece.
class SipHash {
 public:
  explicit SipHash(const SipKey& key)
      : v_{0x736f6d6570736575 ^ key.low, 0x646f72616e646f6d ^ key.high,
           0x6c7967656e657261 ^ key.low, 0x7465646279746573 ^ key.high} {}

  void word(std::uint64_t m) {
    v_[3] ^= m;
    round();
    round();
    v_[0] ^= m;
  }
  // The last 0 to 7 bytes, and how many bytes there were in all.
  std::uint64_t finish(std::uint64_t tail, std::uint64_t total) {
    word(total << 56 | tail);
    v_[2] ^= 0xff;
    for (int i = 0; i < 4; ++i) round();
    return v_[0] ^ v_[1] ^ v_[2] ^ v_[3];
  }

 private:
  void round() {
    v_[0] += v_[1], v_[2] += v_[3];
    v_[1] = std::rotl(v_[1], 13) ^ v_[0], v_[3] = std::rotl(v_[3], 16) ^ v_[2];
    v_[0] = std::rotl(v_[0], 32);
    v_[2] += v_[1], v_[0] += v_[3];
    v_[1] = std::rotl(v_[1], 17) ^ v_[2], v_[3] = std::rotl(v_[3], 21) ^ v_[0];
    v_[2] = std::rotl(v_[2], 32);
  }

  std::array<std::uint64_t, 4> v_;
};

inline std::uint64_t siphash_2_4(const SipKey& key, std::span<const std::byte> data) {
  SipHash hash(key);
  std::uint64_t word = 0;
  std::size_t at = 0;
  for (; at + 8 <= data.size(); at += 8) {
    std::memcpy(&word, data.data() + at, 8);
    hash.word(word);
  }
  word = 0;
  for (std::size_t i = 0; at + i < data.size(); ++i)
    word |= std::to_integer<std::uint64_t>(data[at + i]) << (8 * i);
  return hash.finish(word, data.size());
}

}  // namespace soliton
