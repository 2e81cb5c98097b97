// Experiments with axes: what a file says, and what comes of its product.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cluster/experiment/axis_value.h"
#include "cluster/file/yaml_file.h"
#include "cluster/results/results.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class Axes : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(write_file(folder_ / "base.yaml",
                           "name: base\n"
                           "nodes: [{name: \"fpga[0-3]\", device: bw-pocket}]\n"
                           "workload: {clients: 3}\n"
                           "faults: [{link: fpga0-tor0, loss: 1 %}]\n"));
  }
  Checked<Experiment> read(const std::string& text, ExperimentOptions options = {}) {
    const Checked<YamlFile> yaml =
        yaml_of_text("name: e\ncluster: base.yaml\n" + text, folder_ / "e.yaml");
    return yaml ? read_experiment(*yaml, options) : tl::unexpected<Diagnostics>(yaml.error());
  }
  Experiment good(const std::string& text) {
    Checked<Experiment> experiment = read(text);
    if (!experiment) throw std::runtime_error(experiment.error().text());
    return *experiment;
  }
  // All that is reported.
  std::string problems(const std::string& text, ExperimentOptions options = {}) {
    const Checked<Experiment> experiment = read(text, options);
    return experiment ? "" : experiment.error().text();
  }

  ScratchFolder folder_;
};

TEST_F(Axes, AGridIsASeriesForEachCombinationAndAPointForEachX) {
  const Experiment e = good(
      "grid:\n"
      "  model.precision: [fp32, ms-fp9]\n"
      "  \"faults[0].loss\": [0 %, 0.1 %, 1 %]\n");
  EXPECT_EQ(e.x, "model.precision");
  ASSERT_EQ(e.series.size(), 3u);
  EXPECT_EQ(e.series[1].title, "faults[0].loss 0.1 %");
  EXPECT_EQ(e.series[1].name, "0.1");
  ASSERT_EQ(e.series[1].points.size(), 2u);
  EXPECT_THAT(e.series[1].points[1].overrides,
              ElementsAre("faults[0].loss='0.1 %'", "model.precision=ms-fp9"));
  EXPECT_EQ(e.series[1].points[1].label, "ms-fp9");
}

TEST_F(Axes, XChoosesWhichKeyIsTheAxis) {
  const Experiment e = good(
      "grid: {model.precision: [fp32, ms-fp9], \"faults[0].loss\": [0 %, 1 %]}\n"
      "x: faults[0].loss\n");
  ASSERT_EQ(e.series.size(), 2u);
  EXPECT_EQ(e.series[0].title, "model.precision fp32");
  EXPECT_EQ(e.series[0].points[1].at, 0.01);
}

TEST_F(Axes, ValuesAreMapsListsAndQuantities) {
  const Experiment e = good(
      "grid:\n"
      "  topology: [rack, {kind: ring, bandwidth: 10 Gb/s}]\n"
      "  workload.think: [1 us]\n");
  EXPECT_EQ(e.series[0].points[1].label, "{kind: ring, bandwidth: 10 Gb/s}");
  EXPECT_THAT(e.series[0].points[1].overrides,
              ElementsAre("workload.think=1 us", "topology={kind: ring, bandwidth: 10 Gb/s}"));
}

TEST_F(Axes, PointsHaveLabels) {
  const Experiment e = good(
      "points:\n"
      "  - {label: tuned, set: {workload.clients: 2, topology: {kind: ring}}}\n"
      "  - {}\n");
  ASSERT_EQ(e.series.size(), 1u);
  EXPECT_EQ(e.series[0].points[0].label, "tuned");
  EXPECT_THAT(e.series[0].points[0].overrides,
              ElementsAre("workload.clients=2", "topology={kind: ring}"));
  EXPECT_EQ(e.series[0].points[1].label, "2");
}

TEST_F(Axes, SeedsAreAListOrANumberOfThem) {
  const Experiment listed = good("grid: {workload.clients: [1, 2]}\nseeds: [7, 9]\n");
  ASSERT_EQ(listed.series[0].points.size(), 4u);
  EXPECT_EQ(listed.series[0].points[1].seed, 9u);
  EXPECT_THAT(listed.series[0].points[1].overrides, ElementsAre("workload.clients=1", "seed=9"));
  EXPECT_THAT(good("grid: {workload.clients: [1]}\nseeds: 3\n").seeds, ElementsAre(1, 2, 3));
}

TEST_F(Axes, NodesIsHowManyTheFirstEntryStandsFor) {
  const Experiment e = good("grid: {nodes: [1, 8]}\nbaseline: {x: 1}\n");
  EXPECT_THAT(e.series[0].points[0].overrides, ElementsAre("nodes[0].name=fpga0"));
  EXPECT_THAT(e.series[0].points[1].overrides, ElementsAre("nodes[0].name=fpga[0-7]"));
  EXPECT_EQ(e.series[0].points[1].x, 8);
  EXPECT_EQ(e.series[0].baseline, "1");
}

TEST_F(Axes, FindBeginsWithWhatTheClusterFileHas) {
  const Experiment e =
      good("find: {max: workload.clients, subject_to: \"p99 < 2 ms\", to: 50, runs: 9}\n");
  ASSERT_TRUE(e.find);
  EXPECT_EQ(e.find->from, 3);
  EXPECT_EQ(e.find->most, 50);
  EXPECT_EQ(e.find->runs, 9);
  EXPECT_EQ(e.x, "workload.clients");
  ASSERT_EQ(e.series.size(), 1u);
  EXPECT_TRUE(e.series[0].points.empty());
  const Experiment rate = good(
      "find: {max: workload.rate, subject_to: [p99 < 2 ms, fabric.dropped <= 0], from: 1 k/s}\n");
  EXPECT_EQ(rate.find->conditions.size(), 2u);
  EXPECT_EQ(find_value(*rate.find, 2'000).overrides.front(), "workload.rate=2 k/s");
  const Experiment nodes = good("find: {min: nodes, subject_to: p99 < 2 ms}\n");
  EXPECT_EQ(find_value(*nodes.find, 2).overrides.front(), "nodes[0].name=fpga[0-1]");
}

TEST_F(Axes, UnknownKeysAreNamedAtTheirPlaceBeforeTheStart) {
  EXPECT_THAT(problems("grid:\n  model.precison: [fp32]\n"),
              HasSubstr("e.yaml:4:3: grid: unknown key \"precison\" in model; did you mean "
                        "\"precision\"?"));
  EXPECT_THAT(problems("points: [{set: {modle: 1}}]\n"), HasSubstr("did you mean \"model\"?"));
  EXPECT_THAT(problems("grid: {workload.clients: [1]}\ncolumns: [latency_us.p9]\n"),
              HasSubstr("columns: results have no \"latency_us.p9\"; did you mean"));
  EXPECT_THAT(problems("grid: {workload.clients: [1]}\nx: workload.client\n"),
              HasSubstr("did you mean \"workload.clients\"?"));
  EXPECT_THAT(problems("find: {max: workload.clint, subject_to: p99 < 1 ms}\n"),
              HasSubstr("find.max: unknown key \"clint\" in workload"));
  EXPECT_THAT(problems("find: {max: model.precision, subject_to: p99 < 1 ms}\n"),
              HasSubstr("has no numbers to search among"));
}

TEST_F(Axes, WhatDoesNotGoTogetherIsRefused) {
  EXPECT_THAT(problems(""), HasSubstr("series is missing"));
  EXPECT_THAT(problems("series: [{name: a, points: [{x: 1}]}]\ngrid: {seed: [1]}\n"),
              HasSubstr("grid: does not go with series"));
  EXPECT_THAT(problems("find: {subject_to: p99 < 1 ms}\n"), HasSubstr("needs one of max and min"));
  EXPECT_THAT(problems("find: {max: nodes}\n"), HasSubstr("subject_to is missing"));
  EXPECT_THAT(problems("grid: {workload.clients: [1, 2]}\nbaseline: {x: 3}\n"),
              HasSubstr("is no value of workload.clients"));
  EXPECT_THAT(problems("grid: {workload.clients: 5}\n"), HasSubstr("must be a list of values"));
  EXPECT_THAT(problems("grid: {nodes: [0]}\n"), HasSubstr("cannot stand for 0"));
  EXPECT_THAT(problems("grid: {seed: [1]}\nseeds: [1, 1]\n"), HasSubstr("1 is listed twice"));
}

TEST_F(Axes, ALargeProductHasToBeAskedFor) {
  std::string grid = "seeds: 1000\ngrid:\n  workload.clients: [";
  for (int i = 1; i <= 200; ++i) grid += std::to_string(i) + (i < 200 ? ", " : "]\n");
  EXPECT_THAT(problems(grid), HasSubstr("has 200,000 runs; say --yes to play more than 100,000"));
  EXPECT_EQ(problems(grid, {.allow_many = true}), "");
  EXPECT_THAT(
      problems(grid + "  seed: [" + std::string("1, ") +
                   "2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, "
                   "13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31, "
                   "32, 33, 34, 35, 36, 37, 38, 39, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50, "
                   "51]\n",
               {.allow_many = true}),
      HasSubstr("more than 10,000,000 runs"));
}

TEST(NumberIn, ReadsNumbersAndQuantities) {
  EXPECT_EQ(number_in("2.5"), 2.5);
  EXPECT_EQ(number_in("20 k/s"), 20'000);
  EXPECT_EQ(number_in("5 %"), 0.05);
  EXPECT_FALSE(number_in("fp32"));
}

}  // namespace
}  // namespace soliton
