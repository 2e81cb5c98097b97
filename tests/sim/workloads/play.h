// Communication workloads on small networks, packed, in this process.
#pragma once

#include <string>
#include <vector>

#include "cluster/run/run.h"

namespace soliton {

// Of a cluster file that must be good and a run that must be complete and right.
RunResults play_workload(const std::string& yaml);

// Networks of 8 nodes, "f[0-7]", one of each kind, as the value of `topology` without its routing.
std::vector<std::string> networks_of_eight();
// Workloads among 8 nodes, every kind with every schedule.
std::vector<std::string> workloads_of_eight(std::uint64_t bytes, int count);

std::string cluster_of(const std::string& topology, const std::string& workload, int nodes = 8);

}  // namespace soliton
