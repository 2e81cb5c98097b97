#include <algorithm>

#include "partition/cost/cable_load.h"
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
      class_(ends_.size() * ends_.size(), 0) {
  cable_.resize(ends_.size());
  if (topology == nullptr) return;
  std::vector<int> cables(topology->vertices.size(), 0);
  std::vector<BitRate> rate(topology->vertices.size());
  for (const TopologyLink& link : topology->links) {
    for (const std::uint32_t end : link.ends) {
      ++cables[end];
      rate[end] = link.rate;
    }
  }
  for (std::size_t group = 0; group < ends_.size(); ++group) {
    const std::uint32_t vertex = index(ends_[group][0]);
    if (cables[vertex] == 1) cable_[group] = rate[vertex];
  }
}

Duration Distances::on_cable(std::size_t group, std::int64_t elements) const {
  if (!cable_[group]) return {};
  const std::int64_t rest = message_bytes(elements) % mtu_;
  return transmit_time(Bytes{rest == 0 ? mtu_ : rest}, *cable_[group]);
}

Duration Distances::bytes_on_cable(std::size_t group, std::int64_t elements) const {
  if (!cable_[group]) return {};
  TopologyLink cable;
  cable.rate = *cable_[group];
  return sending_time(cable, message_bytes(elements), mtu_, false);
}

Duration Distances::least_on_cable(std::int64_t elements) const {
  Duration least = kLongestTime;
  for (std::size_t group = 0; group < groups(); ++group)
    least = std::min(least, on_cable(group, elements));
  return least;
}

std::optional<std::array<NodeId, 2>> Distances::ends_of(std::size_t a, std::size_t b) const {
  if (topology_ == nullptr) return std::nullopt;
  const NodeId from = ends_[a][0];
  const NodeId to = a == b ? ends_[b][1] : ends_[b][0];
  if (from == to) return std::nullopt;
  return std::array{from, to};
}

std::uint32_t Distances::way_class(std::size_t a, std::size_t b) const {
  std::uint32_t& known = class_[a * ends_.size() + b];
  if (known != 0) return known;
  std::vector<std::int64_t> hops;
  if (const auto ends = ends_of(a, b)) {
    std::map<std::uint32_t, std::int64_t> met;  // vertices, in order of the ways
    for (const Hop hop : routes_->ways((*ends)[0], (*ends)[1])) {
      const TopologyLink& link = topology_->links[hop.link];
      const std::uint32_t far = far_end(link, hop.direction);
      const Vertex& end = topology_->vertices[far];
      const auto number = [&](std::uint32_t vertex) {
        return met.try_emplace(vertex, static_cast<std::int64_t>(met.size())).first->second;
      };
      hops.insert(hops.end(), {number(link.ends[hop.direction]), number(far), link.latency.count(),
                               link.rate.bits_per_second, end.forwarding.count(),
                               end.store_and_forward ? 1 : 0});
    }
  }
  known = classes_.try_emplace(hops, static_cast<std::uint32_t>(classes_.size() + 1)).first->second;
  return known;
}

Duration Distances::message(std::size_t a, std::size_t b, std::int64_t elements) const {
  const auto ends = ends_of(a, b);
  if (!ends) return {};
  const auto [at, fresh] = times_.try_emplace({way_class(a, b), elements});
  if (fresh)
    at->second = message_time(*topology_, *routes_, (*ends)[0], (*ends)[1], elements, mtu_);
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
