// When rules are in force.
#include "fabric/faults/fault_times.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

namespace soliton {
namespace {

Instant at_us(std::int64_t us) { return kRunStart + microseconds(us); }

FaultTimes times_of(const FaultSchedule& schedule) {
  return FaultTimes(schedule, Random(7, "fault/a"));
}

std::vector<FaultWindow> windows_of(const FaultSchedule& schedule, Instant until) {
  FaultTimes times = times_of(schedule);
  std::vector<FaultWindow> out;
  for (std::uint64_t i = 0;; ++i) {
    const auto window = times.window(i);
    if (!window || window->from >= until) return out;
    out.push_back(*window);
  }
}

bool holds(FaultTimes times, Instant at) {
  const std::optional<FaultWindow> last = times.last_begun(at);
  return last && last->holds(at);
}

// Whether a window begins in (after, before).
bool begins_within(FaultTimes times, Instant after, Instant before) {
  if (before <= after) return false;
  const std::optional<FaultWindow> last = times.last_begun(before - Duration{1});
  return last && last->from > after && last->from < last->until;
}

TEST(FaultTimes, OfOneWindow) {
  FaultTimes times = times_of({.from = at_us(1), .until = at_us(2)});
  EXPECT_EQ(times.window(0), (FaultWindow{at_us(1), at_us(2)}));
  EXPECT_FALSE(times.window(1));
  EXPECT_FALSE(holds(times, at_us(1) - picoseconds(1)));
  EXPECT_TRUE(holds(times, at_us(1)));
  EXPECT_TRUE(holds(times, at_us(2) - picoseconds(1)));
  EXPECT_FALSE(holds(times, at_us(2)));
}

TEST(FaultTimes, ThatRepeat) {
  const FaultSchedule flap{
      .from = at_us(10), .until = at_us(35), .every = microseconds(10), .length = microseconds(3)};
  const std::vector<FaultWindow> expected{
      {at_us(10), at_us(13)}, {at_us(20), at_us(23)}, {at_us(30), at_us(33)}};
  EXPECT_EQ(windows_of(flap, kNever), expected);
  FaultSchedule twice = flap;
  twice.limit = 2;
  EXPECT_EQ(windows_of(twice, kNever).size(), 2u);
  EXPECT_FALSE(holds(times_of(twice), at_us(31)));
  FaultSchedule cut = flap;
  cut.until = at_us(31);
  EXPECT_EQ(windows_of(cut, kNever).back(), (FaultWindow{at_us(30), at_us(31)}));
}

TEST(FaultTimes, WithJitterBeginLaterAndInOrder) {
  const FaultSchedule flap{.every = microseconds(10),
                           .jitter = microseconds(7),
                           .length = microseconds(3),
                           .limit = 1'000};
  const std::vector<FaultWindow> windows = windows_of(flap, kNever);
  ASSERT_EQ(windows.size(), 1'000u);
  Duration sum{};
  for (std::size_t i = 0; i < windows.size(); ++i) {
    const Duration late = windows[i].from - (kRunStart + microseconds(10) * static_cast<int>(i));
    EXPECT_TRUE(late >= Duration{} && late < microseconds(7));
    if (i > 0) {
      EXPECT_GE(windows[i].from, windows[i - 1].until);
    }
    sum += late;
  }
  EXPECT_NEAR(static_cast<double>(sum.count()) / 1e9, 3.5, 0.25);
}

// Their distances are exponential: mean and standard deviation are equal, and 1 - 1/e are below the mean.
TEST(FaultTimes, OfAPoissonProcess) {
  const FaultSchedule poisson{
      .poisson = microseconds(10), .length = nanoseconds(1), .limit = 20'000};
  const std::vector<FaultWindow> windows = windows_of(poisson, kNever);
  ASSERT_EQ(windows.size(), 20'000u);
  double sum = 0, squares = 0;
  int short_ones = 0;
  for (std::size_t i = 1; i < windows.size(); ++i) {
    const double gap = static_cast<double>((windows[i].from - windows[i - 1].from).count()) / 1e6;
    sum += gap, squares += gap * gap, short_ones += gap < 10 ? 1 : 0;
  }
  const double n = 19'999, mean = sum / n;
  EXPECT_NEAR(mean, 10, 0.3);
  EXPECT_NEAR(std::sqrt(squares / n - mean * mean), 10, 0.5);
  EXPECT_NEAR(short_ones / n, 1 - std::exp(-1.0), 0.02);
}

TEST(FaultTimes, OfATriggerAreNotKnownBeforehand) {
  const FaultSchedule on{.length = microseconds(2), .trigger = FaultTrigger::kPacket, .count = 3};
  EXPECT_FALSE(times_of(on).window(0));
  EXPECT_EQ(on.from_trigger(at_us(5)), (FaultWindow{at_us(5), at_us(7)}));
}

// Asked at any instants in any order they say what the list of windows says.
RC_GTEST_PROP(FaultTimes, AnswerAsTheirWindowsDo, ()) {
  FaultSchedule schedule;
  schedule.from = kRunStart + nanoseconds(*rc::gen::inRange(0, 2'000));
  if (*rc::gen::arbitrary<bool>()) {
    schedule.every = nanoseconds(*rc::gen::inRange(10, 500));
    schedule.length =
        nanoseconds(*rc::gen::inRange<std::int64_t>(1, schedule.every.count() / 2'000 + 2));
    schedule.jitter = (schedule.every - schedule.length) / 2;
  } else {
    schedule.poisson = nanoseconds(*rc::gen::inRange(10, 500));
    schedule.length = nanoseconds(*rc::gen::inRange(1, 800));
  }
  if (*rc::gen::arbitrary<bool>()) schedule.until = schedule.from + nanoseconds(3'000);
  if (*rc::gen::arbitrary<bool>()) schedule.limit = *rc::gen::inRange<std::uint64_t>(1, 20);
  const std::vector<FaultWindow> windows = windows_of(schedule, kRunStart + nanoseconds(10'000));
  FaultTimes times = times_of(schedule);
  for (int i = 0; i < 50; ++i) {
    const Instant at = kRunStart + picoseconds(*rc::gen::inRange<std::int64_t>(0, 6'000'000));
    const Instant end = at + picoseconds(*rc::gen::inRange<std::int64_t>(0, 300'000));
    const auto its_holds = [&](const FaultWindow& w) { return w.holds(at); };
    const auto its_begins = [&](const FaultWindow& w) {
      return at < w.from && w.from < end && w.from < w.until;
    };
    RC_ASSERT(holds(times, at) == std::ranges::any_of(windows, its_holds));
    RC_ASSERT(begins_within(times, at, end) == std::ranges::any_of(windows, its_begins));
  }
}

TEST(FaultTimes, InWords) {
  EXPECT_EQ(spell(FaultSchedule{}), "throughout the run");
  EXPECT_EQ(spell(FaultSchedule{.from = at_us(2), .until = at_us(22)}), "from 2 us to 22 us");
  EXPECT_EQ(spell(FaultSchedule{.from = at_us(2)}), "from 2 us on");
  EXPECT_EQ(spell(FaultSchedule{.from = at_us(1),
                                .every = microseconds(500),
                                .jitter = microseconds(5),
                                .length = microseconds(20),
                                .limit = 3}),
            "every 500 us for 20 us, up to 5 us later, 3 times at most, from 1 us on");
}

}  // namespace
}  // namespace soliton
