#include "protocol/wire/packet_security.h"

#include <vector>

namespace soliton {
namespace {

// Word `i` of what `key` makes of `input`, whose last byte is set here.
std::uint64_t prf(const Key& key, std::vector<std::byte>& input, std::uint8_t i) {
  input.back() = static_cast<std::byte>(2 * i);
  const auto bytes = std::span<const std::byte, 32>(key);
  const std::uint64_t first = siphash_2_4(sip_key(bytes.first<16>()), input);
  input.back() = static_cast<std::byte>(2 * i + 1);
  return first ^ siphash_2_4(sip_key(bytes.last<16>()), input);
}

template <std::size_t size>
std::array<std::byte, size> expand(const Key& key, std::uint8_t use,
                                   std::span<const std::byte> over) {
  std::vector<std::byte> input(over.begin(), over.end());
  input.push_back(static_cast<std::byte>(use));
  input.push_back(std::byte{0});
  std::array<std::byte, size> out{};
  for (std::size_t i = 0; i < size / 8; ++i) {
    const std::uint64_t word = prf(key, input, static_cast<std::uint8_t>(i));
    for (std::size_t b = 0; b < 8; ++b) out[8 * i + b] = static_cast<std::byte>(word >> (8 * b));
  }
  return out;
}

constexpr std::uint8_t kUseKey = 1;
constexpr std::uint8_t kUseProof = 2;

}  // namespace

SipKey sip_key(std::span<const std::byte, 16> bytes) {
  SipKey key;
  for (std::size_t b = 0; b < 8; ++b) {
    key.low |= std::to_integer<std::uint64_t>(bytes[b]) << (8 * b);
    key.high |= std::to_integer<std::uint64_t>(bytes[8 + b]) << (8 * b);
  }
  return key;
}

Key derive_key(const Key& from, std::span<const std::byte> purpose) {
  return expand<32>(from, kUseKey, purpose);
}

std::array<std::byte, 16> key_proof(const Key& key, std::span<const std::byte> over) {
  return expand<16>(key, kUseProof, over);
}

bool equal_secrets(std::span<const std::byte> a, std::span<const std::byte> b) {
  if (a.size() != b.size()) return false;
  std::uint8_t difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i)
    difference |= std::to_integer<std::uint8_t>(a[i] ^ b[i]);
  return difference == 0;
}

}  // namespace soliton
