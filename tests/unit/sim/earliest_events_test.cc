#include "fabric/sim/earliest_events.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

TraceEvent event(std::int64_t at, std::int64_t a) {
  TraceEvent out;
  out.at = kRunStart + Duration{at};
  out.a = a;
  return out;
}

std::vector<std::pair<std::int64_t, std::int64_t>> places(const std::vector<TraceEvent>& events) {
  std::vector<std::pair<std::int64_t, std::int64_t>> out;
  for (const TraceEvent& it : events) out.emplace_back((it.at - kRunStart).count(), it.a);
  return out;
}

// Whatever the order, and however many objects record: the earliest of all, sorted.
TEST(EarliestEvents, AreKeptWhateverTheOrder) {
  const Random random(3, "events");
  std::vector<TraceEvent> all;
  for (std::uint64_t i = 0; i < 500; ++i)
    all.push_back(
        event(static_cast<std::int64_t>(random.below(i, 90)), static_cast<std::int64_t>(i)));
  std::vector<std::pair<std::int64_t, std::int64_t>> expected = places(all);
  std::sort(expected.begin(), expected.end());
  expected.resize(40);
  for (std::uint64_t order = 0; order < 20; ++order) {
    std::sort(all.begin(), all.end(), [&](const TraceEvent& a, const TraceEvent& b) {
      const auto place = [&](const TraceEvent& it) {
        return random.child(order).bits(static_cast<std::uint64_t>(it.a));
      };
      return place(a) < place(b);
    });
    EarliestEvents one(40), parts[3] = {EarliestEvents(40), EarliestEvents(40), EarliestEvents(40)};
    for (const TraceEvent& it : all) {
      one.record(it);
      parts[static_cast<std::size_t>(it.a) % 3].record(it);
    }
    EXPECT_EQ(places(one.take()), expected);
    parts[0].merge(parts[1]);
    parts[0].merge(parts[2]);
    EXPECT_EQ(places(parts[0].take()), expected);
  }
}

TEST(EarliestEvents, ALimitOfZeroSwitchesThemOff) {
  EarliestEvents none;
  none.record(event(1, 1));
  EXPECT_TRUE(none.take().empty());
}

}  // namespace
}  // namespace soliton
