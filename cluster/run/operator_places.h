// Where the placement of a cluster file lets the operators of a graph run.
#pragma once

#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "partition/ir/graph.h"
#include "partition/region/split_model.h"

namespace soliton {

// The longest pattern that matches; null if none does.
const PlacementRule* rule_for(const std::vector<PlacementRule>& placement, const std::string& name);
// Of the nodes that a rule names, those that have an NPU, as indices into ClusterSpec::nodes, each
// once, ascending.
std::vector<std::size_t> npus_of(const ClusterSpec& spec, const PlacementRule& rule);
// For each rule whose pattern matches none of the names.
Diagnostics check_patterns(const std::vector<PlacementRule>& placement, const std::string& model,
                           const std::vector<std::string>& names);

struct OperatorPlaces {
  std::vector<std::size_t> host;  // by node of the graph: of `hosts`, where it runs on a CPU
  std::vector<bool> on_cpu;       // by node: it must run there
};
// `hosts`: nodes with a CPU. Errors: a pattern that matches nothing, and without FPGAs an operator
// that is placed nowhere.
Checked<OperatorPlaces> operator_places(const ClusterSpec& spec, const ir::Graph& graph,
                                        const std::string& model,
                                        const std::vector<std::string>& hosts);

// The operators that may run on FPGAs alone, but which the split leaves to CPUs, with the reasons.
Diagnostics check_on_fpgas(const ClusterSpec& spec, const ir::Graph& graph,
                           const SplitModel& split);

}  // namespace soliton
