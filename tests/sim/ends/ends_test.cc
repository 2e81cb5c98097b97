// Whole nodes, with LTL and their roles, in small random clusters with losses, dead links, limits
// and little patience: where windows end has no influence on what a run leaves, however it ends.
// The engine checks meanwhile that no node gives a peer up earlier than it has foreseen.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <memory>

#include "cluster/run/deploy.h"
#include "cluster/run/run.h"
#include "fabric/sim/engine.h"
#include "fabric/sim/local_node.h"
#include "protocol/base/rng.h"
#include "tests/cluster_text.h"
#include "tests/sim/engine/end_reason.h"

namespace soliton {
namespace {

// Gives its node less time than it was granted, as a full ring does.
class HastyNode : public LocalNode {
 public:
  HastyNode(Machine& machine, NodeId self, Duration most) : LocalNode(machine, self), most_(most) {}
  void grant(Instant until) override {
    LocalNode::grant(std::min(until, later(next_event(), most_)));
  }

 private:
  Duration most_;
};

std::string random_cluster(std::uint64_t seed) {
  const Random random(seed, "ends");
  const auto pick = [&](std::uint64_t ordinal, const std::vector<std::string>& of) {
    return of[random.below(ordinal, of.size())];
  };
  const std::uint64_t last = 1 + random.below(0, 3);
  std::string text = fmt::format(
      "seed: {}\ntopology: rack\nnodes: [{{name: \"fpga[0-{}]\", device: bw-s10}}]\n", seed, last);
  const std::string pair = fmt::format("from: fpga0, to: fpga{}", last);
  text += pick(1, {"workload: {kind: stream, " + pair + ", bytes: 30 kB, count: 60}\n",
                   "workload: {kind: ping, " + pair + ", bytes: 300, count: 90}\n",
                   fmt::format("workload: {{kind: all-gather, nodes: \"fpga[0-{}]\", bytes: 9 kB, "
                               "count: 20}}\n",
                               last),
                   fmt::format("workload: {{kind: incast, from: \"fpga[0-{}]\", to: fpga{}, bytes: "
                               "9 kB, count: 30}}\n",
                               last - 1, last)});
  text += pick(2, {"", fmt::format("limits: {{time: {} us}}\n", 20 + random.below(3, 800)),
                   "limits: {time: 30 ms}\n"});
  text += pick(
      4, {"ltl: {misses: 1}\n", "ltl: {misses: 3}\n", "ltl: {misses: auto}\n",
          "ltl: {misses: 1, timeout: 5 us}\n", "ltl: {misses: 2, handshake: true, auth: header}\n",
          "ltl: {misses: 2, timeout: 20 us, timeout_rtts: 4}\n"});
  text += fmt::format("faults:\n  - {{link: \"*\", loss: {} %}}\n", random.below(5, 40));
  text += fmt::format("  - {{at: {} us, {}link: {}, link_down: true}}\n", 1 + random.below(6, 19),
                      pick(7, {"", "for: 700 us, ", "for: 90 us, "}),
                      pick(8, {"fpga0-tor0", "\"fpga*\""}));
  return text;
}

struct World {
  explicit World(const std::string& yaml) {
    Checked<ClusterSpec> spec = read_cluster_text(yaml, "test.yaml", {}, {SOLITON_SOURCE_DIR});
    EXPECT_TRUE(spec) << spec.error().text();
    Checked<std::unique_ptr<PreparedRun>> prepared = prepare(*spec);
    EXPECT_TRUE(prepared) << prepared.error().text();
    run = std::move(*prepared);
    nodes = make_assignments(run->spec, *run->spec.workload.traffic, run->topology, *run->routes,
                             run->faults);
  }
  std::unique_ptr<PreparedRun> run;
  std::vector<NodeAssignment> nodes;
};

std::string describe(Node& node, Instant end) {
  std::string text;
  Records records;
  if (node.role() != nullptr) node.role()->hand_over(records);
  for (const TrafficRecord& r : records.messages)
    text += fmt::format("{}/{} {} {}\n", r.flow, r.number, r.sent.time_since_epoch().count(),
                        r.completed.time_since_epoch().count());
  const LtlStats& ltl = node.ltl().stats();
  text += fmt::format("{} messages, {} delivered, {} packets, {} B, {} resent, {} timeouts\n",
                      ltl.messages_sent, ltl.messages_delivered, ltl.packets_sent, ltl.bytes_sent,
                      ltl.retransmitted, ltl.timeouts);
  for (const LostPeer& lost : node.lost_peers())
    text += fmt::format("lost {} at {} after {}\n", index(lost.peer),
                        lost.at.time_since_epoch().count(), lost.detail);
  for (const std::string& line : node.describe_outstanding(end)) text += line + "\n";
  return text;
}

struct Played {
  EndReason end{};
  std::string text;
};

Played play(const World& world, Duration most) {
  Network network(world.run->topology, *world.run->routes, world.run->faults);
  std::vector<std::unique_ptr<Node>> nodes;
  std::vector<std::unique_ptr<HastyNode>> hasty;
  std::vector<EngineNode*> references;
  for (const NodeAssignment& node : world.nodes) {
    nodes.push_back(std::make_unique<Node>(node.deployment));
    nodes.back()->start(kRunStart);
    hasty.push_back(std::make_unique<HastyNode>(*nodes.back(), node.deployment.id, most));
    references.push_back(hasty.back().get());
  }
  EngineOptions options;
  options.time_limit = kRunStart + world.run->spec.time_limit;
  const Result<EngineReport> report = Engine(network, references, options).run();
  EXPECT_TRUE(report);
  Played played{report->end, fmt::format("{} at {}, {} events\n", end_reason_name(report->end),
                                         report->now.time_since_epoch().count(),
                                         report->node_events + report->network_events)};
  for (const std::unique_ptr<Node>& node : nodes) played.text += describe(*node, report->now);
  for (const FaultCounters& f : network.fault_counters())
    played.text += fmt::format("{}/{}\n", f.hits, f.dropped);
  return played;
}

TEST(NodeEnds, WindowsDoNotMatterToAnyEnd) {
  std::map<EndReason, int> reasons;
  for (std::uint64_t seed = 1; seed <= 120; ++seed) {
    SCOPED_TRACE(seed);
    const World world(random_cluster(seed));
    const Played whole = play(world, Duration::max());
    ++reasons[whole.end];
    for (const Duration most : {picoseconds(1), nanoseconds(700)})
      EXPECT_EQ(whole.text, play(world, most).text);
    if (HasFailure()) return;
  }
  EXPECT_GT(reasons[EndReason::kQuiet], 5);
  EXPECT_GT(reasons[EndReason::kTimeLimit], 5);
  EXPECT_GT(reasons[EndReason::kNodeEnded], 20);
}

}  // namespace
}  // namespace soliton
