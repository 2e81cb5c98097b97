// Finds the best nodes for the operators of a priced graph, and proves how good the answer is.
//
//   Checked<priced::Assignment> answer = assignment::find(graph, priced::Objective::kThroughput);
//
// Plain functions of values: the work is limited by counted steps and never by the clock, so the
// same graph gives the same answer on every machine. How: docs/planner.md, "Priced graphs".
#pragma once

#include <cstdint>

#include "partition/priced/assignment.h"
#include "partition/priced/priced_graph.h"
#include "protocol/base/result.h"

namespace soliton::assignment {

// How much work is spent. The defaults take a few seconds at most; more makes proofs more likely.
struct Effort {
  std::int64_t orders = 60;                  // topological orders that are cut exactly
  std::int64_t order_steps = 400'000'000;    // for all of them together
  std::int64_t lattice_sets = 1'000'000;     // ideals that are kept at most
  std::int64_t lattice_steps = 500'000'000;  // pairs of them that are looked at
  std::int64_t label_steps = 900'000'000;    // for objective latency
};

// `seconds` of the answer stays 0. Errors: kDoesNotFit; the words say whether that is proved.
// REQUIRES: what read_priced() ensures of a graph.
Result<priced::Assignment> find(const priced::PricedGraph& graph, priced::Objective objective,
                                const Effort& effort = {});

}  // namespace soliton::assignment
