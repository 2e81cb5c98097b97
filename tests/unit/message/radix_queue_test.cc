#include "fabric/message/radix_queue.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

using What = MessageEvent::What;

Instant at(std::int64_t ps) { return kRunStart + picoseconds(ps); }

TEST(RadixQueue, GivesBackWhatItWasGiven) {
  RadixQueue queue;
  EXPECT_TRUE(queue.empty());
  queue.push(at(5), What::kWake, UINT32_MAX);
  const MessageEvent event = queue.pop();
  EXPECT_EQ(event.at, at(5));
  EXPECT_EQ(event.what(), What::kWake);
  EXPECT_EQ(event.index(), UINT32_MAX);
  EXPECT_TRUE(queue.empty());
  EXPECT_EQ(queue.now(), at(5));
}

TEST(RadixQueue, ReachesFromTheStartToTheEndOfTime) {
  RadixQueue queue;
  queue.push(kRunEnd, What::kWake, 1);
  queue.push(kRunStart, What::kWake, 0);
  EXPECT_EQ(queue.pop().at, kRunStart);
  EXPECT_EQ(queue.pop().at, kRunEnd);
}

TEST(RadixQueueDeathTest, DoesNotGoBackInTime) {
  RadixQueue queue;
  queue.push(at(7), What::kWake, 0);
  queue.pop();
  EXPECT_DEATH(queue.push(at(6), What::kWake, 0), "event|at >= now_");
}

// Against a list that is sorted by instant and keeps the order of equal ones.
TEST(RadixQueue, IsInOrderOfTimeAndOfEqualInstantsFirstInFirstOut) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Random chance(seed, "radix queue");
    // Short spans have many ties, long ones use the upper buckets.
    const std::uint64_t span = std::uint64_t{1} << chance.below(0, 45);
    RadixQueue queue;
    std::vector<MessageEvent> expected;
    Instant now = kRunStart;
    std::uint32_t number = 0;
    for (std::uint64_t step = 1; step < 600; ++step) {
      if (expected.empty() || chance.below(3 * step, 5) < 3) {
        const Instant when =
            now + picoseconds(static_cast<std::int64_t>(chance.below(3 * step + 1, span)));
        queue.push(when, What::kCross, number);
        const auto place = std::ranges::upper_bound(expected, when, {}, &MessageEvent::at);
        expected.insert(place, {when, number++});
      } else {
        ASSERT_FALSE(queue.empty());
        const MessageEvent event = queue.pop();
        ASSERT_EQ(event.at, expected.front().at) << seed;
        ASSERT_EQ(event.index(), expected.front().word) << seed;
        now = event.at;
        expected.erase(expected.begin());
      }
    }
    ASSERT_EQ(queue.empty(), expected.empty());
  }
}

}  // namespace
}  // namespace soliton
