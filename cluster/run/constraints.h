// What a cluster file asks of a plan beside an objective: nodes that are forbidden, operators that
// are placed on some nodes or together, and a plan that is given.
#pragma once

#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "partition/ir/layer_graph.h"
#include "partition/search/partition.h"

namespace soliton {

// An operator that makes no layer: on a CPU, or on FPGAs where it takes nothing.
struct OtherOperator {
  std::string name;
  std::string host;  // "": on FPGAs
};

// Names and patterns of the file become layers of `model` and nodes of the file. Records the file of
// a given plan in `files`. Errors: kInvalid, with places in the file: a pattern that matches nothing,
// operators of one stage that are placed apart, a plan that cannot be read.
Checked<PlanConstraints> constraints_of(const ClusterSpec& spec, const LayerGraph& model,
                                        const std::vector<OtherOperator>& others, FilesRead& files);

// Where in the file that stands which partition_model() refused with this message.
const std::string& position_of_refusal(const ClusterSpec& spec, const std::string& message);

}  // namespace soliton
