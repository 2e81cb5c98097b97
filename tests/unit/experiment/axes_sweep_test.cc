// Sweeps of experiments with axes: seeds, searches, processes side by side, and their tables.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "cluster/experiment/sweep.h"
#include "cluster/results/file_io.h"
#include "tests/unit/experiment/samples.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// A run's latency is 100 us, and 10 us more for each client; the seed adds its number.
PointRun play(const ClusterSpec& spec) {
  RunResults results =
      sample::run(100 + 10 * spec.workload.clients + static_cast<std::int64_t>(spec.seed));
  results.seed = spec.seed;
  return {std::move(results), spec.files_read, {}};
}

class AxesSweep : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(
        write_file(scratch_ / "base.yaml",
                   "name: base\nseed: 0\n"
                   "nodes: [{name: \"fpga[0-3]\", device: bw-pocket}, {name: host0, device: "
                   "cpu}]\n"
                   "model: {rnn: {cell: gru, hidden: 8, steps: 2}}\n"));
    options_.folder = scratch_ / "out";
    options_.data = {SOLITON_SOURCE_DIR};
    options_.build = "a build";
    options_.progress = [this](const std::string& line) { lines_.push_back(line); };
  }

  Sweep sweep(const std::string& text) {
    EXPECT_TRUE(write_file(scratch_ / "e.yaml", "name: e\ncluster: base.yaml\n" + text));
    const Checked<Experiment> experiment = read_experiment(scratch_ / "e.yaml");
    if (!experiment) throw std::runtime_error(experiment.error().text());
    played_.clear();
    return run_sweep(
               *experiment,
               [this](const ClusterSpec& spec) -> Checked<PointRun> {
                 played_.push_back(spec.workload.clients);
                 if (spec.workload.clients == fails_)
                   return tl::unexpected<Diagnostics>(
                       Diagnostics{{{ErrorCode::kDoesNotFit, "9 bytes short"}}});
                 return play(spec);
               },
               options_)
        .value();
  }
  std::string text_of(const std::string& name) {
    return read_whole_file(options_.folder + "/" + name).value_or("");
  }

  ScratchFolder scratch_;
  SweepOptions options_;
  std::vector<std::string> lines_;
  std::vector<std::int64_t> played_;
  std::int64_t fails_ = -1;
};

TEST_F(AxesSweep, PlaysTheProductAndKeepsIt) {
  const std::string text = "grid: {workload.clients: [1, 2], partition.max_nodes: [1, 2]}\n";
  const Sweep first = sweep(text);
  EXPECT_TRUE(first.complete);
  EXPECT_THAT(played_, ElementsAre(1, 2, 1, 2));
  const std::string csv = text_of("sweep.csv");
  EXPECT_THAT(csv, HasSubstr(",set.partition.max_nodes,set.workload.clients,"));
  EXPECT_THAT(csv, HasSubstr("\n2,workload.clients,1,"));
  const Sweep again = sweep(text);
  EXPECT_EQ(again.kept, 4u);
  EXPECT_EQ(text_of("sweep.csv"), csv);
}

TEST_F(AxesSweep, SeedsGiveASpreadAndFromFiveOnAnInterval) {
  sweep("grid: {workload.clients: [1]}\nseeds: 3\ncolumns: [latency_us.mean]\n");
  EXPECT_THAT(text_of("table.txt"), HasSubstr("112.00 (111.00 to 113.00)"));
  const Sweep five = sweep("grid: {workload.clients: [1]}\nseeds: 5\ncolumns: [latency_us.mean]\n");
  EXPECT_EQ(five.kept, 3u);
  // 2.776 of Student's t with 4 degrees of freedom, and a deviation of sqrt(2.5) in 5 runs.
  EXPECT_THAT(text_of("table.txt"), HasSubstr("113.00 ± 2.0"));
  const auto json = nlohmann::json::parse(text_of("sweep.json"));
  const auto& summary = json["series"][0]["summary"][0]["latency_us.mean"];
  EXPECT_EQ(summary["runs"], 5);
  EXPECT_NEAR(summary["ci95"][0].get<double>(), 113 - 1.963, 0.001);
  EXPECT_EQ(json["series"][0]["points"][4]["seed"], 5);
}

TEST_F(AxesSweep, AFailedPointIsARowAndTheStatusIsThatOfACheck) {
  fails_ = 2;
  const Sweep all = sweep("grid: {workload.clients: [1, 2, 3]}\n");
  EXPECT_EQ(all.first_failure, ErrorCode::kCheckFailed);
  EXPECT_THAT(played_, ElementsAre(1, 2, 3));
  EXPECT_THAT(text_of("table.txt"), HasSubstr("9 bytes short"));
  EXPECT_STREQ(state_name(all.series[0].points[2]), "done");
}

TEST_F(AxesSweep, FindsTheLargestValueAndSaysHow) {
  const Sweep all =
      sweep("find: {max: workload.clients, subject_to: \"p99 < 500 us\", to: 1000}\n");
  ASSERT_TRUE(all.series[0].found);
  EXPECT_EQ(all.series[0].found->value, "39");  // 100 + 10 * 39 is below 500
  EXPECT_EQ(all.series[0].found->beyond, "40");
  EXPECT_FALSE(all.first_failure);
  EXPECT_THAT(text_of("table.txt"), HasSubstr("largest workload.clients with p99 < 500 us: 39 ("));
  const auto json = nlohmann::json::parse(text_of("sweep.json"));
  EXPECT_EQ(json["series"][0]["find"]["value"], "39");
  const std::size_t tried = played_.size();
  EXPECT_EQ(sweep("find: {max: workload.clients, subject_to: \"p99 < 500 us\", to: 1000}\n").kept,
            tried);
}

TEST_F(AxesSweep, RowsOfASearchAreInTheOrderOfItsValues) {
  const Sweep all = sweep(
      "points: [{label: p, set: {workload: {arrival: poisson, rate: 1 k/s}}}]\n"
      "find: {max: workload.rate, subject_to: p99 < 1 s, from: 1 k/s, to: 3 k/s}\n");
  std::vector<std::string> labels;
  for (const SweepPoint& point : all.series[0].points) labels.push_back(point.label);
  EXPECT_THAT(labels, ElementsAre("1 k/s", "1666 /s", "2 k/s", "2332 /s", "3 k/s"));
  EXPECT_EQ(all.series[0].found->value, "3 k/s");
  EXPECT_TRUE(std::filesystem::exists(options_.folder + "/report.html"));
}

TEST_F(AxesSweep, NamesTheBestIfNoneMeetsTheCondition) {
  const Sweep all = sweep("find: {max: workload.clients, subject_to: \"p99 < 50 us\"}\n");
  EXPECT_EQ(all.first_failure, ErrorCode::kCheckFailed);
  EXPECT_THAT(text_of("table.txt"),
              HasSubstr("none of them meets p99 < 50 us (1 values tried); nearest is 1 with "
                        "latency_us.p99 110.0"));
}

TEST_F(AxesSweep, APointThatFailsInASearchDoesNotMeetIt) {
  fails_ = 4;
  const Sweep all = sweep("find: {max: workload.clients, subject_to: \"p99 < 1 s\", to: 5}\n");
  EXPECT_EQ(all.series[0].found->value, "5");
  EXPECT_FALSE(all.first_failure);
}

TEST_F(AxesSweep, ABaselineGivesSpeedUpByThroughputAndALaw) {
  sweep("grid: {workload.clients: [1, 2, 3, 4, 5]}\nbaseline: {x: 1}\n");
  EXPECT_THAT(text_of("table.txt"), HasSubstr("speed-up  efficiency"));
  EXPECT_THAT(text_of("table.txt"), HasSubstr("scaling law: "));
  const auto json = nlohmann::json::parse(text_of("sweep.json"));
  EXPECT_NEAR(json["series"][0]["summary"][1]["speedup"].get<double>(), 110.0 / 120, 1e-9);
  EXPECT_TRUE(json["series"][0]["scaling_law"].contains("residual"));
}

TEST_F(AxesSweep, SaysRateAndTimeLeft) {
  options_.seconds = [] { return 2.0; };
  sweep("grid: {workload.clients: [1, 2]}\n");
  ASSERT_EQ(lines_.size(), 2u);
  EXPECT_THAT(lines_[0],
              HasSubstr("e: workload.clients 1: done, mean 110.0 us (1 of 2, 0.50/s, 2 s left)"));
}

// Played by processes: what they remember is not seen here.
class BesideEachOther : public AxesSweep {
 protected:
  void make(std::size_t count) {
    workers_ = std::make_unique<PointWorkers>(count, [] {
      return [](const std::string& cluster, const Overrides& set) -> Checked<PointOutcome> {
        const Checked<ClusterSpec> spec = read_cluster(cluster, set, {SOLITON_SOURCE_DIR});
        if (!spec) return tl::unexpected<Diagnostics>(spec.error());
        if (spec->workload.clients == 3) raise(SIGKILL);
        return outcome_of(play(*spec));
      };
    });
    options_.workers = workers_.get();
  }
  std::unique_ptr<PointWorkers> workers_;
};

TEST_F(BesideEachOther, PointsGiveTheSameTable) {
  sweep("grid: {workload.clients: [1, 2, 4, 5, 6]}\n");
  const std::string alone = text_of("sweep.csv");
  std::filesystem::remove_all(options_.folder);
  make(3);
  EXPECT_EQ(workers_->size(), 3u);
  const Sweep all = sweep("grid: {workload.clients: [1, 2, 4, 5, 6]}\n");
  EXPECT_TRUE(all.complete);
  EXPECT_TRUE(played_.empty());
  EXPECT_EQ(text_of("sweep.csv"), alone);
  EXPECT_EQ(sweep("grid: {workload.clients: [1, 2, 4, 5, 6]}\n").kept, 5u);
}

TEST_F(BesideEachOther, AProcessThatDiesCostsItsPointAlone) {
  make(2);
  const Sweep all = sweep("grid: {workload.clients: [1, 2, 3, 4, 5]}\n");
  EXPECT_EQ(all.first_failure, ErrorCode::kCheckFailed);
  EXPECT_THAT(all.series[0].points[2].error, HasSubstr("ended with signal 9"));
  EXPECT_TRUE(all.series[0].points[4].numbers);
  EXPECT_EQ(workers_->size(), 1u);
}

TEST_F(BesideEachOther, WhatMustRunAloneIsPlayedHere) {
  make(2);
  options_.runs_alone = [](const ClusterSpec& spec) { return spec.workload.clients == 2; };
  EXPECT_TRUE(sweep("grid: {workload.clients: [1, 2, 4]}\n").complete);
  EXPECT_THAT(played_, ElementsAre(2));
}

}  // namespace
}  // namespace soliton
