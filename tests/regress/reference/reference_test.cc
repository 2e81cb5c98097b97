// How many answers of an unfinished run were checked depended on how far the reference had come.
// Now it is told what was answered, and answers all of that and nothing else.
#include <gtest/gtest.h>

#include "cluster/run/run.h"
#include "cluster/workload/workload.h"
#include "partition/search/partition.h"
#include "tests/cluster_text.h"

namespace soliton {
namespace {

// A model on one device, for `requests` random requests.
struct World {
  World(const std::string& rnn, std::uint32_t asked) : requests(asked) {
    const std::string yaml =
        "topology: rack\n"
        "nodes: [{name: fpga0, device: bw-s10}, {name: host0, device: cpu}]\n"
        "model: {rnn: " +
        rnn + "}\n" + "workload: {requests: " + std::to_string(asked) + "}\n";
    Checked<ClusterSpec> spec = read_cluster_text(yaml, "test.yaml", {}, {SOLITON_SOURCE_DIR});
    EXPECT_TRUE(spec) << spec.error().text();
    Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
    EXPECT_TRUE(prepared) << prepared.error().text();
    run = std::move(*prepared);
    Checked<Plan> plan = unsharded(run->model, run->plan.shards.front().device,
                                   run->spec.model.precision, run->plan.host_shard.device);
    EXPECT_TRUE(plan);
    whole = std::make_unique<Plan>(std::move(*plan));
  }
  std::unique_ptr<Reference> reference(std::uint32_t every = 1) const {
    return std::make_unique<Reference>(whole->shards.front(), whole->host_shard,
                                       run->workload.inputs, requests, every);
  }
  std::uint32_t requests;
  std::unique_ptr<PreparedRun> run;
  std::unique_ptr<Plan> whole;
};

std::vector<std::vector<float>> all_outputs(const World& world) {
  const auto reference = world.reference();
  std::vector<std::uint32_t> all(world.requests);
  for (std::uint32_t i = 0; i < world.requests; ++i) all[i] = i;
  EXPECT_TRUE(reference->finish(all, {}));
  return reference->outputs();
}

TEST(Reference, WhatWasAnsweredIsAnsweredHoweverFarItHadCome) {
  const World world("{cell: gru, hidden: 200, steps: 8}", 60);
  const std::vector<std::vector<float>> outputs = all_outputs(world);
  for (int round = 0; round < 20; ++round) {
    const auto reference = world.reference();
    const std::vector<std::uint32_t> answered{59, 3, 17, 58, 0};
    EXPECT_TRUE(reference->finish(answered, [] { return false; }));
    for (const std::uint32_t request : answered)
      EXPECT_EQ(reference->outputs()[request], outputs[request]) << request;
  }
}

TEST(Reference, NothingAnsweredIsNothingToWaitFor) {
  const World world("{cell: gru, hidden: 1000, steps: 2000}", 40);  // seconds a request
  EXPECT_TRUE(world.reference()->finish({}, {}));
}

// The request it is at is not wanted: it is left in the middle, and the next one is right.
TEST(Reference, ARequestThatNobodyWantsIsLeftInTheMiddle) {
  const World world("{cell: lstm, hidden: 100, steps: 50}", 4);
  const std::vector<std::vector<float>> outputs = all_outputs(world);
  for (int round = 0; round < 20; ++round) {
    const auto reference = world.reference();
    EXPECT_TRUE(reference->finish({3}, {}));
    EXPECT_EQ(reference->outputs()[3], outputs[3]);
  }
}

TEST(Reference, RequestsWithoutValuesAreNotWaitedFor) {
  const World world("{cell: gru, hidden: 64, steps: 2}", 9);
  const auto reference = world.reference(4);
  EXPECT_TRUE(reference->finish({0, 1, 2, 3, 4}, {}));
  EXPECT_FALSE(reference->outputs()[0].empty());
  EXPECT_FALSE(reference->outputs()[4].empty());
  EXPECT_TRUE(reference->outputs()[1].empty());
  EXPECT_TRUE(world.reference(0)->finish({0, 1}, {}));
}

// Each of these requests takes seconds; told to stop, it does, and what there is stays.
TEST(Reference, StopsInTheMiddleOfALongRequest) {
  const World world("{cell: gru, hidden: 1000, steps: 2000}", 40);
  const auto reference = world.reference();
  int asked = 0;
  EXPECT_FALSE(reference->finish({0, 1, 2, 3, 4, 5, 6}, [&] { return ++asked > 3; }));
  EXPECT_EQ(asked, 4);
  EXPECT_TRUE(reference->outputs()[6].empty());
}

}  // namespace
}  // namespace soliton
