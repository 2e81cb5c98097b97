#include "cluster/cli/progress.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace soliton {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

RunProgress third_done() {
  RunProgress progress;
  progress.state = "running";
  progress.wall_seconds = 4;
  progress.now = kRunStart + microseconds(12'300);
  progress.completed = 400;
  progress.asked = 1200;
  return progress;
}

std::size_t columns_of(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xc0) != 0x80; }));
}

TEST(ProgressBar, SaysHowFarHowFastAndHowLong) {
  const std::string line = progress_bar(third_done(), 100, 80);
  EXPECT_THAT(line, HasSubstr("400/1,200 · 12.3 ms · 100/s · 8.0 s left"));
  EXPECT_THAT(line, HasSubstr("████████░░░░░░░░░░░░░░░░"));
}

TEST(ProgressBar, FitsEveryWidthWithoutWrapping) {
  for (std::size_t columns = 2; columns <= 200; ++columns)
    EXPECT_LE(columns_of(progress_bar(third_done(), 100, columns)),
              std::max<std::size_t>(columns - 1, 4))
        << columns;
}

TEST(ProgressBar, At40ColumnsTheBarStaysAndWordsGo) {
  const std::string line = progress_bar(third_done(), 100, 40);
  EXPECT_THAT(line, HasSubstr("█"));
  EXPECT_THAT(line, HasSubstr("left"));
  EXPECT_THAT(line, Not(HasSubstr("12.3 ms")));
}

TEST(ProgressBar, WithoutARateNothingIsForetold) {
  EXPECT_THAT(progress_bar(third_done(), 0, 80), Not(HasSubstr("left")));
  EXPECT_EQ(progress_words(third_done(), 0), "400 of 1,200 requests, 12.3 ms");
}

TEST(ProgressBar, LongRunsAreTimedInMinutesAndHours) {
  RunProgress progress = third_done();
  progress.asked = 1'000'400;
  EXPECT_THAT(progress_words(progress, 1000), HasSubstr("17 min left"));
  EXPECT_THAT(progress_words(progress, 100), HasSubstr("3 h left"));
}

TEST(Rate, IsOfTheLastSeconds) {
  Rate rate;
  rate.add(0.5, 50);
  EXPECT_DOUBLE_EQ(rate.per_second(), 100);
  rate.add(1, 1000);  // too soon after
  EXPECT_DOUBLE_EQ(rate.per_second(), 100);
  rate.add(3, 1050);
  EXPECT_DOUBLE_EQ(rate.per_second(), 400);
}

}  // namespace
}  // namespace soliton
