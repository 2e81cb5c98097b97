#include "cluster/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace soliton {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

Instant at(std::int64_t us) { return kRunStart + microseconds(us); }

RunProgress third_done() {
  RunProgress progress;
  progress.state = "running";
  progress.wall_seconds = 4;
  progress.completed = 400;
  progress.asked = 1200;
  progress.pulse.now = kRunStart + microseconds(12'300);
  return progress;
}

// With so many answers a second; of packets and the run's own time nothing is known.
RunProgress at_rate(RunProgress progress, std::uint64_t per_second) {
  progress.rates.add({1, per_second, 0, kRunStart});
  return progress;
}

std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

TEST(ProgressBar, SaysHowFarHowFastAndHowLong) {
  const std::string line = progress_bar(at_rate(third_done(), 100), 80);
  EXPECT_THAT(line, HasSubstr("400/1,200 · 12.3 ms · 100/s · 8.0 s left"));
  EXPECT_THAT(line, HasSubstr("████████░░░░░░░░░░░░░░░░"));
}

TEST(ProgressBar, FitsEveryWidthWithoutWrapping) {
  for (std::size_t columns = 2; columns <= 200; ++columns)
    EXPECT_LE(columns_of(progress_bar(at_rate(third_done(), 100), columns)),
              std::max<std::size_t>(columns - 1, 4))
        << columns;
}

TEST(ProgressBar, At40ColumnsTheBarStaysAndWordsGo) {
  const std::string line = progress_bar(at_rate(third_done(), 100), 40);
  EXPECT_THAT(line, HasSubstr("█"));
  EXPECT_THAT(line, HasSubstr("left"));
  EXPECT_THAT(line, Not(HasSubstr("12.3 ms")));
}

TEST(ProgressBar, WithoutARateNothingIsForetold) {
  EXPECT_THAT(progress_bar(third_done(), 80), Not(HasSubstr("left")));
  EXPECT_EQ(progress_words(third_done()), "400 of 1,200 requests, 12.3 ms");
}

TEST(ProgressBar, LongRunsAreTimedInMinutesAndHours) {
  RunProgress progress = third_done();
  progress.asked = 1'000'400;
  EXPECT_THAT(progress_words(at_rate(progress, 1000)), HasSubstr("17 min left"));
  EXPECT_THAT(progress_words(at_rate(progress, 100)), HasSubstr("3 h left"));
}

TEST(ProgressBar, SaysPacketsAndHowMuchSlowerTheRunIs) {
  RunProgress progress = third_done();
  progress.pulse.events = 1;
  progress.rates.add({1, 100, 210'000, kRunStart + milliseconds(5)});
  EXPECT_EQ(progress_words(progress),
            "400 of 1,200 requests, 12.3 ms, 100/s, 210,000 packets/s, 200 × slower, 8.0 s left");
  EXPECT_THAT(progress_bar(progress, 120), HasSubstr("· 200 × slower · 8.0 s left"));
  EXPECT_THAT(progress_bar(progress, 80), Not(HasSubstr("slower"))) << "words go before the bar";
  progress.rates = {};
  progress.rates.add({1, 100, 0, kRunStart + milliseconds(7'000)});
  EXPECT_THAT(progress_words(progress), HasSubstr("7.0 × faster"));
  progress.pulse.events = 0;
  EXPECT_THAT(progress_words(progress), Not(HasSubstr("faster"))) << "in wall time";
}

TEST(RunRates, AreOfTheLastSeconds) {
  RunRates rates;
  rates.add({0.5, 50, 500, at(1)});
  EXPECT_DOUBLE_EQ(rates.completed_per_second(), 100);
  EXPECT_DOUBLE_EQ(rates.packets_per_second(), 1000);
  EXPECT_DOUBLE_EQ(rates.emulated_seconds_per_second(), 2e-6);
  rates.add({1, 1000, 1000, at(2)});  // too soon after
  EXPECT_DOUBLE_EQ(rates.completed_per_second(), 100);
  rates.add({3, 1050, 3000, at(6)});
  EXPECT_DOUBLE_EQ(rates.completed_per_second(), 400);
  EXPECT_DOUBLE_EQ(rates.packets_per_second(), 1000);
  EXPECT_DOUBLE_EQ(rates.emulated_seconds_per_second(), 2e-6);
}

TEST(RunRates, ForetellOnlyWhatCanBeKnown) {
  RunRates rates;
  EXPECT_FALSE(rates.seconds_left(0, 100));
  rates.add({1, 50, 0, at(1)});
  EXPECT_DOUBLE_EQ(rates.seconds_left(50, 100).value_or(0), 1);
  EXPECT_FALSE(rates.seconds_left(100, 100));
  rates.add({4, 50, 10, at(2)});  // packets, but no answers
  EXPECT_FALSE(rates.seconds_left(50, 100));
}

}  // namespace
}  // namespace soliton
