// `soliton verify-plan` and `soliton bench partition` through their command lines.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

using ::testing::AllOf;
using ::testing::AnyOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;
using Json = nlohmann::json;

// Two operators of 2 ms in a row, 0.5 ms to pass on, on two accelerators that hold one of them each.
Json chain() {
  const auto node = [](int id) {
    return Json{{"id", id},         {"supportedOnFpga", 1}, {"cpuLatency", 30},
                {"fpgaLatency", 2}, {"colorClass", id},     {"size", 100}};
  };
  return {{"maxSizePerFPGA", 150},
          {"maxFPGAs", 2},
          {"maxCPUs", 1},
          {"nodes", {node(1), node(2)}},
          {"edges", Json::array({{{"sourceId", 1}, {"destId", 2}, {"cost", 0.5}}})}};
}

Json right_plan() {
  return {{"objective", "throughput"}, {"value_ms", 2.5},
          {"lower_bound_ms", 2.5},     {"gap", 0},
          {"verdict", "optimal"},      {"class", "contiguous"},
          {"method", "by hand"},       {"seconds", 0},
          {"graph", chain()},          {"assignment", {{"1", "fpga0"}, {"2", "fpga1"}}}};
}

class VerifyPlan : public testing::Test {
 protected:
  Ended verify(const Json& plan, std::vector<std::string> options = {}) const {
    options.insert(options.begin(), {"verify-plan", folder_.write("plan.json", plan.dump())});
    return run_soliton(options);
  }
  const TemporaryFolder folder_;
};

TEST_F(VerifyPlan, ARightPlanEndsWithStatusZero) {
  const Ended ended = verify(right_plan());
  EXPECT_EQ(ended.status, 0) << ended.err;
  EXPECT_EQ(ended.err, "");
  EXPECT_THAT(ended.out, StartsWith("2 operators, throughput 2.5 ms, optimal (contiguous): "));
  EXPECT_THAT(ended.out, HasSubstr("best of all assignments, "));
  const Ended quiet = verify(right_plan(), {"--quiet"});
  EXPECT_EQ(quiet.status, 0);
  EXPECT_EQ(quiet.out, "");
}

TEST_F(VerifyPlan, AWrongPlanEndsWithStatusOneAndItsFirstDifference) {
  Json plan = right_plan();
  plan["value_ms"] = 2.4;
  plan["verdict"] = "within 1.00 %";
  const Ended ended = verify(plan);
  EXPECT_EQ(ended.status, 1);
  EXPECT_EQ(ended.out, "");
  EXPECT_EQ(ended.err, folder_.file("plan.json") +
                           ": value_ms is 2.400000000 ms, but the assignment is worth 2.500000000 "
                           "ms: fpga0 computes 2.000000000 ms, fetches 0.000000000 ms and sends "
                           "0.500000000 ms\n");
  plan = right_plan();
  plan["assignment"]["2"] = "fpga0";
  EXPECT_EQ(verify(plan).status, 1);
  EXPECT_THAT(verify(plan).err, HasSubstr("fpga0 holds 200 bytes, its memory is 150 bytes"));
  plan = right_plan();
  plan["lower_bound_ms"] = 2.0;
  plan["gap"] = 0.25;
  EXPECT_THAT(verify(plan).err, HasSubstr("verdict is \"optimal\", but value and bound allow "
                                          "\"within 25.00 %\""));
}

TEST_F(VerifyPlan, JsonSaysTheSame) {
  const Ended right = verify(right_plan(), {"--json"});
  EXPECT_EQ(right.status, 0);
  const Json answer = Json::parse(right.out);
  EXPECT_EQ(answer["agrees"], true);
  EXPECT_EQ(answer["difference"], nullptr);
  EXPECT_EQ(answer["best_of_all"]["value_ms"], 2.5);
  Json plan = right_plan();
  plan["gap"] = 0.5;
  const Ended wrong = verify(plan, {"--json"});
  EXPECT_EQ(wrong.status, 1);
  EXPECT_EQ(Json::parse(wrong.out)["agrees"], false);
  EXPECT_THAT(Json::parse(wrong.out)["difference"].get<std::string>(), StartsWith("gap is 0.5"));
}

TEST_F(VerifyPlan, WhatIsNoPlanEndsWithStatusTwo) {
  const std::string graph = folder_.write("graph.json", chain().dump());
  for (const std::string& file :
       {graph, folder_.write("empty.json", ""), folder_.write("text.json", "hello"),
        folder_.file("missing.json"), folder_.path(), std::string("/dev/null")}) {
    const Ended ended = run_soliton({"verify-plan", file});
    EXPECT_EQ(ended.status, 2) << file << ended.out;
    EXPECT_NE(ended.err, "") << file;
    EXPECT_EQ(ended.out, "");
  }
  EXPECT_EQ(run_soliton({"verify-plan"}).status, 2);
  EXPECT_EQ(run_soliton({"verify-plan", graph, graph}).status, 2);
  Json plan = right_plan();
  plan["graph"]["edges"].push_back({{"sourceId", 2}, {"destId", 1}, {"cost", 0.5}});
  EXPECT_THAT(verify(plan).err, AllOf(HasSubstr("plan.json:1:"), HasSubstr("cycle: 1 > 2 > 1")));
}

TEST_F(VerifyPlan, NamesOfAFileDoNotDriveTheTerminal) {
  Json plan = right_plan();
  for (const char* key : {"verdict", "class"}) {
    plan = right_plan();
    plan[key] = "\x1b[31m";
    const Ended ended = verify(plan);
    EXPECT_EQ(ended.status, 1);
    EXPECT_EQ(ended.err.find('\x1b'), std::string::npos) << ended.err;
  }
}

TEST_F(VerifyPlan, StandardInputIsAPlanToo) {
  const std::string file = folder_.write("plan.json", right_plan().dump());
  EXPECT_EQ(run_soliton({"verify-plan", "-"}, file).status, 0);
}

TEST_F(VerifyPlan, WhatPlanWritesAndPrintsPasses) {
  for (const char* objective : {"throughput", "latency"}) {
    const std::string out = folder_.file(objective);
    const Ended planned = run_soliton({"plan", "--graph", "configs/graphs/two-branches.json",
                                       "--objective", objective, "--json", "--out", out});
    ASSERT_EQ(planned.status, 0) << planned.err;
    const Ended written = run_soliton({"verify-plan", out + "/plan.json"});
    EXPECT_EQ(written.status, 0) << written.err;
    const Ended printed = run_soliton({"verify-plan", folder_.write("printed.json", planned.out)});
    EXPECT_EQ(printed.status, 0) << printed.err;
    EXPECT_EQ(printed.out, written.out);
  }
}

TEST(BenchPartition, ComparesGivenGraphs) {
  const TemporaryFolder folder;
  const std::string file = folder.write("chain.json", chain().dump());
  const Ended ended =
      run_soliton({"bench", "partition", "--objective", "throughput", "--json", file});
  ASSERT_EQ(ended.status, 0) << ended.err;
  const Json report = Json::parse(ended.out);
  ASSERT_GE(report["rows"].size(), 6u);
  for (const Json& row : report["rows"]) {
    EXPECT_THAT(row["name"].get<std::string>(),
                AnyOf(StartsWith("chain, throughput, "), StartsWith("all graphs, ")));
    EXPECT_EQ(row["met"], true) << row;
  }
  EXPECT_EQ(report["rows"][0]["ours"], 2.5);
  EXPECT_EQ(report["rows"][0]["peer_value"], 2.5);
}

TEST(BenchPartition, BadGraphsAndArgumentsEndWithStatusTwo) {
  const TemporaryFolder folder;
  const std::string bad = folder.write("bad.json", "{}");
  const Ended ended = run_soliton({"bench", "partition", bad, folder.file("none.json")});
  EXPECT_EQ(ended.status, 2);
  EXPECT_THAT(ended.err, AllOf(HasSubstr("bad.json:1:1"), HasSubstr("none.json")));
  EXPECT_EQ(run_soliton({"bench", "launch", bad}).status, 2);
  EXPECT_EQ(run_soliton({"bench", "partition", "--long"}).status, 2);
  EXPECT_EQ(run_soliton({"bench", "partition", bad, "--objective", "speed"}).status, 2);
  EXPECT_EQ(run_soliton({"bench"}).status, 2);
  EXPECT_EQ(run_soliton({"bench", "everything"}).status, 2);
}

}  // namespace
}  // namespace soliton
