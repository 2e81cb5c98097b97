#include "fabric/faults/interceptor.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

NodeRoutes node_routes(const Topology& topology, const Routes& routes, NodeId self) {
  NodeRoutes own{.self = self, .links = topology.links.size(), .to = {}, .from = {}};
  own.to.resize(topology.nodes);
  own.from.resize(topology.nodes);
  for (std::uint32_t peer = 0; peer < topology.nodes; ++peer) {
    if (NodeId{peer} == self) continue;
    own.to[peer] = routes.between(self, NodeId{peer});
    const std::vector<Hop>& back = routes.between(NodeId{peer}, self);
    if (!back.empty()) own.from[peer] = {back.back()};
  }
  return own;
}

FaultInterceptor::FaultInterceptor(Link& inner, const FaultPlan& plan, NodeRoutes routes)
    : inner_(inner),
      faults_(plan, routes.links),
      routes_(std::move(routes)),
      ordinals_(routes_.links * 2) {}

std::optional<Instant> FaultInterceptor::cross(std::vector<Hop>::const_iterator first,
                                               std::vector<Hop>::const_iterator last, Instant now) {
  const std::uint64_t own_luck = (std::uint64_t{index(routes_.self)} + 1) << 40;
  for (auto hop = first; hop != last; ++hop) {
    if (!faults_.touches(*hop)) continue;
    const std::uint64_t ordinal = ordinals_[std::size_t{hop->link} * 2 + hop->direction]++;
    const std::uint64_t salt = hop == first ? 0 : own_luck;  // the first is this node's own cable
    // Wall time has no flight to speak of: the packet is on the wire at `now` and nowhere else.
    const FaultVerdict verdict = faults_.judge(*hop, {now, now, ordinal | salt});
    if (verdict.dropped()) return std::nullopt;
    now += verdict.extra_delay;
  }
  return now;
}

void FaultInterceptor::send(Datagram datagram, Instant now) {
  release(now);
  const std::uint32_t peer = index(datagram.destination);
  SOLITON_CHECK_MSG(peer < routes_.to.size() && !routes_.to[peer].empty(), "no route to node {}",
                    peer);
  const std::vector<Hop>& route = routes_.to[peer];
  const std::optional<Instant> due = cross(route.begin(), route.end() - 1, now);
  if (!due) return;
  if (*due <= now) {
    inner_.send(std::move(datagram), now);
  } else {
    leaving_.emplace(std::pair{*due, held_count_++}, std::move(datagram));
  }
}

std::optional<Datagram> FaultInterceptor::receive(Instant now) {
  release(now);
  if (!arriving_.empty() && arriving_.begin()->first.first <= now) {
    return std::move(arriving_.extract(arriving_.begin()).mapped());
  }
  while (std::optional<Datagram> datagram = inner_.receive(now)) {
    const std::uint32_t peer = index(datagram->source);
    // A source outside the table is LTL's to refuse.
    if (peer >= routes_.from.size()) return datagram;
    const std::vector<Hop>& last = routes_.from[peer];
    const std::optional<Instant> due = cross(last.begin(), last.end(), now);
    if (!due) continue;
    if (*due <= now) return datagram;
    arriving_.emplace(std::pair{*due, held_count_++}, std::move(*datagram));
  }
  return std::nullopt;
}

Instant FaultInterceptor::next_wake() const {
  Instant wake = inner_.next_wake();
  if (!leaving_.empty()) wake = std::min(wake, leaving_.begin()->first.first);
  if (!arriving_.empty()) wake = std::min(wake, arriving_.begin()->first.first);
  return wake;
}

void FaultInterceptor::release(Instant now) {
  while (!leaving_.empty() && leaving_.begin()->first.first <= now) {
    inner_.send(std::move(leaving_.extract(leaving_.begin()).mapped()), now);
  }
}

}  // namespace soliton
