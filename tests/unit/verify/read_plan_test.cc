// plan.json as it is written, and as it may come from elsewhere.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "partition/verify/recompute.h"
#include "partition/verify/verify_plan.h"
#include "protocol/json/json.h"
#include "tests/unit/verify/small_graphs.h"

namespace soliton::verify::test {
namespace {

using priced::Objective;
using testing::HasSubstr;
using testing::StartsWith;

Json written() {
  const priced::PricedGraph graph =
      graph_of({{10, 100, 1, 5}, {20, 200, 2, 6}, {30, 300, 4, 7}}, {{0, 1}, {1, 2}}, 2, 1, 13);
  priced::Assignment assignment{.objective = Objective::kThroughput,
                                .places = places_of({0, 0, 1}),
                                .value = Duration{32},
                                .lower_bound = Duration{30},
                                .verdict = "within 6.67 %",
                                .plan_class = "contiguous"};
  // Through its text, as numbers have their final spelling there only.
  return Json::parse(json_text(planned_json(graph, assignment), JsonLayout::kRows));
}

Checked<StatedPlan> read(const Json& plan) {
  return read_plan(json_text(plan, JsonLayout::kRows), "plan.json");
}
std::string problems_of(const Json& plan) {
  const Checked<StatedPlan> read_back = read(plan);
  return read_back ? "" : read_back.error().text();
}

TEST(ReadPlan, WhatIsWrittenIsReadAndPasses) {
  const Checked<StatedPlan> plan = read(written());
  ASSERT_TRUE(plan) << plan.error().text();
  EXPECT_EQ(plan->planned.assignment.value.count(), 32);
  EXPECT_EQ(plan->planned.assignment.places, places_of({0, 0, 1}));
  ASSERT_TRUE(plan->gap);
  EXPECT_DOUBLE_EQ(*plan->gap, 2.0 / 30);
  EXPECT_EQ(verify_plan(*plan).difference, "");
}

TEST(ReadPlan, AnEditedNumberIsADifferenceNotBadInput) {
  Json plan = written();
  plan["assignment"]["2"] = "fpga0";
  EXPECT_EQ(verify_plan(read(plan).value()).difference,
            "fpga0 holds 18 bytes, its memory is 13 bytes");
  plan = written();
  plan["gap"] = 6.67;
  EXPECT_THAT(verify_plan(read(plan).value()).difference, StartsWith("gap is 6.67, but"));
  plan["gap"] = nullptr;
  EXPECT_THAT(verify_plan(read(plan).value()).difference, StartsWith("gap is null, but"));
  plan = written();
  plan["graph"]["nodes"][0]["fpgaLatency"] = 1e-6;
  EXPECT_THAT(verify_plan(read(plan).value()).difference, StartsWith("value_ms is"));
}

TEST(ReadPlan, WhatIsNoPlanIsBadInputWithItsPlace) {
  EXPECT_THAT(problems_of(Json::object()), StartsWith("plan.json:1:1: "));
  for (const char* member : {"objective", "value_ms", "lower_bound_ms", "gap", "verdict", "class",
                             "assignment", "graph"}) {
    Json plan = written();
    plan.erase(member);
    EXPECT_THAT(problems_of(plan), StartsWith("plan.json:1:1: ")) << member;
    EXPECT_THAT(problems_of(plan), HasSubstr(member));
    plan = written();
    plan[member] = Json::array({Json::array()});
    EXPECT_THAT(problems_of(plan), HasSubstr("plan.json:")) << member;
  }
  Json plan = written();
  plan["gap"] = "0.1";
  EXPECT_THAT(problems_of(plan), HasSubstr("\"gap\" must be a number, or null without a bound"));
  EXPECT_FALSE(read_plan("{", "plan.json"));
  EXPECT_FALSE(read_plan("", "plan.json"));
}

TEST(ReadPlan, NodesAndOperatorsThatDoNotExistAreBadInput) {
  Json plan = written();
  plan["assignment"]["2"] = "fpga2";
  EXPECT_THAT(problems_of(plan), HasSubstr("no node \"fpga2\""));
  plan = written();
  plan["assignment"].erase("1");
  EXPECT_THAT(problems_of(plan), HasSubstr("operator 1 has no node"));
  plan = written();
  plan["assignment"]["7"] = "fpga0";
  EXPECT_THAT(problems_of(plan), HasSubstr("no operator 7"));
}

TEST(ReadPlan, SumsThatNoNumberHoldsAreBadInput) {
  Json plan = written();
  for (const char* key : {"fpgaLatency", "cpuLatency"}) {
    plan = written();
    for (Json& node : plan["graph"]["nodes"]) node[key] = 2e9;
    EXPECT_THAT(problems_of(plan), HasSubstr("add up to 2^62 or more")) << key;
  }
  plan = written();
  for (Json& node : plan["graph"]["nodes"]) node["size"] = std::int64_t{1} << 61;
  EXPECT_THAT(problems_of(plan), HasSubstr("add up to 2^62 or more"));
}

}  // namespace
}  // namespace soliton::verify::test
