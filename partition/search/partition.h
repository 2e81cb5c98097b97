// The partitioner: model + cluster -> plan.
//
// A plan cuts the chain of layers into stages, each on nodes of its own: any nodes, in any order.
// Its value is what the cost model says of all of it, played. Small searches are exact: plans are
// left out only when a bound that holds for all that begin like them is no better than the best
// plan found. Where that takes too long the best plan found stands beside a bound on all, or says
// that there is none.
#pragma once

#include "partition/cost/cost_model.h"
#include "partition/ir/model.h"
#include "partition/plan/plan.h"
#include "topologies/routes.h"

namespace soliton {

struct PartitionNode {
  std::string name;
  Device device;
};

struct PartitionRequest {
  const Model* model = nullptr;
  const Topology* topology = nullptr;  // nodes in the same order as `nodes`
  const Routes* routes = nullptr;
  std::vector<PartitionNode> nodes;  // all nodes of the cluster, hosts (cpu) among them
  std::string precision;             // a format; "" = each device's native one
  Objective objective = Objective::kLatency;
  std::int64_t min_nodes = 1;
  std::int64_t max_nodes = 0;  // 0: all
  std::int64_t steps = 1;      // request length the plan is made for
  Duration sla{};              // latency that a request must not exceed; 0: none
  bool with_weights = true;    // false: `compute: timing`
  std::uint32_t mtu = 1408;
  const LtlOptions* ltl = nullptr;    // as CostRequest
  std::optional<std::uint64_t> seed;  // as CostRequest, of what is predicted of the chosen plan
  std::uint32_t before = 0;           // as CostRequest
  std::uint32_t batch = 1;            // requests that run together; times are those of a full batch
  std::uint32_t window = 0;           // as LowerRequest
};

// A plan that misses the SLA of objective `nodes` says so in Plan::missed.
//
// Errors: kInvalid (no usable node, no host, unknown precision), kDoesNotFit with the bytes short
// and how many nodes of the device would do.
Checked<Plan> partition_model(const PartitionRequest& request);

// The whole model on one device like `device` whose memories are as large as needed, and the host
// part that feeds it: what outputs are compared with. One shard, named "unsharded"; the host is
// named "host"; times are not predicted.
Checked<Plan> unsharded(const Model& model, const NpuDevice& device, const std::string& precision,
                        const CpuDevice& host);

}  // namespace soliton
