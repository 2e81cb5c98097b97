#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "partition/plan/explain.h"
#include "partition/plan/traffic.h"
#include "partition/search/partition.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

using testing::HasSubstr;
using testing::Not;

// GRU over two small devices in one rack with a host.
struct Planned {
  LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 64, .input = 32});
  Topology topology =
      build_topology({}, {{"fpga0", "rack0"}, {"fpga1", "rack0"}, {"host0", "rack0"}}).value();
  Plan plan = make();

  Plan make() {
    const Routes routes(topology);
    PartitionRequest request;
    request.model = &model;
    request.topology = &topology;
    request.routes = &routes;
    const NpuDevice device = pocket(16, 40);  // 3 gates x 4 x 6 tiles in all
    request.nodes = {{"fpga0", {Device::Kind::kNpu, device, {}}},
                     {"fpga1", {Device::Kind::kNpu, device, {}}},
                     {"host0", {Device::Kind::kCpu, {}, {}}}};
    request.steps = 10;
    return partition_model(request).value();
  }
};

TEST(Plan, FlowsAddUpToTheCutAndToTheCountByHand) {
  const Planned it;
  std::int64_t bytes = 0;
  std::int64_t between = 0;
  for (const Flow& flow : flows(it.plan)) {
    bytes += flow.bytes;
    if (flow.from == "fpga0" && flow.to == "fpga1") between = flow.messages;
  }
  EXPECT_EQ(bytes, it.plan.cut_bytes_per_request);
  // Reset before the product: r*h in each of 10 steps, h after all but the last.
  EXPECT_EQ(between, 19);
  EXPECT_EQ(bytes, 2 * 10 * 2 * 32 + 2 * 19 * 2 * 32 + 10 * 2 * 64);
}

TEST(Plan, BusiestLinkIsOneThatCarriesMost) {
  const Planned it;
  const BusyLink link = busiest_link(it.plan, it.topology);
  // Into each FPGA: its input and the other's slices. 10 x 64 + 19 x 64 bytes; out of it: 19 x 64 +
  // 10 x 64.
  EXPECT_EQ(link.bytes, 29 * 64);
  EXPECT_THAT(link.name, HasSubstr("fpga"));
}

TEST(Plan, ExplanationNamesPlacesMemoryCutAndReasons) {
  const Planned it;
  const std::string text = explain(it.plan, it.topology);
  EXPECT_THAT(text, HasSubstr("on 2 nodes   objective: latency"));
  EXPECT_THAT(text, HasSubstr("optimal (contiguous, cost model "));
  EXPECT_THAT(text, HasSubstr("rows 32-63 of gru0"));
  EXPECT_THAT(text, HasSubstr("36/40 tiles 90 %"));
  EXPECT_THAT(text, HasSubstr("cut: 5.0 kB per request in 78 messages; busiest link "));
  EXPECT_THAT(text, HasSubstr("why not fewer nodes: no plan fits 1 node\n"));
  EXPECT_THAT(text, HasSubstr("why not more nodes: all usable nodes are used\n"));
  EXPECT_THAT(text, HasSubstr("uses 2 of 2 usable nodes (fewest that hold the weights: 2)"));
}

// Or a change that is no better might look better than the plan.
TEST(Plan, SaysByWhichValueOthersAreCompared) {
  Planned it;
  EXPECT_THAT(explain(it.plan, it.topology), Not(HasSubstr("compared with")));
  it.plan.predicted_latency = it.plan.certificate.value + microseconds(1);
  EXPECT_THAT(explain(it.plan, it.topology),
              HasSubstr("compared with other plans as " + to_string(it.plan.certificate.value)));
}

TEST(Plan, JsonHoldsTheCertificateAndIsStable) {
  const Planned it;
  const std::string json = plan_json(it.plan);
  EXPECT_EQ(json, plan_json(Planned().plan));
  EXPECT_THAT(json, HasSubstr("\"class\": \"contiguous\""));
  EXPECT_THAT(json, HasSubstr("\"predicted_latency_ps\": " +
                              std::to_string(it.plan.predicted_latency.count())));
  EXPECT_EQ(std::count(json.begin(), json.end(), '{'), std::count(json.begin(), json.end(), '}'));
  Plan odd = it.plan;
  odd.model = "a \"b\"\n\\";
  EXPECT_THAT(plan_json(odd), HasSubstr("\"model\": \"a \\\"b\\\"\\n\\\\\""));
}

TEST(Plan, ALineNamesAsManyLayersAsItHasRoomFor) {
  Planned it;
  std::vector<std::string>& holds = it.plan.placements.front().holds;
  holds = {"a.first.layer", "b", "c", "the.last"};
  EXPECT_THAT(explain(it.plan, it.topology), HasSubstr("a.first.layer, b, c, the.last"));
  holds[1] = std::string(70, 'b');
  EXPECT_THAT(explain(it.plan, it.topology), HasSubstr("a.first.layer … the.last (4 in all)"));
}

TEST(Plan, PictureHasABoxANodeAndAnArrowBetweenGroups) {
  const Planned it;
  const std::string svg = plan_svg(it.plan);
  const auto count = [&](const std::string& what) {
    std::size_t n = 0;
    for (std::size_t at = svg.find(what); at != std::string::npos; at = svg.find(what, at + 1)) ++n;
    return n;
  };
  EXPECT_EQ(count("class=\"node\""), 3u);
  EXPECT_EQ(count("class=\"flow\""), 2u);  // to the only stage and back
  EXPECT_EQ(count("class=\"full\""), 2u);
  Plan odd = it.plan;
  odd.model = "<script>";
  EXPECT_EQ(plan_svg(odd).find("<script>"), std::string::npos);
}

}  // namespace
}  // namespace soliton::test
