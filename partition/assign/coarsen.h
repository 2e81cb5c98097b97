// Smaller graphs whose plans are plans of the whole graph: neighbours in a row become one. Internal
// to the search.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/assign/unit_graph.h"

namespace soliton::assignment {

struct CoarsenOptions {
  std::int64_t longest = 0;       // least time of a unit that was made of several
  std::vector<char> apart;        // by unit: stays as it is
  std::vector<Index> segment_of;  // by unit: only units of one segment become one
};

// Merges a unit with its only consumer, or its only producer, again and again.
UnitGraph coarsen(const priced::PricedGraph& graph, const UnitGraph& units,
                  const CoarsenOptions& options);

}  // namespace soliton::assignment
