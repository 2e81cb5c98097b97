// Operators for objective latency: who waits for whom, how long each takes where, and how long the
// rest of a request takes at least once one is done. Internal to the search.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/unit_graph.h"

namespace soliton::assignment {

struct FlowGraph {
  Rows<Index> producers, consumers;  // by operator
  std::vector<Index> order;          // operators, topologically
  std::vector<std::int64_t> transfers;
  std::size_t classes = 0;
  std::vector<std::int64_t> times;  // [operator * classes + class]; kUnsupported also without nodes
  std::vector<char> accelerator;    // by class
  // By operator and consumer, in the order of `consumers`: no request is done earlier than this
  // after the operator is, if the consumer runs on another node. Free choice of nodes, no limits of
  // memory or number.
  Rows<std::int64_t> tails;
  std::int64_t least = 0;  // the same for a whole request

  std::int64_t time(std::size_t op, std::size_t node_class) const {
    return times[op * classes + node_class];
  }
};

FlowGraph make_flow(const priced::PricedGraph& graph);

// An accelerator and what it runs.
struct Group {
  std::size_t node_class = 0;
  std::vector<Index> operators;
};
struct LatencyPlan {
  std::int64_t value = kForever;
  std::vector<Group> groups;     // in an order in which each depends on earlier ones only
  std::vector<Index> cpu_class;  // by operator that is in no group
};

// The time at which the last operator is done. REQUIRES: a legal plan.
std::int64_t latency_of(const FlowGraph& flow, const LatencyPlan& plan);

// No plan is faster than the operators along a path alone would be, on as many nodes with as much
// memory. The best such bound of some paths.
std::int64_t path_bound(const priced::PricedGraph& graph, const FlowGraph& flow);

}  // namespace soliton::assignment
