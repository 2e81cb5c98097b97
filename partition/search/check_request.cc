#include "partition/search/check_request.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/lower/functions_needed.h"
#include "partition/search/node_groups.h"
#include "partition/search/refuse.h"

namespace soliton {
namespace {

std::vector<const LowerNode*> by_name(const NodesView& view) {
  std::vector<const LowerNode*> out;
  for (const LowerNode& node : view.nodes) out.push_back(&node);
  std::ranges::sort(
      out, [](const LowerNode* a, const LowerNode* b) { return name_before(a->name, b->name); });
  return out;
}

// The first node and layer for which something is missing: others usually lack the same.
void check_functions(const LayerGraph& model, const std::vector<const LowerNode*>& nodes,
                     Diagnostics& problems) {
  for (const LowerNode* node : nodes) {
    for (const Layer& layer : model.layers) {
      std::vector<NpuFunction> missing = functions_needed(layer);
      std::erase_if(missing, [&](NpuFunction it) { return node->device.has(it); });
      if (missing.empty()) continue;
      problems.add(
          ErrorCode::kInvalid,
          fmt::format("{}: device {} does not declare {}, which {} needs; its functions: {}",
                      node->name, node->device.name, function_names(missing), layer_name(layer),
                      function_names(node->device.functions)));
      return;
    }
  }
}

}  // namespace

NodeLimits node_limits(const PartitionRequest& request, const NodesView& view) {
  const auto least = static_cast<std::size_t>(std::max<std::int64_t>(1, request.min_nodes));
  const auto most = static_cast<std::size_t>(std::max<std::int64_t>(0, request.max_nodes));
  return {least, most == 0 ? view.nodes.size() : std::min(most, view.nodes.size())};
}

Diagnostics check_request(const PartitionRequest& request, const NodesView& view) {
  Diagnostics problems = check_layers(*request.model);
  const std::vector<const LowerNode*> nodes = by_name(view);
  const NodeLimits limits = node_limits(request, view);
  const LowerNode& first = *nodes.front();
  for (const LowerNode* node : nodes) {
    if (const auto format = format_on(node->device, request.precision); !format) {
      problems.add(format.error());
      break;
    }
  }
  check_functions(*request.model, nodes, problems);
  for (const LowerNode* node : nodes) {
    if (node->device.cell_programs == first.device.cell_programs) continue;
    problems.add(ErrorCode::kInvalid,
                 fmt::format("{} and {} write recurrent cells differently (cell_programs of "
                             "their devices); use nodes of one kind",
                             first.name, node->name));
    break;
  }
  for (const LowerNode* node : nodes) {
    if (node->device.native_dim == first.device.native_dim) continue;
    problems.add(
        ErrorCode::kInvalid,
        fmt::format(
            "native dimensions differ: {} has {}, {} has {}; use nodes of one native dimension",
            first.name, first.device.native_dim, node->name, node->device.native_dim));
    break;
  }
  if (limits.least > limits.most) {
    problems.add(ErrorCode::kInvalid,
                 fmt::format("min_nodes {} is more than the {} nodes a plan may use", limits.least,
                             limits.most));
  }
  return problems;
}

Diagnostics refuse(const PartitionRequest& request, const NodesView& view, const FoundPlan& found) {
  const NodeLimits limits = node_limits(request, view);
  Diagnostics problems;
  if (found.most == 0 || found.most >= limits.least) {
    problems.add(refusal(request, view, limits.most, found.proved));
  } else {
    problems.add(ErrorCode::kInvalid,
                 fmt::format("min_nodes {}: the model can be spread over at most {} of the nodes",
                             limits.least, found.most));
  }
  return problems;
}

Diagnostics refuse_time(const PartitionRequest& request, const Prediction& best) {
  const Breakdown& path = best.path;
  const bool network = path.network > std::max(path.compute, path.host);
  const bool host = path.host > std::max(path.compute, path.network);
  Diagnostics problems;
  problems.add(
      ErrorCode::kDoesNotFit,
      fmt::format("a request of {} step(s){} would take {} or longer on an idle cluster, "
                  "where emulated time ends; most of it is {}",
                  request.steps,
                  request.batch > 1 ? fmt::format(", in a batch of {},", request.batch) : "",
                  spell(kLongestTime),
                  network ? "the network's"
                  : host  ? "the host's (its memory_bandwidth and operator_overhead)"
                          : "the devices' (clock, lanes, timing, dram_bandwidth)"));
  return problems;
}

}  // namespace soliton
