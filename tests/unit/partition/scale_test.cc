// Long chains, large clusters and wide layers. How long planning takes is printed with each case.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/partition/cluster.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

using testing::HasSubstr;

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
  const LayerGraph model =
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
  const LayerGraph model =
      rnn({.cell = Cell::kRnn, .hidden = 64, .layers = 10'000, .with_weights = false});
  Cluster cluster(model, device, 64, "datacenter");
  cluster.request.steps = 4;
  const Plan plan = partition_model(cluster.request).value();
  EXPECT_GE(plan.nodes_used, 20);  // 2 tiles a layer
  expect_sound(plan);
}

TEST(Scale, WideLayersArePlannedFromSizesAlone) {
  const LayerGraph model = rnn({.cell = Cell::kGru, .hidden = 200'000, .with_weights = false});
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
