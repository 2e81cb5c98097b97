// A packed cluster in which two nodes play one round trip of a ping and all others do nothing.
#pragma once

#include <cstdint>
#include <string>

#include "cluster/engine/cluster_run.h"

namespace soliton {

// From the values of a cluster file to the end of the run. `topology`: "rack" or "datacenter"; a
// rack is made as large as needed.
ClusterOutcome run_idle(std::uint32_t nodes, const std::string& topology);

}  // namespace soliton
