// The security block of a packet (docs/wire-format.md): a packet number that is never used twice,
// and a tag. Its length is that of the connection, never of the packet.
//
// The key of a run is 32 bytes. Each direction of each session of a connection has a key of its
// own, derived from it by SipHash as a pseudo-random function: a word is the sum of two, each under
// one half of the key.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "protocol/wire/siphash.h"

namespace soliton {

enum class AuthMode : std::uint8_t {
  kNone,
  kHeader,  // SipHash-2-4 over header (which holds length and checksum) and number: 8 bytes
  kAead,    // header and number authenticated, payload encrypted: 16 bytes
};

inline constexpr std::size_t kPacketNumberSize = 8;  // 16 zero bits, then the number
inline constexpr std::uint64_t kPacketNumberMax = (std::uint64_t{1} << 48) - 1;

constexpr std::size_t security_bytes(AuthMode mode) {
  switch (mode) {
    case AuthMode::kHeader:
      return kPacketNumberSize + 8;
    case AuthMode::kAead:
      return kPacketNumberSize + 16;
    case AuthMode::kNone:
      break;
  }
  return 0;
}

using Key = std::array<std::byte, 32>;

// The key for a purpose, which is any byte string that identifies it uniquely.
Key derive_key(const Key& from, std::span<const std::byte> purpose);
// 16 bytes that only a holder of the key can compute.
std::array<std::byte, 16> key_proof(const Key& key, std::span<const std::byte> over);
// Compares in a time that does not depend on where the bytes differ.
bool equal_secrets(std::span<const std::byte> a, std::span<const std::byte> b);
SipKey sip_key(std::span<const std::byte, 16> bytes);

// Which packet numbers have been seen: all below the window count as seen.
class ReplayWindow {
 public:
  static constexpr std::uint64_t kNumbers = 1024;

  bool fresh(std::uint64_t number) const {
    if (number >= next_) return true;
    if (next_ - number > kNumbers) return false;
    return (seen_[number / 64 % seen_.size()] >> (number % 64) & 1) == 0;
  }
  // REQUIRES: fresh(number).
  void add(std::uint64_t number) {
    for (; next_ <= number; ++next_) {
      if (number - next_ > 2 * kNumbers) next_ = number - kNumbers;
      seen_[next_ / 64 % seen_.size()] &= ~(std::uint64_t{1} << (next_ % 64));
    }
    seen_[number / 64 % seen_.size()] |= std::uint64_t{1} << (number % 64);
  }

 private:
  std::array<std::uint64_t, kNumbers / 64> seen_{};
  std::uint64_t next_ = 0;  // one more than the highest seen
};

// Authenticated encryption of one packet in place, nonce 12 bytes. A resource without mutable
// state; implemented by the code that links a cryptographic library (fabric/aead).
class PacketCipher {
 public:
  virtual ~PacketCipher() = default;
  virtual void seal(const Key& key, std::span<const std::byte, 12> nonce,
                    std::span<const std::byte> head, std::span<std::byte> payload,
                    std::span<std::byte, 16> tag) const = 0;
  // False when it was not sealed with this key, nonce and head; `payload` is then unspecified.
  virtual bool open(const Key& key, std::span<const std::byte, 12> nonce,
                    std::span<const std::byte> head, std::span<std::byte> payload,
                    std::span<const std::byte, 16> tag) const = 0;
};

}  // namespace soliton
