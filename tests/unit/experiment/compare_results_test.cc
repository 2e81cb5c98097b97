#include "cluster/experiment/compare_results.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "cluster/results/write_file.h"
#include "tests/unit/experiment/samples.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

using testing::HasSubstr;
using testing::Not;

class Compare : public testing::Test {
 protected:
  // A folder of a run with this latency.
  std::string run(const std::string& folder, std::int64_t latency_us) {
    const std::string path = scratch_ / folder;
    std::filesystem::create_directories(path);
    EXPECT_TRUE(write_file(path + "/results.json", results_json(sample::run(latency_us))));
    return path;
  }
  std::string text(const std::string& a, const std::string& b) {
    const MeasuredSide one = measured_in(a).value(), other = measured_in(b).value();
    return comparison_text(one, other, compare_sides(one, other));
  }

  ScratchFolder scratch_;
};

TEST_F(Compare, TwoRunsAreTheirExactDifferences) {
  const std::string out = text(run("a", 100), run("b", 120));
  EXPECT_THAT(out, HasSubstr("latency_us.mean"));
  EXPECT_THAT(out, HasSubstr("latency_us.p99_9"));
  EXPECT_THAT(out, HasSubstr("+20.0 %"));
  EXPECT_THAT(out, HasSubstr("from 3 seeds on each side on"));
  EXPECT_THAT(out, Not(HasSubstr("noise  ")));
  EXPECT_THAT(text(run("a", 100), run("b", 100)), HasSubstr("same"));
}

TEST_F(Compare, ThreeRunsASideTellNoiseFromADifference) {
  for (const int seed : {1, 2, 3}) {
    run("a/" + std::to_string(seed), 100 + seed);
    run("b/" + std::to_string(seed), 120 + seed);
    run("c/" + std::to_string(seed), 101 + seed);
  }
  EXPECT_THAT(text(scratch_ / "a", scratch_ / "b"), HasSubstr("beyond noise"));
  const std::string near = text(scratch_ / "a", scratch_ / "c");
  EXPECT_THAT(near, HasSubstr("within noise"));
  EXPECT_THAT(near, HasSubstr("102.00 ± 1.0"));
  EXPECT_THAT(near, Not(HasSubstr("beyond noise")));
}

TEST_F(Compare, PointsOfSweepsAreComparedByName) {
  const auto sweep = [&](const std::string& folder, std::int64_t latency_us) {
    Sweep s;
    s.name = "s";
    s.series = {{sample::series("rows", Scaling::kNone, {1, 2}), {}}};
    for (const std::int64_t x : {1, 2})
      s.series[0].points.push_back(
          {x, false, parse_point(results_json(sample::run(latency_us * x))).value(), ""});
    std::filesystem::create_directories(scratch_ / folder);
    EXPECT_TRUE(write_file(scratch_ / folder + "/sweep.json", sweep_json(s)));
    return scratch_ / folder;
  };
  const MeasuredSide one = measured_in(sweep("a", 100)).value();
  const MeasuredSide other = measured_in(sweep("b", 50)).value();
  const std::vector<ComparedPoint> points = compare_sides(one, other);
  ASSERT_EQ(points.size(), 2u);
  EXPECT_EQ(points[1].name, "title of rows nodes 2");
  const auto json = nlohmann::json::parse(comparison_json(one, other, points));
  const auto& mean = json["points"][1]["numbers"]["latency_us.mean"];
  EXPECT_EQ(mean["a"]["mean"], 200);
  EXPECT_EQ(mean["difference"], -100);
  EXPECT_EQ(mean["relative"], -0.5);
  EXPECT_TRUE(mean["beyond_noise"].is_null());
}

TEST_F(Compare, WhatHoldsNoResultsIsRefused) {
  EXPECT_FALSE(measured_in(scratch_ / "none"));
  std::filesystem::create_directories(scratch_ / "empty");
  EXPECT_THAT(measured_in(scratch_ / "empty").error().message, HasSubstr("holds no results"));
  EXPECT_TRUE(write_file(scratch_ / "empty/results.json", "{}"));
  EXPECT_THAT(measured_in(scratch_ / "empty").error().message, HasSubstr("is not a results.json"));
}

}  // namespace
}  // namespace soliton
