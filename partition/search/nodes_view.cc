#include "partition/search/nodes_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "partition/search/node_groups.h"
#include "topologies/equal_paths.h"

namespace soliton {
namespace {

// A message by which groups are near or far.
constexpr std::int64_t kProbeElements = 64;

NodeId id(std::size_t node) { return NodeId{static_cast<std::uint32_t>(node)}; }

struct Listed {
  std::vector<std::size_t> usable;
  std::size_t npus = 0;
  std::size_t forbidden = 0;
  std::size_t host = 0;
  bool has_host = false;
};

Listed list(const PartitionRequest& request) {
  Listed out;
  for (std::size_t i = 0; i < request.nodes.size(); ++i) {
    const Device& device = request.nodes[i].device;
    if (device.kind == Device::Kind::kNpu) {
      ++out.npus;
      if (request.constraints.forbids(i)) {
        ++out.forbidden;
      } else if (device.npu.matrix_rf_tiles > 0) {
        out.usable.push_back(i);
      }
    } else if (!out.has_host) {
      out.has_host = true;
      out.host = i;
    }
  }
  return out;
}

Diagnostics problems_of(const PartitionRequest& request, const Listed& listed) {
  Diagnostics problems;
  if (listed.usable.empty() && listed.forbidden > 0) {
    const std::size_t rest = listed.npus - listed.forbidden;
    problems.add(
        ErrorCode::kInvalid,
        fmt::format("no usable node: {} listed, {} forbidden{}", listed.npus, listed.forbidden,
                    rest > 0 ? fmt::format(", {} without weight memory", rest) : ""));
  } else if (listed.usable.empty()) {
    problems.add(ErrorCode::kInvalid,
                 fmt::format("no usable node: {} listed, {} with an NPU, none with weight memory",
                             request.nodes.size(), listed.npus));
  }
  if (!listed.has_host) {
    problems.add(
        ErrorCode::kInvalid,
        fmt::format(
            "no host: none of the {} nodes has a device of kind cpu, which runs the clients",
            request.nodes.size()));
  }
  return problems;
}

std::shared_ptr<const Distances> distances_of(const PartitionRequest& request,
                                              const std::vector<std::vector<GroupedNode>>& groups,
                                              std::size_t host) {
  std::vector<std::array<NodeId, 2>> ends;
  for (const auto& group : groups)
    ends.push_back({id(group.front().node), id(group[group.size() > 1 ? 1 : 0].node)});
  ends.push_back({id(host), id(host)});
  return std::make_shared<const Distances>(request.topology, request.routes, std::move(ends),
                                           request.mtu);
}

// Nearest to the host first, then each time the nearest to the one before; among equals by device
// and size, and only then by name.
std::vector<std::size_t> chain_of_groups(const PartitionRequest& request,
                                         const std::vector<std::vector<GroupedNode>>& groups,
                                         const Distances& distances) {
  std::vector<std::size_t> order;
  std::vector<bool> taken(groups.size(), false);
  std::size_t last = groups.size();
  const auto both = [&](std::size_t a, std::size_t b) {
    return sum(distances.message(a, b, kProbeElements), distances.message(b, a, kProbeElements));
  };
  const auto key = [&](std::size_t g) {
    return std::tuple(both(last, g), both(groups.size(), g), groups[g].front().device_class,
                      groups[g].front().signature, -static_cast<std::int64_t>(groups[g].size()));
  };
  const auto name = [&](std::size_t g) { return request.nodes[groups[g].front().node].name; };
  while (order.size() < groups.size()) {
    std::size_t best = groups.size();
    decltype(key(0)) least;
    for (std::size_t g = 0; g < groups.size(); ++g) {
      if (taken[g]) continue;
      const auto its = key(g);
      const bool first = best == groups.size();
      if (!first && (its > least || (its == least && !name_before(name(g), name(best))))) continue;
      best = g;
      least = its;
    }
    taken[best] = true;
    order.push_back(best);
    last = best;
  }
  return order;
}

// Where flows choose among ways by the names of nodes, no node stands for another. Up to so many are
// told apart.
constexpr std::size_t kNodesApart = 16;

std::vector<std::vector<GroupedNode>> one_by_one(std::vector<GroupedNode> nodes) {
  std::vector<std::vector<GroupedNode>> out;
  for (const GroupedNode& node : nodes) out.push_back({node});
  return out;
}

std::vector<LeafOfGroup> strangers(const PartitionRequest& request, std::size_t groups) {
  std::vector<LeafOfGroup> out;
  for (std::size_t g = 0; g < groups; ++g)
    out.push_back({request.topology->vertices.size() + g, request.topology->vertices.size() + g});
  return out;
}

template <typename T>
std::vector<T> in_order(const std::vector<T>& items, const std::vector<std::size_t>& order) {
  std::vector<T> out;
  for (const std::size_t i : order) out.push_back(items[i]);
  return out;
}

}  // namespace

bool NodesView::may_hold(std::span<const std::size_t> all, std::size_t first,
                         std::size_t last) const {
  return !pins.any() ||
         std::ranges::all_of(all, [&](std::size_t node) { return may_hold(node, first, last); });
}

Checked<NodesView> view_nodes(const PartitionRequest& request) {
  const Listed listed = list(request);
  Diagnostics problems = problems_of(request, listed);
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  NodesView view;
  view.pins = LayerPins(request);
  std::vector<GroupedNode> nodes = classify(request, listed.usable);
  for (GroupedNode& it : nodes) it.signature = view.pins.signature(it.node);
  const bool many = request.topology != nullptr && many_paths(*request.topology);
  view.flows_differ = many && nodes.size() > kNodesApart;
  const bool apart = many && !view.flows_differ;
  auto groups = apart ? one_by_one(std::move(nodes)) : twins(request, std::move(nodes));
  groups = in_order(groups,
                    chain_of_groups(request, groups, *distances_of(request, groups, listed.host)));
  view.distances = distances_of(request, groups, listed.host);
  view.host = request.nodes[listed.host].name;
  const std::vector<LeafOfGroup> leaves =
      apart ? strangers(request, groups.size()) : exchangeable_leaves(request, groups);
  for (std::size_t g = 0; g < groups.size(); ++g) {
    view.groups.push_back({view.nodes.size(), groups[g].size(), groups[g].front().device_class,
                           leaves[g].kind, leaves[g].leaf});
    for (const GroupedNode& it : groups[g]) {
      view.nodes.push_back({request.nodes[it.node].name, request.nodes[it.node].device.npu});
      view.places.push_back(
          request.topology == nullptr ? "" : request.topology->vertices.at(it.node).place);
      view.signature.push_back(it.signature);
      view.device_class.push_back(it.device_class);
      view.group.push_back(g);
      view.mixed = view.mixed || it.device_class != view.device_class.front();
    }
  }
  return view;
}

}  // namespace soliton
