// A price for the time of each class of nodes, and what each unit costs at least at those prices.
// Whatever the plan, units cost no more than the time it uses, so
//
//   T >= sum of costs / sum over classes of price x nodes,
//
// for the largest load T of a plan, and likewise for the units and nodes that a part of a plan has
// left. Any prices are right; good ones solve the dual of the fractional assignment. Internal to
// the search.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/unit_graph.h"

namespace soliton::assignment {

using Wide = __int128;

struct Prices {
  std::vector<std::int64_t> of_class;  // 0 for classes without nodes
  std::vector<Wide> of_unit;
  Wide total = 0;
};

// REQUIRES: every unit can run on some class that has nodes.
Prices find_prices(const UnitGraph& units);

// No plan's largest load is below this: the bound above, and the largest unit.
std::int64_t load_bound(const UnitGraph& units, const Prices& prices);

}  // namespace soliton::assignment
