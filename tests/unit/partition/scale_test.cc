// Long chains, large clusters and wide layers. How long planning takes is printed with each case.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "partition/search/partition.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

using testing::HasSubstr;

// A cluster of `fpgas` nodes of one device and a host, with a request for it.
struct Cluster {
  Topology topology;
  Routes routes;
  PartitionRequest request;

  Cluster(const Model& model, const NpuDevice& device, std::size_t fpgas,
          const std::string& kind = "rack", const std::vector<std::string>& places = {})
      : topology(build(fpgas, kind, places)), routes(topology) {
    request.model = &model;
    request.topology = &topology;
    request.routes = &routes;
    for (std::size_t i = 0; i < fpgas; ++i)
      request.nodes.push_back({name(i), {Device::Kind::kNpu, device, {}}});
    request.nodes.push_back({"host0", {Device::Kind::kCpu, {}, {}}});
    request.with_weights = false;
  }
  static std::string name(std::size_t i) { return "fpga" + std::to_string(i); }
  static Topology build(std::size_t fpgas, const std::string& kind,
                        const std::vector<std::string>& places) {
    TopologySpec spec;
    spec.kind = kind;
    std::vector<PlacedNode> nodes;
    for (std::size_t i = 0; i < fpgas; ++i)
      nodes.push_back({name(i), places.empty() ? "" : places[i]});
    nodes.push_back({"host0", places.empty() ? "" : places.back()});
    return build_topology(spec, nodes).value();
  }
};

std::string error_of(const PartitionRequest& request) {
  const auto plan = partition_model(request);
  return plan ? "a plan" : plan.error().text();
}

// What a certificate may say at all.
void expect_sound(const Plan& plan) {
  const Certificate& it = plan.certificate;
  EXPECT_EQ(it.plan_class, "contiguous");
  EXPECT_LE(it.lower_bound, it.value);
  EXPECT_TRUE(it.verdict == "optimal" || it.verdict == "no proof" ||
              it.verdict.starts_with("within "))
      << it.verdict;
  EXPECT_EQ(it.verdict == "no proof", it.lower_bound == Duration{}) << it.verdict;
}

TEST(Scale, TwoHundredLayersGoOnTheRacksOfADatacenter) {
  const Model model =
      rnn({.cell = Cell::kGru, .hidden = 1024, .layers = 200, .with_weights = false});
  Cluster cluster(model, bw_s10(), 256, "datacenter");
  cluster.request.steps = 20;
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_GE(plan.nodes_used, 29);  // 54 tiles a layer, 306 a node
  expect_sound(plan);
}

TEST(Scale, TenThousandLayersAreCutInBlocks) {
  NpuDevice device = bw_s10();
  device.matrix_rf_tiles = 1024;
  device.initial_vrf = device.add_sub_vrf_0 = device.add_sub_vrf_1 = device.multiply_vrf = 4096;
  device.instruction_words = 65'536;
  const Model model =
      rnn({.cell = Cell::kRnn, .hidden = 64, .layers = 10'000, .with_weights = false});
  Cluster cluster(model, device, 64, "datacenter");
  cluster.request.steps = 4;
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_GE(plan.nodes_used, 20);  // 2 tiles a layer
  expect_sound(plan);
}

TEST(Scale, WideLayersArePlannedFromSizesAlone) {
  const Model model = rnn({.cell = Cell::kGru, .hidden = 200'000, .with_weights = false});
  Cluster cluster(model, bw_s10(), 4);
  EXPECT_THAT(
      error_of(cluster.request),
      HasSubstr("no number of nodes is enough: gru0 on 1000 nodes: MatrixRf of bw-s10 needs"));
  NpuDevice device = bw_s10();
  device.matrix_rf_tiles = 400'000;
  device.initial_vrf = device.add_sub_vrf_0 = device.add_sub_vrf_1 = device.multiply_vrf = 8192;
  Cluster roomy(model, device, 4);
  const Plan plan = partition_model(roomy.request).value();
  EXPECT_EQ(plan.nodes_used, 4);
  expect_sound(plan);
}

}  // namespace
}  // namespace soliton::test
