// How many answers of an unfinished run were checked depended on how far the reference had come.
// Now it is told what was answered, and answers all of that.
#include <gtest/gtest.h>

#include <numeric>

#include "cluster/run/graph_fpgas.h"
#include "cluster/run/run.h"
#include "cluster/workload/graph_judge.h"
#include "partition/ir/array_bytes.h"
#include "tests/cluster_text.h"
#include "tests/unit/graph/test_graph.h"

namespace soliton {
namespace {

// Packed, by request.
using Answers = std::vector<std::vector<std::byte>>;

Answers answers_of(const GraphReference& reference, std::uint32_t requests) {
  Answers out;
  for (std::uint32_t request = 0; request < requests; ++request)
    out.push_back(reference.answer(request));
  return out;
}

std::vector<std::uint32_t> all(std::uint32_t requests) {
  std::vector<std::uint32_t> out(requests);
  std::iota(out.begin(), out.end(), 0U);
  return out;
}

// A model for `requests` random requests: on an FPGA, or on a CPU alone.
struct World {
  World(const std::string& rnn, std::uint32_t asked, bool fpga) : requests(asked) {
    const std::string nodes = fpga ? "{name: fpga0, device: bw-s10}, " : "";
    const std::string yaml = "topology: rack\nnodes: [" + nodes + "{name: host0, device: cpu}]\n" +
                             (fpga ? "" : "placement: {\"*\": cpu}\n") + "model: {rnn: " + rnn +
                             "}\nworkload: {requests: " + std::to_string(asked) + "}\n";
    Checked<ClusterSpec> spec = read_cluster_text(yaml, "test.yaml", {}, {SOLITON_SOURCE_DIR});
    EXPECT_TRUE(spec) << spec.error().text();
    Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
    EXPECT_TRUE(prepared) << prepared.error().text();
    run = std::move(*prepared);
    EXPECT_EQ(run->graph->on_fpgas(), fpga);
    if (!fpga) return;
    std::optional<Error> error;
    split = split_reference(*run, error);
    EXPECT_TRUE(split) << error->message;
  }
  std::unique_ptr<GraphReference> reference(std::uint32_t every = 1) const {
    return std::make_unique<GraphReference>(run->graph->graph, split.get(),
                                            run->graph->workload.inputs, requests, every);
  }
  Answers all_answers() const {
    const auto made = reference();
    made->finish(all(requests), {});
    return answers_of(*made, requests);
  }
  std::uint32_t requests;
  std::unique_ptr<PreparedRun> run;
  std::unique_ptr<SplitReference> split;
};

class Reference : public testing::TestWithParam<bool> {};  // whether an FPGA runs the model
INSTANTIATE_TEST_SUITE_P(Devices, Reference, testing::Bool(),
                         [](const auto& of) { return of.param ? "Fpga" : "Cpu"; });

TEST_P(Reference, WhatWasAnsweredIsAnsweredHoweverFarItHadCome) {
  const World world("{cell: gru, hidden: 200, steps: 8}", 60, GetParam());
  const Answers answers = world.all_answers();
  for (std::uint32_t request = 1; request < 60; ++request)
    ASSERT_NE(answers[request], answers[0]) << request;
  for (int round = 0; round < 20; ++round) {
    const auto reference = world.reference();
    const std::vector<std::uint32_t> answered{59, 3, 17, 58, 0};
    reference->finish(answered, [] { return false; });
    for (const std::uint32_t request : answered) {
      ASSERT_FALSE(reference->answer(request).empty()) << request;
      EXPECT_EQ(reference->answer(request), answers[request]) << request;
    }
  }
}

// Requests behind the last one that was answered are left out.
TEST_P(Reference, NothingAnsweredIsNothingToWaitFor) {
  const World world("{cell: gru, hidden: 100, steps: 50}", 5'000, GetParam());
  const auto reference = world.reference();
  reference->finish({}, {});
  EXPECT_TRUE(reference->answer(4'999).empty());
  const auto some = world.reference();
  some->finish({2}, {});
  EXPECT_FALSE(some->answer(2).empty());
  EXPECT_TRUE(some->answer(4'999).empty());
}

TEST_P(Reference, RequestsWithoutValuesAreNotWaitedFor) {
  const World world("{cell: gru, hidden: 64, steps: 2}", 9, GetParam());
  const auto reference = world.reference(4);
  reference->finish({0, 1, 2, 3, 4}, {});
  EXPECT_FALSE(reference->answer(0).empty());
  EXPECT_FALSE(reference->answer(4).empty());
  for (const std::uint32_t request : {1, 2, 3}) EXPECT_TRUE(reference->answer(request).empty());
  const auto none = world.reference(0);
  none->finish({0, 1}, {});
  EXPECT_TRUE(none->answer(0).empty());
}

TEST_P(Reference, StopsWithTheAnswersSoFar) {
  const World world("{cell: gru, hidden: 200, steps: 100}", 2'000, GetParam());
  const auto reference = world.reference();
  int asked = 0;
  reference->finish(all(2'000), [&] { return ++asked > 3; });
  EXPECT_EQ(asked, 4);
  EXPECT_TRUE(reference->answer(1'999).empty());
}

// y = x + h for each request, which is the h of the next: no request may be left out.
TEST(ReferenceOfState, IsCarriedThroughRequestsWithoutValues) {
  test::TestGraph t;
  const ir::ValueId x = t.input("x", {1}), h = t.input("h", {1});
  const ir::ValueId sum = t.node("sum", "Add", {x, h});
  t.output(sum);
  t.graph.states.push_back({h, sum, test::floats({100})});
  GraphInputs inputs;
  inputs.given = {{test::floats({1}), ir::Array()}, {test::floats({10}), ir::Array()}};
  GraphReference reference(t.graph, nullptr, inputs, 5, 4);
  reference.finish({0, 4}, {});
  Answers wanted;
  for (const float value : {101, 123}) {
    Payload packed;
    ir::append_array(test::floats({value}), packed);
    wanted.push_back(packed.bytes);
  }
  EXPECT_EQ(reference.answer(0), wanted[0]);
  EXPECT_EQ(reference.answer(4), wanted[1]);
}

// A file's rows come again and again, and each is answered once.
TEST(ReferenceOfRows, AnswersEachRowOnce) {
  test::TestGraph t;
  t.output(t.node("y", "Neg", {t.input("x", {1})}));
  GraphInputs inputs;
  inputs.given = {{test::floats({1})}, {test::floats({2})}, {test::floats({3})}};
  GraphReference reference(t.graph, nullptr, inputs, 1'000'000'000, 2);
  reference.finish({999'999'998}, {});
  for (std::uint32_t request = 0; request < 6; ++request) {
    Payload packed;
    ir::append_array(test::floats({-static_cast<float>(request % 3 + 1)}), packed);
    EXPECT_EQ(reference.answer(request), packed.bytes) << request;
  }
}

}  // namespace
}  // namespace soliton
