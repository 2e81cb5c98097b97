#include "cluster/workload/symbols.h"

#include <algorithm>
#include <optional>
#include <set>

namespace soliton {
namespace {

// Operators that hand the values of their first input on.
bool hands_on(const ir::Node& node) {
  static constexpr std::string_view kOperators[] = {"Cast",    "Identity",  "Reshape", "Squeeze",
                                                    "Flatten", "Unsqueeze", "Slice",   "Transpose"};
  return std::ranges::find(kOperators, node.op) != std::end(kOperators);
}

// Of the table that `node` reads by `symbols`.
std::optional<std::int64_t> rows_of_table(const ir::Graph& graph, const ir::Node& node,
                                          const std::set<ir::ValueId>& symbols) {
  if (node.op != "Gather" || symbols.count(node.inputs[1]) == 0) return std::nullopt;
  const ir::Array& table = graph.values[node.inputs[0]].constant;
  const Result<std::int64_t> axis = node.integer("axis", 0);
  if (!table.present() || !axis || *axis < 0 || *axis >= static_cast<std::int64_t>(table.rank()))
    return std::nullopt;
  return table.shape()[static_cast<std::size_t>(*axis)];
}

}  // namespace

std::optional<std::int64_t> table_rows(const ir::Graph& graph, ir::ValueId input) {
  std::set<ir::ValueId> symbols{input};
  std::optional<std::int64_t> least;
  for (const ir::Node& node : graph.nodes) {
    if (hands_on(node) && symbols.count(node.inputs[0]) > 0) symbols.insert(node.outputs[0]);
    const auto rows = rows_of_table(graph, node, symbols);
    if (rows && *rows > 0) least = std::min(*rows, least.value_or(*rows));
  }
  return least;
}

}  // namespace soliton
