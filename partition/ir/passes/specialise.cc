#include "partition/ir/passes/specialise.h"

#include <algorithm>

#include "partition/ir/passes/fold.h"
#include "partition/ir/passes/tidy.h"

namespace soliton::ir {
namespace {

// Of one constant; what is larger costs more memory than the operator that makes it costs time.
constexpr std::int64_t kMostElementsKept = std::int64_t{1} << 20;

// Whether any node was replaced by what it always makes.
bool keep_known(Graph& graph, const std::vector<Array>& arrays) {
  const auto follows = [&](const Node& node) {
    return std::ranges::all_of(node.outputs, [&](ValueId id) {
      return id == kAbsent || (arrays[id].known() && arrays[id].elements() <= kMostElementsKept);
    });
  };
  bool any = false;
  for (const Node& node : graph.nodes) {
    if (!follows(node)) continue;
    any = true;
    for (const ValueId id : node.outputs)
      if (id != kAbsent) graph.values[id].constant = arrays[id];
  }
  std::erase_if(graph.nodes, follows);
  return any;
}

}  // namespace

void specialise(Graph& graph, const std::function<std::vector<Array>(const Graph&)>& arrays_of) {
  while (keep_known(graph, arrays_of(graph))) {
    fold_constants(graph);
    remove_unused(graph);
  }
  make_outputs(graph);
}

}  // namespace soliton::ir
