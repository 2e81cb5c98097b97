#include "cluster/chaos/shrink.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <numeric>

namespace soliton {
namespace {

std::vector<int> numbers(int count) {
  std::vector<int> out(static_cast<std::size_t>(count));
  std::iota(out.begin(), out.end(), 0);
  return out;
}

TEST(Shrink, FindsTheItemsThatMatter) {
  const auto fails = [](const std::vector<int>& some) {
    return std::ranges::find(some, 13) != some.end() && std::ranges::find(some, 77) != some.end();
  };
  EXPECT_THAT(shrunk<int>(numbers(100), fails, 10'000), testing::ElementsAre(13, 77));
  EXPECT_THAT(shrunk<int>({13, 77}, fails, 10'000), testing::ElementsAre(13, 77));
}

TEST(Shrink, LeavesNoItemThatCouldGo) {
  const auto fails = [](const std::vector<int>& some) {
    return std::accumulate(some.begin(), some.end(), 0) >= 100;
  };
  const std::vector<int> few = shrunk<int>(numbers(40), fails, 10'000);
  ASSERT_TRUE(fails(few));
  for (std::size_t i = 0; i < few.size(); ++i) {
    std::vector<int> less = few;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(fails(less));
  }
}

TEST(Shrink, AsksNoMoreOftenThanItMay) {
  int asked = 0;
  shrunk<int>(
      numbers(1'000), [&](const std::vector<int>&) { return ++asked, false; }, 25);
  EXPECT_EQ(asked, 25);
}

}  // namespace
}  // namespace soliton
