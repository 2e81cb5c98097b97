// Every assignment of a small priced graph, by the rules of partition/priced/assignment.h and
// nothing of the search.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "partition/priced/assignment.h"

namespace soliton::priced {

// The value of an assignment; nullopt if it is not legal.
std::optional<std::int64_t> value_of(const PricedGraph& graph, Objective objective,
                                     const std::vector<Place>& places);

// The least value of all assignments; nullopt if none is legal.
std::optional<std::int64_t> brute_force(const PricedGraph& graph, Objective objective);

// A graph of 1 to `most` operators, with groups, operators that some nodes cannot run, sizes near
// the memory, one or two classes of accelerators, and CPUs.
struct RandomGraph {
  std::size_t most = 7;
  bool groups = true;
  bool second_class = true;
};
PricedGraph random_graph(std::uint64_t seed, const RandomGraph& kind);

}  // namespace soliton::priced
