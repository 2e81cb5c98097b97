// The partitioner: model + cluster -> plan.
//
// A plan cuts the layers, in their topological order, into stages, each on nodes of its own: any
// nodes, in any order.
// The value of a plan is what the cost model predicts when the whole plan is played. Small searches
// are exact: plans are skipped only if a bound on all plans with the same beginning is not better
// than the best plan found. If an exact search takes too long, the best plan found is returned with
// a bound on all plans, or with a statement that none is known.
#pragma once

#include <functional>

#include "partition/cost/cost_model.h"
#include "partition/ir/layer_graph.h"
#include "partition/lower/lower.h"
#include "partition/plan/plan.h"
#include "topologies/routes.h"

namespace soliton {

struct PartitionNode {
  std::string name;
  Device device;
};

// What a plan has to keep to, beside the memories.
struct PlanConstraints {
  std::vector<bool> forbidden;  // by node: it may not be used; empty: none is
  // By layer: the only nodes on which it may lie, in ascending order. Without an entry, or with an
  // empty one, it may lie on any.
  std::vector<std::vector<std::size_t>> only_on;
  // By layer: it shares the stage of the layer before it; empty: none has to.
  std::vector<bool> joined;
  // The plan itself: it is checked and played, and nothing is searched.
  std::optional<std::vector<PlanStage>> given;

  bool forbids(std::size_t node) const { return node < forbidden.size() && forbidden[node]; }
  bool joins(std::size_t layer) const { return layer < joined.size() && joined[layer]; }
  // Whether it leaves out any plan; whether it does so by where layers are.
  bool any() const;
  bool binds_layers() const;
};

struct PartitionRequest {
  const LayerGraph* model = nullptr;
  // Where its vectors come from and go to, and what the CPU hosts do around programs whose ends are
  // `host` (Lowered::host). Without them the first node with a CPU is a plain host (plain_host.h).
  const GraphEnds* ends = nullptr;
  std::function<std::vector<PricedHost>(const HostPorts& host)> hosts;
  const Topology* topology = nullptr;  // nodes in the same order as `nodes`
  const Routes* routes = nullptr;
  std::vector<PartitionNode> nodes;  // all nodes of the cluster, including hosts (cpu)
  std::string precision;             // a number format; "": each device's native one
  Objective objective = Objective::kLatency;
  std::int64_t min_nodes = 1;
  std::int64_t max_nodes = 0;  // 0: all
  std::int64_t steps = 1;      // length of the requests for which the plan is made
  Duration sla{};              // maximum latency of a request; 0: none
  bool with_weights = true;    // false: `compute: timing`
  std::uint32_t mtu = 1408;
  const LtlOptions* ltl = nullptr;    // as in CostRequest
  std::optional<std::uint64_t> seed;  // as in CostRequest; only for the chosen plan
  std::uint32_t before = 0;           // as in CostRequest
  std::uint32_t batch = 1;            // requests that run together; times are those of a full batch
  std::uint32_t window = 0;           // as in LowerRequest
  PlanConstraints constraints;
};

// A plan that misses the SLA of objective `nodes` says so in Plan::missed.
//
// Errors: kInvalid (no usable node, no host, unknown precision, a given plan that is not one of the
// model and the cluster, with the first difference); kDoesNotFit, with the missing
// bytes and the number of nodes of the device that would be enough.
Checked<Plan> partition_model(const PartitionRequest& request);

// Puts the whole model on one device like `device` with memories as large as needed. Its outputs are
// the reference for those of a plan. There is one shard, named "unsharded"; times are not predicted.
// `ends`: all on "host"; null: the same, each result once.
Checked<Plan> unsharded(const LayerGraph& model, const NpuDevice& device,
                        const std::string& precision, const GraphEnds* ends = nullptr);

}  // namespace soliton
