// A rule of the fault plan as a node carries it out.
#pragma once

#include <cstdint>
#include <vector>

#include "fabric/faults/fault_plan.h"

namespace soliton {

struct NodeRule {
  std::uint32_t number = 0;  // position in the plan
  NodeId subject{};  // the node that the rule is about; of a rule about the resource manager
                     // another than the node that has the manager
  FaultRule rule;
};

// What happens to a node, and what decides when.
struct NodeRules {
  std::uint64_t seed = 1;
  Instant until = kNever;  // windows that begin later do not count
  std::vector<NodeRule> rules;

  bool empty() const { return rules.empty(); }
};

}  // namespace soliton
