#include "node/traffic/pattern.h"

#include <gtest/gtest.h>

namespace soliton {
namespace {

Payload block(PatternKey key, std::uint64_t bytes) {
  Payload out;
  append_pattern(key, bytes, out);
  return out;
}

TEST(Pattern, HoldsAtEveryLengthAroundAWord) {
  for (std::uint64_t bytes = 0; bytes < 40; ++bytes) {
    const Payload made = block({7, NodeId{3}, 11}, bytes);
    ASSERT_EQ(made.bytes.size(), bytes);
    EXPECT_TRUE(holds_pattern({7, NodeId{3}, 11}, made.bytes)) << bytes;
  }
}

TEST(Pattern, SeesEveryFlippedBit) {
  const Payload good = block({7, NodeId{3}, 11}, 29);
  for (std::size_t bit = 0; bit < good.bytes.size() * 8; ++bit) {
    Payload bad = good;
    bad.bytes[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    EXPECT_FALSE(holds_pattern({7, NodeId{3}, 11}, bad.bytes)) << bit;
  }
}

TEST(Pattern, SeesBytesOfAnotherPlaceNumberNodeOrSeed) {
  const Payload good = block({7, NodeId{3}, 11}, 64);
  Payload moved;
  moved.bytes.assign(good.bytes.begin() + 8, good.bytes.end());
  EXPECT_FALSE(holds_pattern({7, NodeId{3}, 11}, moved.bytes));
  EXPECT_FALSE(holds_pattern({7, NodeId{3}, 12}, good.bytes));
  EXPECT_FALSE(holds_pattern({7, NodeId{4}, 11}, good.bytes));
  EXPECT_FALSE(holds_pattern({8, NodeId{3}, 11}, good.bytes));
}

TEST(Pattern, FollowsWhatIsThere) {
  Payload two = block({7, NodeId{0}, 0}, 5);
  append_pattern({7, NodeId{1}, 0}, 6, two);
  EXPECT_TRUE(holds_pattern({7, NodeId{1}, 0}, std::span(two.bytes).subspan(5)));
}

}  // namespace
}  // namespace soliton
