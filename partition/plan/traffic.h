// What a plan sends over the network for one request, counted from its programs.
#pragma once

#include <string>
#include <vector>

#include "partition/plan/plan.h"
#include "topologies/topology.h"

namespace soliton {

struct Flow {
  std::string from;
  std::string to;
  std::int64_t messages = 0;
  std::int64_t bytes = 0;  // of tensors
};

// Between different nodes, the host included, in order of (from, to) as nodes stand in the plan,
// the host first.
std::vector<Flow> flows(const Plan& plan);

struct BusyLink {
  std::string name;
  std::int64_t bytes = 0;
};
// The link direction that carries most. Empty name when nothing crosses one.
BusyLink busiest_link(const Plan& plan, const Topology& topology);

}  // namespace soliton
