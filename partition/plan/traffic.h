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

// Between different nodes, host included, ordered by (from, to) as nodes stand in the plan, with
// the host first.
std::vector<Flow> flows(const Plan& plan);

struct BusyLink {
  std::string name;
  std::int64_t bytes = 0;
};
// The link direction that carries the most bytes. Its name is empty if nothing crosses a link.
BusyLink busiest_link(const Plan& plan, const Topology& topology);

}  // namespace soliton
