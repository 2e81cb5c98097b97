#include "cluster/results/compare_runs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "cluster/results/results.h"
#include "tests/unit/results/sample.h"
#include "tests/unit/results/scratch_folder.h"

namespace soliton {
namespace {

using testing::ElementsAre;
using testing::Field;
using testing::IsEmpty;

// Two folders of one run, made on different machines in different layouts.
struct Twins {
  ScratchFolder scratch;
  std::string one = scratch.path() + "/one", other = scratch.path() + "/other";

  Twins() {
    RunResults results = sample::run();
    for (const std::string& folder : {one, other}) {
      std::filesystem::create_directories(folder + "/log");
      results.wall.seconds += 1;
      write(folder, "results.json", results_json(results));
      write(folder, "requests.csv", requests_csv(results));
      write(folder, "progress.jsonl", folder);
      write(folder, "log/soliton.log", folder);
      write(folder, "summary.txt",
            folder + "\nrun       3 in " + folder + "\nlatency   1 us\nwrote     " + folder + "\n");
    }
    write(one, "cluster.yaml", "name: a\nprocesses: packed\nseed: 1\n");
    write(other, "cluster.yaml", "name: a\nprocesses: per-node\nseed: 1\n");
  }
  static void write(const std::string& folder, const std::string& name, const std::string& text) {
    std::ofstream(folder + "/" + name) << text;
  }
  std::vector<RunDifference> found() const {
    const Result<RunComparison> compared = compare_runs(one, other);
    EXPECT_TRUE(compared) << compared.error().message;
    return compared->differences;
  }
};

TEST(CompareRuns, WhatIsOfTheMachineMayDiffer) {
  const Twins twins;
  EXPECT_THAT(twins.found(), IsEmpty());
  EXPECT_EQ(compare_runs(twins.one, twins.other)->files, 4u) << "without progress.jsonl";
}

TEST(CompareRuns, NothingElseMay) {
  const Twins twins;
  RunResults results = sample::run();
  results.requests[1].completed += Duration{1};
  Twins::write(twins.other, "results.json", results_json(results));
  Twins::write(twins.other, "requests.csv", requests_csv(results));
  Twins::write(twins.other, "summary.txt", "x\nlatency   2 us\n");
  Twins::write(twins.other, "cluster.yaml", "name: b\n");
  EXPECT_THAT(twins.found(), ElementsAre(Field(&RunDifference::file, "cluster.yaml"),
                                         Field(&RunDifference::file, "requests.csv"),
                                         Field(&RunDifference::file, "results.json"),
                                         Field(&RunDifference::file, "summary.txt")));
  const RunDifference rows = twins.found()[1];
  EXPECT_EQ(rows.line, 3u) << "after the head and one row";
  EXPECT_NE(rows.one, rows.other);
}

TEST(CompareRuns, AByteMoreOrAFileLessIsADifference) {
  const Twins twins;
  Twins::write(twins.other, "links.csv", "");
  std::ofstream(twins.other + "/requests.csv", std::ios::app) << "\n";
  const auto found = twins.found();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].file, "links.csv");
  EXPECT_EQ(found[0].line, 0u) << "only one of them has it";
  EXPECT_EQ(found[1].file, "requests.csv");
  EXPECT_EQ(found[1].one, "");
}

TEST(CompareRuns, AFolderThatIsNotThereIsAnError) {
  const Twins twins;
  EXPECT_FALSE(compare_runs(twins.one, twins.scratch.path() + "/none"));
  EXPECT_FALSE(compare_runs(twins.scratch.path() + "/none", twins.one));
}

std::string trace(const std::vector<TraceEvent>& events) {
  return trace_json(events, {.nodes = {"fpga0", "fpga1"},
                             .chains = {{"mvm"}, {"mvm"}},
                             .links = {"fpga0-tor0"},
                             .fault_rules = {"loss"}});
}

TraceEvent event(std::int64_t us, std::uint32_t node, TraceKind kind, std::int64_t a) {
  return {kRunStart + microseconds(us), microseconds(1), NodeId{node}, kind, a, 0, 0};
}

std::vector<TraceEvent> some_events() {
  return {event(1, 0, TraceKind::kRequest, 0), event(3, 1, TraceKind::kChain, 0),
          event(5, 0, TraceKind::kRetransmit, 2), event(9, 1, TraceKind::kServe, 0)};
}

TEST(FirstDifferentEvent, IsTheEarliestOneInEitherTrace) {
  const std::string one = trace(some_events());
  EXPECT_FALSE(first_different_event(one, one)->has_value());
  // A planted difference: one retransmission more.
  std::vector<TraceEvent> more = some_events();
  more.push_back(event(4, 1, TraceKind::kRetransmit, 7));
  for (const bool swapped : {false, true}) {
    const std::string other = trace(more);
    const auto found =
        swapped ? first_different_event(other, one) : first_different_event(one, other);
    ASSERT_TRUE(found && *found);
    EXPECT_EQ((*found)->first().at_us, "4");
    EXPECT_EQ((*found)->first().who, "fpga1");
    EXPECT_EQ((*found)->first().kind, "transport");
    EXPECT_THAT((*found)->first().text, testing::HasSubstr("retransmit"));
  }
}

TEST(FirstDifferentEvent, MayBeTheEndOfOne) {
  std::vector<TraceEvent> fewer = some_events();
  fewer.pop_back();
  const auto found = first_different_event(trace(some_events()), trace(fewer));
  ASSERT_TRUE(found && *found);
  EXPECT_FALSE((*found)->other);
  EXPECT_EQ((*found)->first().at_us, "9");
  EXPECT_EQ((*found)->first().kind, "serve");
}

TEST(FirstDifferentEvent, OfWhatIsNoTraceIsAnError) {
  for (const char* bad : {"", "{", "[]", "{\"traceEvents\": 3", "{}"})
    EXPECT_FALSE(first_different_event(bad, trace(some_events()))) << bad;
}

}  // namespace
}  // namespace soliton
