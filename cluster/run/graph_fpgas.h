// The FPGAs' side of a run of a graph: which operators they run, which plan is best, and what their
// answers are compared with.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "cluster/run/graph_run.h"
#include "cluster/run/run_parts.h"
#include "cluster/workload/split_reference.h"
#include "partition/search/partition.h"

namespace soliton {

// The shapes of all values in the requests of the workload, whatever their data.
ir::RequestShapes shapes_of(const ir::Graph& graph, const GraphInputs& inputs);

// What the FPGAs of the cluster run of the graph. `on_cpu`: by node, those that are placed on a host.
SplitModel split_for(const ClusterSpec& spec, const ir::Graph& graph,
                     const ir::RequestShapes& shapes, std::vector<bool> on_cpu);

// Everything of a request for a plan that the cluster says, whatever the model.
PartitionRequest request_of_cluster(const PreparedRun& run);

// The best plan for the FPGAs, which also joins them with the hosts of `graph.placed`. `inputs`: of
// the request that is predicted; `parts`: of the same.
Checked<Plan> plan_fpgas(const PreparedRun& run, GraphRun& graph, const PartsRun& parts,
                         const std::vector<ir::Array>& inputs, const PlanConstraints& constraints);

// Null if it cannot be made, with the reason in `error`.
std::unique_ptr<SplitReference> split_reference(const PreparedRun& run,
                                                std::optional<Error>& error);

}  // namespace soliton
