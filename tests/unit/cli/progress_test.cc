#include "cluster/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace soliton {
namespace {

using ::testing::EndsWith;
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

RunProgress with_latencies(RunProgress progress) {
  progress.p50 = nanoseconds(31'800);
  progress.p99 = nanoseconds(33'000);
  return progress;
}

// The bar takes what the words leave of 79 columns: the last one stays free.
TEST(ProgressBar, At80ColumnsItHasTheLatenciesAndFaultsSoFar) {
  RunProgress progress = with_latencies(at_rate(third_done(), 100));
  std::string line = progress_bar(progress, 80);
  EXPECT_THAT(line, EndsWith("░ 400/1,200 · 12.3 ms · 100/s · p50 31.8 p99 33.0 us · 8.0 s left"));
  EXPECT_EQ(columns_of(line), 79u);
  progress.fault_hits = 2;
  line = progress_bar(progress, 80);
  EXPECT_THAT(line, EndsWith("░ 400/1,200 · 100/s · p50 31.8 p99 33.0 us · 2 faults · 8.0 s left"));
  EXPECT_EQ(columns_of(line), 79u);
}

TEST(ProgressBar, At40ColumnsTheLatencyOfTheTailStaysAndTheBarGoes) {
  RunProgress progress = with_latencies(at_rate(third_done(), 100));
  EXPECT_EQ(progress_bar(progress, 40), "33 % · 100/s · p99 33.0 us · 8.0 s left");
  progress.fault_hits = 2;
  EXPECT_EQ(progress_bar(progress, 40), "33 % · p99 33.0 us · 2 faults · ~8.0 s");
}

TEST(ProgressBar, WithAllThereIsItFitsEveryWidth) {
  RunProgress progress = with_latencies(at_rate(third_done(), 100));
  progress.fault_hits = 12'345;
  progress.pulse.nodes_lost = 2;
  for (std::size_t columns = 2; columns <= 200; ++columns)
    EXPECT_LE(columns_of(progress_bar(progress, columns)), std::max<std::size_t>(columns - 1, 4))
        << columns;
}

TEST(ProgressWords, HaveTheLatenciesAndFaultsSoFar) {
  RunProgress progress = with_latencies(at_rate(third_done(), 100));
  progress.fault_hits = 1;
  EXPECT_EQ(progress_words(progress),
            "400 of 1,200 requests, 12.3 ms, 100/s, p50 31.8 p99 33.0 us, 1 fault, 8.0 s left");
}

SweepProgress sweep_at(std::size_t ended) {
  return {.ended = ended, .all = 200, .failed = 1, .seconds = 4, .p50_us = 31.8, .p99_us = 33};
}

TEST(SweepBar, SaysRateTimeLeftLatenciesAndFailuresAt80And40Columns) {
  const std::string line = sweep_bar(sweep_at(40), 80);
  EXPECT_THAT(line, EndsWith("░ 40/200 · 10.0/s · p50 31.8 p99 33.0 us · 1 failed · 16 s left"));
  EXPECT_EQ(columns_of(line), 79u);
  EXPECT_EQ(sweep_bar(sweep_at(40), 40), "40/200 · 1 failed · 16 s left");
  EXPECT_EQ(sweep_bar({.ended = 0, .all = 2}, 40), "░░░░░░░░░░░░░░░░░░░░░░░░ 0/2");
}

TEST(SweepBar, FitsEveryWidth) {
  for (std::size_t columns = 8; columns <= 200; ++columns)
    EXPECT_LE(columns_of(sweep_bar(sweep_at(40), columns)), columns - 1) << columns;
}

}  // namespace
}  // namespace soliton
