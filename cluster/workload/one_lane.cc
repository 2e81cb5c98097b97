// Models with a fixed batch, all of whose lanes are the same request.
#include <algorithm>

#include "cluster/workload/input_files.h"
#include "partition/ir/array_bytes.h"
#include "partition/ir/evaluate.h"

namespace soliton {
namespace {

constexpr std::size_t kLengths = 4, kHidden = 5, kCell = 6;  // inputs of recurrent operators

bool is_recurrent(const ir::Node& node) {
  return node.op == "LSTM" || node.op == "GRU" || node.op == "RNN";
}

// Lengths and initial states of recurrent operators are constants of the batch's size.
ir::Graph with_one_lane(const ir::Graph& graph, std::int64_t lanes) {
  ir::Graph out = graph;
  const auto narrow = [&](const ir::Node& node, std::size_t input, std::size_t axis) {
    if (node.inputs.size() <= input || node.inputs[input] == ir::kAbsent) return;
    ir::Array& constant = out.values[node.inputs[input]].constant;
    if (constant.known() && axis < constant.rank() && constant.shape()[axis] == lanes)
      constant = cut(constant, axis, 1);
  };
  for (const ir::Node& node : out.nodes) {
    if (!is_recurrent(node)) continue;
    const std::size_t batch = node.integer("layout", 0).value_or(0) == 1 ? 0 : 1;
    narrow(node, kLengths, 0);
    narrow(node, kHidden, batch);
    narrow(node, kCell, batch);
  }
  return out;
}

std::vector<ir::Array> one_lane_of(const std::vector<ir::Array>& request, const Lanes& lanes) {
  std::vector<ir::Array> out;
  for (const ir::Array& input : request) {
    const bool has = input.rank() == lanes.rank && input.shape()[lanes.axis] == lanes.count;
    out.push_back(has ? cut(input, lanes.axis, 1) : input);
  }
  return out;
}

std::vector<std::byte> first_lanes(const ir::Graph& graph, const std::vector<ir::Array>& request,
                                   const Lanes& lanes) {
  const Result<ir::Outputs> outputs = ir::evaluate(graph, request);
  Payload out;
  for (std::size_t k = 0; outputs && k < outputs->size(); ++k)
    ir::append_array(lane_of((*outputs)[k], k, lanes), out);
  return std::move(out.bytes);
}

}  // namespace

void use_one_lane(ir::Graph& graph, GraphWorkload& workload) {
  if (!workload.lanes || workload.lanes->count == 1 || !graph.states.empty()) return;
  const Lanes all = *workload.lanes;
  Lanes one = all;
  one.count = 1;
  ir::Graph narrow = with_one_lane(graph, all.count);
  const std::vector<ir::Array>& request = workload.inputs.given.front();
  const std::vector<std::byte> wanted = first_lanes(graph, request, all);
  if (wanted.empty() || wanted != first_lanes(narrow, one_lane_of(request, all), one)) return;
  graph = std::move(narrow);
  for (std::vector<ir::Array>& it : workload.inputs.given) it = one_lane_of(it, all);
  workload.lanes = one;
}

}  // namespace soliton
