#include "partition/search/nodes_view.h"

#include <fmt/format.h>

#include <algorithm>

namespace soliton {
namespace {

struct Candidate {
  LowerNode node;
  std::string place;
};

std::string place_of(const PartitionRequest& request, std::size_t node) {
  return request.topology == nullptr ? "" : request.topology->vertices.at(node).place;
}

void sort_by_place(std::vector<Candidate>& candidates, const std::string& host_place) {
  std::vector<std::string> order{host_place};
  for (const Candidate& it : candidates) {
    if (std::ranges::find(order, it.place) == order.end()) order.push_back(it.place);
  }
  std::ranges::stable_sort(candidates, {}, [&](const Candidate& it) {
    return std::ranges::find(order, it.place) - order.begin();
  });
}

// Numbers alike devices alike, by value: two of one name need not be the same.
std::vector<std::size_t> classes_of(const std::vector<LowerNode>& nodes) {
  std::vector<const NpuDevice*> seen;
  std::vector<std::size_t> out;
  for (const LowerNode& node : nodes) {
    auto at = std::ranges::find_if(seen, [&](const auto* other) { return *other == node.device; });
    if (at == seen.end()) at = seen.insert(at, &node.device);
    out.push_back(static_cast<std::size_t>(at - seen.begin()));
  }
  return out;
}

}  // namespace

Checked<NodesView> view_nodes(const PartitionRequest& request) {
  NodesView view;
  std::vector<Candidate> candidates;
  bool has_host = false;
  std::size_t npus = 0;
  for (std::size_t i = 0; i < request.nodes.size(); ++i) {
    const PartitionNode& node = request.nodes[i];
    if (node.device.kind == Device::Kind::kNpu) {
      ++npus;
      if (node.device.npu.matrix_rf_tiles > 0)
        candidates.push_back({{node.name, node.device.npu}, place_of(request, i)});
    } else if (!has_host) {
      has_host = true;
      view.host = node.name;
      view.host_place = place_of(request, i);
      view.cpu = node.device.cpu;
    }
  }
  Diagnostics problems;
  if (candidates.empty()) {
    problems.add(ErrorCode::kInvalid,
                 fmt::format("no usable node: {} listed, {} with an NPU, none with weight memory",
                             request.nodes.size(), npus));
  }
  if (!has_host) {
    problems.add(
        ErrorCode::kInvalid,
        fmt::format(
            "no host: none of the {} nodes has a device of kind cpu, which runs the clients",
            request.nodes.size()));
  }
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  sort_by_place(candidates, view.host_place);
  for (Candidate& it : candidates) {
    view.nodes.push_back(std::move(it.node));
    view.places.push_back(std::move(it.place));
  }
  view.device_class = classes_of(view.nodes);
  view.mixed = std::ranges::any_of(view.device_class, [](std::size_t it) { return it != 0; });
  return view;
}

}  // namespace soliton
