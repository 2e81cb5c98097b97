// Packed clusters whose nodes do next to nothing.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/engine/cluster_run.h"

namespace soliton {

// Two nodes play one round trip of a ping and all others do nothing: from the values of a cluster
// file to the end of the run. `topology`: "rack" or "datacenter"; a rack is made as large as needed.
ClusterOutcome run_idle(std::uint32_t nodes, const std::string& topology);
// All nodes begin an all-gather around a ring, which a limit ends after a microsecond.
ClusterOutcome begin_all_gather(std::uint32_t nodes);

}  // namespace soliton
