// plan.json read back.
#include "partition/plan/read_plan.h"

#include <gtest/gtest.h>

#include "partition/plan/explain.h"
#include "protocol/base/rng.h"

namespace soliton::test {
namespace {

std::string error_of(std::string_view json) {
  const auto stages = read_plan_stages(json);
  return stages ? "stages" : stages.error().message;
}

TEST(ReadPlan, StagesAreWhatWasWritten) {
  Plan plan;
  plan.steps = 1;
  plan.stages = {{{"a \"quoted\"", "b"}, {"fpga1", "fpga0"}, true, false, 0},
                 {{"c"}, {"fpga2", "fpga3"}, false, true, 1}};
  EXPECT_EQ(read_plan_stages(plan_json(plan)).value(), plan.stages);
  plan.stages.clear();
  EXPECT_TRUE(read_plan_stages(plan_json(plan)).value().empty());
}

TEST(ReadPlan, WhatIsNoPlanIsRefused) {
  EXPECT_EQ(error_of(""), "is not JSON");
  EXPECT_EQ(error_of("{"), "is not JSON");
  EXPECT_EQ(error_of(std::string(100'000, '[')), "is not JSON");
  const std::string none =
      "has no \"stages\"; `soliton plan --out` writes a plan.json that has them";
  for (const char* json : {"3", "[]", "{}", R"({"stages": 1})"}) EXPECT_EQ(error_of(json), none);
  const std::string one = R"({"layers": ["a"], "nodes": ["n"], "split_directions": false, )"
                          R"("scatter_input": false, "input_nodes": 0})";
  EXPECT_EQ(error_of(R"({"stages": [)" + one + "]}"), "stages");
  for (
      const char* stage :
      {"1", "{}",
       R"({"layers": [1], "nodes": ["n"], "split_directions": false, "scatter_input": false, "input_nodes": 0})",
       R"({"layers": ["a"], "nodes": "n", "split_directions": false, "scatter_input": false, "input_nodes": 0})",
       R"({"layers": ["a"], "nodes": ["n"], "split_directions": 0, "scatter_input": false, "input_nodes": 0})",
       R"({"layers": ["a"], "nodes": ["n"], "split_directions": false, "scatter_input": false, "input_nodes": -1})"}) {
    const std::string error = error_of(R"({"stages": [)" + one + ", " + stage + "]}");
    EXPECT_EQ(error.substr(0, 13), "stage 2 lacks") << stage << ": " << error;
  }
}

// Cuts, flips and doubled pieces of a plan are stages or an error, whatever they spell.
TEST(ReadPlan, MutationsEndInStagesOrAnError) {
  Plan plan;
  plan.steps = 1;
  plan.stages = {{{"a", "b"}, {"fpga1", "fpga0"}, true, false, 0}, {{"c"}, {"fpga2"}}};
  const std::string whole = plan_json(plan);
  const Random random(1, "plan mutations");
  std::size_t read = 0;
  for (std::uint64_t round = 0; round < 3'000; ++round) {
    const Random draw = random.child(round);
    std::string text = whole;
    const std::size_t at = draw.below(0, text.size()), length = 1 + draw.below(1, 20);
    const std::uint64_t kind = draw.below(2, 4);
    if (kind == 0) text.resize(at);
    if (kind == 1) text[at] = static_cast<char>(draw.below(3, 256));
    if (kind == 2) text.erase(at, length);
    if (kind == 3) text.insert(at, whole.substr(draw.below(3, whole.size()), length));
    const auto stages = read_plan_stages(text);
    read += stages.has_value();
    EXPECT_TRUE(stages || !stages.error().message.empty());
  }
  EXPECT_GT(read, 100U);
  EXPECT_LT(read, 3'000U);
}

}  // namespace
}  // namespace soliton::test
