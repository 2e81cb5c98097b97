#include "cluster/report/chart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <regex>

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::Not;

std::vector<std::pair<double, double>> curve_points(const std::string& svg) {
  std::smatch path;
  EXPECT_TRUE(std::regex_search(svg, path, std::regex("d=\"(M[^\"]+L[^\"]*)\"")));
  std::vector<std::pair<double, double>> out;
  const std::string text = path[1];
  const std::regex pair("[ML]([-0-9.]+) ([-0-9.]+)");
  for (std::sregex_iterator it(text.begin(), text.end(), pair), end; it != end; ++it)
    out.emplace_back(std::stod((*it)[1]), std::stod((*it)[2]));
  return out;
}

TEST(RoundTicks, CoverTheHighestValueWithRoundSteps) {
  EXPECT_EQ(round_ticks(10, 5), (std::vector<double>{0, 2, 4, 6, 8, 10}));
  EXPECT_EQ(round_ticks(1, 5).back(), 1);
  EXPECT_GE(round_ticks(7.3, 5).back(), 7.3);
  EXPECT_EQ(round_ticks(0, 5), (std::vector<double>{0, 1}));
  EXPECT_EQ(round_ticks(std::nan(""), 5), (std::vector<double>{0, 1}));
}

TEST(LineChart, DoublingsAreEvenlySpacedAndLargerIsHigher) {
  LineChart chart{"latency", "nodes", "us",
                  true,      false,   {{"a", {{1, 80}, {2, 40}, {4, 20}, {8, 10}}}}};
  const auto points = curve_points(line_chart(chart));
  ASSERT_EQ(points.size(), 4u);
  for (std::size_t i = 2; i < 4; ++i)
    EXPECT_NEAR(points[i].first - points[i - 1].first, points[1].first - points[0].first, 0.2);
  EXPECT_LT(points[0].second, points[1].second);
}

TEST(LineChart, OnALogarithmicAxisHalvingsAreEvenlySpaced) {
  LineChart chart{"latency", "nodes", "us",
                  true,      true,    {{"a", {{1, 80}, {2, 40}, {4, 20}, {8, 0}}}}};
  const auto points = curve_points(line_chart(chart));
  ASSERT_EQ(points.size(), 3u);
  EXPECT_NEAR(points[2].second - points[1].second, points[1].second - points[0].second, 0.2);
}

TEST(LineChart, EverythingLiesInsideThePicture) {
  LineChart chart{"t", "x", "y", false, false, {{"a", {{0, 1e-9}, {1e6, 1e9}}}, {"b", {{5, 3}}}}};
  for (const auto& [x, y] : curve_points(line_chart(chart))) {
    EXPECT_TRUE(x >= 0 && x <= 560) << x;
    EXPECT_TRUE(y >= 0 && y <= 320) << y;
  }
}

TEST(LineChart, InStepsEachValueHoldsUntilTheNext) {
  const std::string svg = line_chart({.title = "t",
                                      .x_label = "x",
                                      .y_label = "y",
                                      .series = {{"a", {{0, 10}, {50, 0}, {100, 5}}}},
                                      .steps = true});
  EXPECT_TRUE(
      std::regex_search(svg, std::regex("d=\"M[0-9.]+ 14\\.0H[0-9.]+V276\\.0H[0-9.]+V145\\.0\"")))
      << svg;
  EXPECT_THAT(svg, Not(HasSubstr("<circle")));
  EXPECT_THAT(svg, HasSubstr(">80</text>")) << "round values below the axis";
}

TEST(LineChart, LeavesOutWhatIsNoNumberAndEscapesNames) {
  LineChart chart{"<t>", "x",   "y",
                  false, false, {{"<script>", {{1, std::nan("")}, {2, 3}, {3, HUGE_VAL}}}}};
  const std::string svg = line_chart(chart);
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
  EXPECT_THAT(svg, Not(HasSubstr("inf")));
  EXPECT_THAT(svg, Not(HasSubstr("<script>")));
  EXPECT_THAT(svg, HasSubstr("&lt;script&gt;"));
}

TEST(LineChart, WithoutPointsIsNothing) {
  EXPECT_EQ(line_chart({"t", "x", "y", true, true, {{"a", {{1, 0}}}}}), "");
}

TEST(DistributionChart, CountsEveryRequestOnce) {
  std::vector<Duration> sorted;
  for (int i = 0; i < 1000; ++i) sorted.push_back(nanoseconds(10'000 + i * i));
  const std::string svg = distribution_chart("t", sorted);
  const std::regex count("<title>([0-9]+) requests");
  std::int64_t sum = 0;
  for (std::sregex_iterator it(svg.begin(), svg.end(), count), end; it != end; ++it)
    sum += std::stoll((*it)[1]);
  EXPECT_EQ(sum, 1000);
}

TEST(DistributionChart, OfEqualLatenciesIsOneBar) {
  const std::string svg = distribution_chart("t", std::vector<Duration>(7, microseconds(5)));
  EXPECT_THAT(svg, HasSubstr("<title>7 requests"));
  EXPECT_THAT(svg, Not(HasSubstr("nan")));
}

TEST(ShareBar, WidthsAreTheShares) {
  const std::string svg =
      share_bar({{"compute", "6 us", 0.6}, {"queue", "0 us", 0}, {"network", "4 us", 0.4}});
  EXPECT_THAT(svg, HasSubstr("x=\"0.0\" y=\"0\" width=\"600.0\""));
  EXPECT_THAT(svg, HasSubstr("x=\"600.0\" y=\"0\" width=\"400.0\""));
  EXPECT_THAT(svg, Not(HasSubstr("queue")));
}

}  // namespace
}  // namespace soliton
