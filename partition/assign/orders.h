// Topological orders of the units to cut. Internal to the search.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/unit_graph.h"

namespace soliton::assignment {

// Order number k of an unlimited list, the same on every machine. 0: the numbering itself. Others
// are depth first, forwards or backwards, with more and more chance, or cut as little as possible.
std::vector<Index> make_order(const UnitGraph& units, std::uint64_t number);

// Whether the numbering is the only topological order.
bool only_order(const UnitGraph& units);

}  // namespace soliton::assignment
