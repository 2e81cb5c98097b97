// Which integers an input of a model means.
#pragma once

#include <cstdint>
#include <optional>

#include "partition/ir/graph.h"

namespace soliton {

// Rows of the smallest constant table from which `Gather` reads by the input, as it is or behind views
// and casts: symbols are less than that. nullopt if there is none.
std::optional<std::int64_t> table_rows(const ir::Graph& graph, ir::ValueId input);
// The same; 2 if there is none.
inline std::int64_t symbols_of(const ir::Graph& graph, ir::ValueId input) {
  return table_rows(graph, input).value_or(2);
}

}  // namespace soliton
