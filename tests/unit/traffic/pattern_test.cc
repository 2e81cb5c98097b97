#include "node/traffic/pattern.h"

#include <gtest/gtest.h>

#include <cstring>

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

// A reduction adds word by word; what is left of a word at the end is the low bytes of its sum.
TEST(Pattern, ASumOfVectorsIsTheVectorOfTheSum) {
  for (const std::uint64_t bytes : {1U, 7U, 8U, 9U, 64U, 77U}) {
    Payload sum;
    Pattern closed = Pattern::of({9, NodeId{0}, 4});
    closed.append_to(sum, bytes);
    std::vector<std::uint64_t> words((bytes + 7) / 8);
    for (std::uint32_t node = 0; node < 5; ++node) {
      Payload one;
      append_pattern({9, NodeId{node}, 4}, words.size() * 8, one);
      for (std::size_t i = 0; i < words.size(); ++i) {
        std::uint64_t word;
        std::memcpy(&word, one.bytes.data() + 8 * i, 8);
        words[i] += word;
      }
      if (node == 0) continue;
      one.bytes.resize(bytes);
      add_words(one.bytes, sum.bytes);
      closed = closed + Pattern::of({9, NodeId{node}, 4});
    }
    EXPECT_TRUE(closed.is_at(sum.bytes)) << bytes;
    EXPECT_EQ(std::memcmp(words.data(), sum.bytes.data(), bytes), 0) << bytes;
    sum.bytes.back() ^= std::byte{64};
    EXPECT_FALSE(closed.is_at(sum.bytes)) << bytes;
  }
}

TEST(Pattern, APartIsTheVectorFromItsFirstWord) {
  const Pattern whole = Pattern::of({1, NodeId{3}, 7});
  Payload all, part;
  whole.append_to(all, 100);
  whole.from(5).append_to(part, 60);
  EXPECT_EQ(part, all.slice(40, 60));
  whole.from(5).add_to(part.bytes);
  EXPECT_TRUE((whole.from(5) + whole.from(5)).is_at(part.bytes));
}

}  // namespace
}  // namespace soliton
