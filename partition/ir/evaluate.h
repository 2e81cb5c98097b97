// Runs a graph: operator after operator in the graph's order, each in a fixed order of arithmetic.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "partition/ir/graph.h"
#include "partition/ir/operator.h"
#include "protocol/base/result.h"

namespace soliton::ir {

// Called after each node that was run, with what went in and came out. Returns whether to go on.
using Observer = std::function<bool(std::size_t node, const Call&, const Outputs&)>;

// Runs one node on its inputs. Error: kInvalid, beginning with the node's name and operator.
Result<Outputs> apply_node(const Graph& graph, const Node& node, std::span<const Array> inputs,
                           std::int64_t most_elements = kMostElements);

// The graph's outputs for the given inputs, in the order of graph.inputs (states included). An
// unknown input makes everything that depends on it unknown, but for its shape. Error: kInvalid, of
// the first node that cannot run, or behind which the observer ended it.
Result<Outputs> evaluate(const Graph& graph, std::span<const Array> inputs,
                         const Observer& observer = {});

// The arrays of all values of the graph for the given inputs, by ValueId: constants are known,
// others as far as they follow and are no more, all together, than one operator may make, but for real
// numbers that an input picks from a table. Every node
// that cannot run is an error of its own; nodes behind it
// are not looked at.
Checked<std::vector<Array>> infer(const Graph& graph, std::span<const Array> inputs);

// The same as far as it goes, from inputs some of which may be absent: what does not follow is absent.
std::vector<Array> infer_partly(const Graph& graph, std::span<const Array> inputs);

}  // namespace soliton::ir
