// The partitioner: model + cluster -> plan.
//
// A plan cuts the chain of layers into stages, each on nodes of its own: any nodes, in any order.
// The value of a plan is what the cost model predicts when the whole plan is played. Small searches
// are exact: plans are skipped only if a bound on all plans with the same beginning is not better
// than the best plan found. If an exact search takes too long, the best plan found is returned with
// a bound on all plans, or with a statement that none is known.
#pragma once

#include "partition/cost/cost_model.h"
#include "partition/ir/model.h"
#include "partition/lower/lower.h"
#include "partition/plan/plan.h"
#include "topologies/routes.h"

namespace soliton {

struct PartitionNode {
  std::string name;
  Device device;
};

struct PartitionRequest {
  const Model* model = nullptr;
  const GraphEnds* ends = nullptr;     // of a model that is no chain
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
};

// A plan that misses the SLA of objective `nodes` says so in Plan::missed.
//
// Errors: kInvalid (no usable node, no host, unknown precision); kDoesNotFit, with the missing
// bytes and the number of nodes of the device that would be enough.
Checked<Plan> partition_model(const PartitionRequest& request);

// Puts the whole model on one device like `device` with memories as large as needed, together with
// the host part that feeds it. Its outputs are the reference for those of a plan. There is one
// shard, named "unsharded"; the host is named "host"; times are not predicted.
// `ends`: of a model that is no chain, all on "host".
Checked<Plan> unsharded(const Model& model, const NpuDevice& device, const std::string& precision,
                        const CpuDevice& host, const GraphEnds* ends = nullptr);

}  // namespace soliton
