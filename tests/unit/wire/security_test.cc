// SipHash against its paper and libsodium, derived keys, and the replay window against a naive
// model.
#include <gtest/gtest.h>
#include <sodium.h>

#include <algorithm>
#include <set>
#include <vector>

#include "protocol/base/rng.h"
#include "protocol/wire/packet_security.h"

namespace soliton {
namespace {

std::vector<std::byte> counting(std::size_t size) {
  std::vector<std::byte> out(size);
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::byte>(i);
  return out;
}

// Appendix A: key 00 01 .. 0f, input 00 01 .. 0e.
TEST(SipHash, ExampleOfThePaper) {
  const auto key = counting(16), input = counting(15);
  EXPECT_EQ(siphash_2_4(sip_key(std::span(key).first<16>()), input), 0xa129ca6149be45e5u);
}

TEST(SipHash, AgreesWithLibsodiumAtEveryLength) {
  static_assert(crypto_shorthash_KEYBYTES == 16 && crypto_shorthash_BYTES == 8);
  const Random r(1, "siphash");
  for (std::size_t size = 0; size < 130; ++size) {
    std::vector<std::byte> key(16), input(size);
    for (std::size_t i = 0; i < 16; ++i) key[i] = static_cast<std::byte>(r.child(size).bits(i));
    for (std::size_t i = 0; i < size; ++i)
      input[i] = static_cast<std::byte>(r.child(size).bits(100 + i));
    std::uint64_t theirs = 0;  // little-endian, as this machine is
    crypto_shorthash(reinterpret_cast<unsigned char*>(&theirs),
                     reinterpret_cast<const unsigned char*>(input.data()), size,
                     reinterpret_cast<const unsigned char*>(key.data()));
    EXPECT_EQ(siphash_2_4(sip_key(std::span(key).first<16>()), input), theirs) << size;
  }
}

TEST(DerivedKeys, DependOnEveryBitOfKeyPurposeAndUse) {
  Key key{};
  const std::vector<std::byte> purpose = counting(20);
  std::set<std::vector<std::byte>> seen;
  const auto add = [&](std::span<const std::byte> bytes) {
    EXPECT_TRUE(seen.insert({bytes.begin(), bytes.end()}).second);
  };
  add(derive_key(key, purpose));
  add(derive_key(key, std::span(purpose).first(19)));
  for (std::size_t bit = 0; bit < 256; ++bit) {
    Key other = key;
    other[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    add(derive_key(other, purpose));
  }
  for (std::size_t bit = 0; bit < 160; ++bit) {
    auto other = purpose;
    other[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    add(derive_key(key, other));
    add(key_proof(key, other));
  }
  EXPECT_EQ(derive_key(key, purpose), derive_key(key, purpose));
}

TEST(Secrets, AreComparedWhole) {
  const auto a = counting(16);
  auto b = a;
  EXPECT_TRUE(equal_secrets(a, b));
  for (std::size_t i = 0; i < 16; ++i) {
    b = a;
    b[i] ^= std::byte{0x80};
    EXPECT_FALSE(equal_secrets(a, b));
  }
  EXPECT_FALSE(equal_secrets(a, std::span(a).first(15)));
}

TEST(ReplayWindow, TakesEachNumberOnceWithinItsReach) {
  const Random r(2, "replay");
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    ReplayWindow window;
    std::set<std::uint64_t> seen;
    std::uint64_t highest = 0;
    for (std::uint64_t i = 0; i < 3000; ++i) {
      const Random one = r.child(seed).child(i);
      std::uint64_t number = highest + one.below(0, 40);
      if (one.below(1, 3) == 0) number = highest - std::min(highest, one.below(2, 1200));
      if (one.below(3, 400) == 0) number = highest + one.below(4, 5000);
      const bool reach = seen.empty() || number > highest || highest + 1 - number <= 1024;
      ASSERT_EQ(window.fresh(number), reach && seen.count(number) == 0)
          << "seed " << seed << ", number " << number << ", highest " << highest;
      if (!window.fresh(number)) continue;
      window.add(number);
      seen.insert(number);
      highest = std::max(highest, number);
    }
  }
}

TEST(SecurityBlock, HasTheLengthOfItsMode) {
  EXPECT_EQ(security_bytes(AuthMode::kNone), 0u);
  EXPECT_EQ(security_bytes(AuthMode::kHeader), 16u);
  EXPECT_EQ(security_bytes(AuthMode::kAead), 24u);
}

}  // namespace
}  // namespace soliton
