#include <algorithm>

#include "partition/cost/cost_model.h"
#include "partition/search/nodes_view.h"
#include "topologies/line.h"

namespace soliton {

Distances::Distances(const Topology* topology, const Routes* routes,
                     std::vector<std::array<NodeId, 2>> ends, std::uint32_t mtu)
    : topology_(topology),
      routes_(routes),
      ends_(std::move(ends)),
      mtu_(mtu),
      class_(ends_.size() * ends_.size(), 0) {}

const std::vector<Hop>* Distances::route(std::size_t a, std::size_t b) const {
  if (topology_ == nullptr) return nullptr;
  const NodeId from = ends_[a][0];
  const NodeId to = a == b ? ends_[b][1] : ends_[b][0];
  return from == to ? nullptr : &routes_->between(from, to);
}

std::uint32_t Distances::way_class(std::size_t a, std::size_t b) const {
  std::uint32_t& known = class_[a * ends_.size() + b];
  if (known != 0) return known;
  std::vector<std::int64_t> hops;
  if (const std::vector<Hop>* way = route(a, b)) {
    for (const Hop& hop : *way) {
      const TopologyLink& link = topology_->links[hop.link];
      const Vertex& end = topology_->vertices[far_end(link, hop.direction)];
      hops.insert(hops.end(), {link.latency.count(), link.rate.bits_per_second,
                               end.forwarding.count(), end.store_and_forward ? 1 : 0});
    }
  }
  known = classes_.try_emplace(hops, static_cast<std::uint32_t>(classes_.size() + 1)).first->second;
  return known;
}

Duration Distances::message(std::size_t a, std::size_t b, std::int64_t elements) const {
  const std::vector<Hop>* way = route(a, b);
  if (way == nullptr) return {};
  const auto [at, fresh] = times_.try_emplace({way_class(a, b), elements});
  if (fresh) {
    const NodeId to = a == b ? ends_[b][1] : ends_[b][0];
    at->second = message_time(*topology_, *routes_, ends_[a][0], to, elements, mtu_);
  }
  return at->second;
}

Duration Distances::least_message(std::int64_t elements) const {
  const auto [at, fresh] = least_.try_emplace(elements, kLongestTime);
  if (!fresh) return at->second;
  for (std::size_t a = 0; a < groups(); ++a) {
    for (std::size_t b = 0; b < groups(); ++b) {
      if (a == b && ends_[a][0] == ends_[a][1]) continue;
      at->second = std::min(at->second, message(a, b, elements));
    }
  }
  if (at->second == kLongestTime) at->second = {};
  return at->second;
}

}  // namespace soliton
