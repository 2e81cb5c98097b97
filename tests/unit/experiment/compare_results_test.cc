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

using testing::AllOf;
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
    return comparison_text(compare_sides(one, other).value());
  }

  // The folder of a sweep of these x.
  std::string sweep(const std::string& folder, std::int64_t latency_us,
                    const std::vector<std::int64_t>& xs = {1, 2}) {
    Sweep s;
    s.name = "s";
    s.series = {{sample::series("rows", Scaling::kNone, xs), {}}};
    for (const std::int64_t x : xs)
      s.series[0].points.push_back(
          {x, false, parse_point(results_json(sample::run(latency_us * x))).value(), ""});
    std::filesystem::create_directories(scratch_ / folder);
    EXPECT_TRUE(write_file(scratch_ / folder + "/sweep.json", sweep_json(s)));
    return scratch_ / folder;
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
  const MeasuredSide one = measured_in(sweep("a", 100)).value();
  const MeasuredSide other = measured_in(sweep("b", 50)).value();
  const ComparedSides found = compare_sides(one, other).value();
  ASSERT_EQ(found.points.size(), 2u);
  EXPECT_EQ(found.points[1].name, "title of rows nodes 2");
  const auto json = nlohmann::json::parse(comparison_json(found));
  const auto& mean = json["points"][1]["numbers"]["latency_us.mean"];
  EXPECT_EQ(mean["a"]["mean"], 200);
  EXPECT_EQ(mean["difference"], -100);
  EXPECT_EQ(mean["relative"], -0.5);
  EXPECT_TRUE(mean["beyond_noise"].is_null());
}

TEST_F(Compare, PointsThatOneSideLacksAreCounted) {
  EXPECT_THAT(text(sweep("a", 100, {1, 2, 3}), sweep("b", 50, {2, 3, 4, 5})),
              AllOf(HasSubstr("1 point is in A alone."), HasSubstr("2 points are in B alone.")));
}

TEST_F(Compare, EveryFigureThatDiffersIsListed) {
  const std::string out = text(run("a", 100), run("b", 120));
  EXPECT_THAT(out, HasSubstr("also different"));
  EXPECT_THAT(out, HasSubstr("latency_us.min "));
  EXPECT_THAT(out, Not(HasSubstr("partition.nodes_used"))) << "it is the same";
}

TEST_F(Compare, DifferencesAreAsExactAsTheFiles) {
  const auto spread = [](double value) { return Spread{.count = 1, .mean = value}; };
  const auto of = [&](double a, double b) {
    return ComparedNumber{"x", spread(a), spread(b), {}}.difference();
  };
  EXPECT_EQ(of(0.1, 0.3), 0.2);
  EXPECT_EQ(of(57.694121, 57.694122), 0.000001);
  EXPECT_EQ(of(1'000'000.25, 1'000'000.5), 0.25);
  EXPECT_EQ(of(0.023725428708, 0.025663070262), 0.001937641554);
  EXPECT_EQ(of(47'035'232, 47'248'960), 213'728);
  EXPECT_EQ(of(0, 1e-9), 1e-9);
  EXPECT_EQ(of(3, 3), 0);
  EXPECT_FALSE((ComparedNumber{"x", spread(0), spread(1), {}}.relative()));
}

TEST_F(Compare, TextsThatDifferAreShown) {
  const std::string a = run("a", 100), b = run("b", 100);
  RunResults other = sample::run(100);
  other.fidelity = "message";
  EXPECT_TRUE(write_file(b + "/results.json", results_json(other)));
  EXPECT_THAT(text(a, b), HasSubstr("fidelity"));
  const MeasuredSide one = measured_in(a).value(), two = measured_in(b).value();
  const auto json = nlohmann::json::parse(comparison_json(compare_sides(one, two).value()));
  EXPECT_EQ(json["points"][0]["texts"]["fidelity"]["b"], "message");
}

TEST_F(Compare, AnIncompleteRunIsSaidToBe) {
  const std::string b = run("b", 100);
  RunResults other = sample::run(100);
  other.complete = false;
  EXPECT_TRUE(write_file(b + "/results.json", results_json(other)));
  EXPECT_THAT(text(run("a", 100), b), HasSubstr("B is not complete."));
}

TEST_F(Compare, WhatHoldsNoResultsIsRefused) {
  EXPECT_THAT(measured_in(scratch_ / "none").error().message, HasSubstr("no run or sweep in"));
  std::filesystem::create_directories(scratch_ / "empty");
  EXPECT_THAT(measured_in(scratch_ / "empty").error().message, HasSubstr("holds no results"));
  EXPECT_TRUE(write_file(scratch_ / "empty/results.json", "{}"));
  EXPECT_THAT(measured_in(scratch_ / "empty").error().message, HasSubstr("is not that of a run"));
  EXPECT_TRUE(write_file(scratch_ / "empty/results.json", "{\"soliton\": "));
  EXPECT_THAT(measured_in(scratch_ / "empty").error().message, HasSubstr("is damaged"));
  EXPECT_TRUE(write_file(scratch_ / "empty/results.json", R"({"soliton": "9.8.7"})"));
  EXPECT_THAT(measured_in(scratch_ / "empty").error().message,
              HasSubstr("was written by soliton 9.8.7, and this is soliton"));
}

TEST_F(Compare, SweepsThatAreDamagedAreRefused) {
  const std::string path = sweep("a", 100);
  const auto refused = [&](const std::string& text) {
    EXPECT_TRUE(write_file(path + "/sweep.json", text));
    return measured_in(path).error().message;
  };
  EXPECT_THAT(refused("["), HasSubstr("is damaged"));
  EXPECT_THAT(refused("[]"), HasSubstr("is not that of a sweep"));
  EXPECT_THAT(refused(R"({"soliton": "9.8.7", "series": []})"), HasSubstr("soliton 9.8.7"));
  EXPECT_THAT(refused(R"({"soliton": ")" + RunResults{}.version + R"(", "series": [1, {}]})"),
              HasSubstr("has no point that is done"));
}

TEST_F(Compare, ARunAndASweepAreTwoKinds) {
  const MeasuredSide one = measured_in(run("a", 100)).value();
  const MeasuredSide other = measured_in(sweep("b", 50)).value();
  const Result<ComparedSides> found = compare_sides(one, other);
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::kInvalid);
  EXPECT_THAT(found.error().message, HasSubstr("compare takes two of a kind"));
}

}  // namespace
}  // namespace soliton
