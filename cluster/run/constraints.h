// What a cluster file asks of a plan beside an objective: nodes that are forbidden, operators that
// are placed on some nodes or together, and a plan that is given.
#pragma once

#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "partition/ir/model.h"
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
Checked<PlanConstraints> constraints_of(const ClusterSpec& spec, const Model& model,
                                        const std::vector<OtherOperator>& others, FilesRead& files);

// The same for a chain of layers, all of which run on FPGAs: a placement elsewhere is an error.
Checked<PlanConstraints> constraints_of_chain(const ClusterSpec& spec, const Model& model,
                                              FilesRead& files);

// Where in the file that stands which partition_model() refused with this message.
const std::string& position_of_refusal(const ClusterSpec& spec, const std::string& message);

}  // namespace soliton
