// The best assignment of a small graph by trying all of them, with a cost of its own: sums over sets
// of operators, where recompute.h follows edges. Two ways to the same number.
#pragma once

#include <cstdint>
#include <optional>

#include "partition/priced/assignment.h"
#include "partition/priced/priced_graph.h"

namespace soliton::verify {

// The size of what is tried. There may be more nodes of a class than operators to put on them.
inline constexpr std::size_t kBruteOperators = 12;
inline constexpr std::int64_t kBruteNodes = 3;  // of each class

// Whether a graph is small enough to try all of its assignments. For objective latency the number
// of CPUs does not count.
bool small_enough(const priced::PricedGraph& graph, priced::Objective objective);

struct BestOfAll {
  std::optional<Duration> value;  // nullopt: no assignment keeps the rules
  std::int64_t tried = 0;         // assignments that differ in more than the numbers of equal nodes
};
// Assignments that compute longer on one node than `limit`, or than the best so far is worth, are not
// followed to their end: they are worth more. REQUIRES: small_enough().
BestOfAll best_of_all(const priced::PricedGraph& graph, priced::Objective objective,
                      Duration limit = Duration::max());

}  // namespace soliton::verify
