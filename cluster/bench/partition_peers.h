// What the planner of priced graphs is compared with: simple planners written here, and programs
// that cut graphs. All of their answers are scored by the checker's recomputation
// (partition/verify), which is also what scores ours.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "partition/priced/priced_graph.h"
#include "partition/verify/recompute.h"
#include "protocol/base/result.h"

namespace soliton {

struct PeerPlan {
  std::string name;
  std::optional<Duration> value;  // nullopt: there is none, `remark` says why
  // "" for a plan of the class `contiguous`; otherwise what keeps it from being one.
  std::string remark;
};

// For objective latency, also everything on the CPU. Graph partitioners and chains need nodes of
// one kind, and are left out of graphs with several classes of accelerators; chains also of graphs
// that are too large for them.
std::vector<PeerPlan> peer_plans(const priced::PricedGraph& graph, priced::Objective objective);

// An answer as it is scored. `places`: an error is why there is none.
PeerPlan scored(const std::string& name, const priced::PricedGraph& graph,
                priced::Objective objective, const Result<verify::Places>& places);

// Fills accelerators one after the other, in topological order: with as much memory as each has,
// and for objective throughput with the least computing that lets all operators be placed. What is
// left goes to a CPU.
Result<verify::Places> greedy_split(const priced::PricedGraph& graph, priced::Objective objective);

}  // namespace soliton
