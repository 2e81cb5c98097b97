// events.csv of a run, read back as rules that do the same again. Private to cluster/file.
#pragma once

#include <string>
#include <vector>

#include "fabric/faults/fault_plan.h"
#include "protocol/base/result.h"
#include "topologies/topology.h"

namespace soliton {

// One rule for each that the file names, like `like`, of kind `events`; of those about nodes one for each
// node. `nodes`: of the cluster. Errors: "FILE:LINE: what is wrong".
Checked<std::vector<FaultRule>> read_events(const std::string& file, const FaultRule& like,
                                            const Topology& topology, std::size_t nodes);

}  // namespace soliton
