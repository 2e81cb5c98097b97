// What must hold of a priced graph as a whole, with the words for what does not. Internal to the
// reader.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <vector>

#include "partition/priced/priced_graph.h"
#include "protocol/base/result.h"

namespace soliton::priced {

// The operators of a shortest cycle, the first one with the lowest number; empty if there is none.
// Of cycles among many thousand operators, a short one.
std::vector<std::size_t> shortest_cycle(std::size_t operators, const std::vector<Edge>& edges);

// Adds what keeps the operators from lying on the nodes at all: sums that no limit allows, groups
// that no node can hold. `error` makes an error about an operator, with its place.
using OperatorError = std::function<Error(std::size_t index, const std::string& message)>;
void check_fit(const PricedGraph& graph, const std::string& file, const OperatorError& error,
               Diagnostics& problems);

}  // namespace soliton::priced
