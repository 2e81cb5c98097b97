#include "fabric/sim/deadlock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace soliton {
namespace {

using Circles = std::vector<std::vector<std::size_t>>;

constexpr Bytes kXon{1'000};
constexpr Bytes kMuch{1'001};

TEST(Deadlock, PortsThatWaitForEachOtherAreACircle) {
  EXPECT_EQ(find_deadlocks({2, 4, 7}, {{4, 2, kMuch}, {7, 4, kMuch}, {2, 7, kMuch}}, kXon),
            (Circles{{2, 4, 7}}));
}

TEST(Deadlock, AChainThatEndsAtAPortThatMovesIsNone) {
  // 7 waits for a port that is not stopped.
  EXPECT_EQ(find_deadlocks({2, 4, 7}, {{4, 2, kMuch}, {7, 4, kMuch}, {9, 7, kMuch}}, kXon),
            Circles{});
}

TEST(Deadlock, APortThatGoesOnOnceTheRestHasLeftOpensTheCircle) {
  EXPECT_EQ(find_deadlocks({2, 4}, {{4, 2, kMuch}, {2, 4, kXon}}, kXon), Circles{});
  EXPECT_EQ(find_deadlocks({2, 4}, {{4, 2, kMuch}, {2, 4, kXon}, {2, 4, Bytes{1}}}, kXon),
            (Circles{{2, 4}}));
}

TEST(Deadlock, WhoWaitsForACircleIsNotInIt) {
  EXPECT_EQ(find_deadlocks({1, 2, 4}, {{2, 1, kMuch}, {4, 2, kMuch}, {2, 4, kMuch}}, kXon),
            (Circles{{2, 4}}));
}

TEST(Deadlock, TwoCirclesAreTwo) {
  EXPECT_EQ(find_deadlocks({1, 2, 5, 6},
                           {{2, 1, kMuch}, {1, 2, kMuch}, {6, 5, kMuch}, {5, 6, kMuch}}, kXon),
            (Circles{{1, 2}, {5, 6}}));
}

}  // namespace
}  // namespace soliton
