#include "fabric/faults/interceptor.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

FaultInterceptor::FaultInterceptor(Link& inner, const FaultPlan& plan, NodeRoutes routes)
    : inner_(inner),
      faults_(plan, routes.links),
      routes_(std::move(routes)),
      ordinals_(routes_.links * 2),
      sent_(1) {}

const PeerRoute* FaultInterceptor::route_of(NodeId peer) const {
  const auto at =
      std::lower_bound(routes_.peers.begin(), routes_.peers.end(), peer,
                       [](const PeerRoute& route, NodeId wanted) { return route.peer < wanted; });
  return at != routes_.peers.end() && at->peer == peer ? &*at : nullptr;
}

std::optional<Instant> FaultInterceptor::cross(std::span<const Hop> hops, Instant now) {
  // Above any count of packets, so that the ordinals of two senders never coincide.
  const std::uint64_t own_luck = (std::uint64_t{index(routes_.self)} + 1) << 40;
  for (const Hop& hop : hops) {
    if (!faults_.touches(hop)) continue;
    const std::uint64_t ordinal = ordinals_[port_of(hop)]++;
    const std::uint64_t salt = &hop == hops.data() ? 0 : own_luck;  // the first is its own cable
    // In wall time a packet's flight is not known: it is on the wire at `now` and at no other time.
    const FaultVerdict verdict = faults_.judge(hop, {now, now, ordinal | salt});
    if (verdict.dropped()) return std::nullopt;
    now += verdict.extra_delay;
  }
  return now;
}

void FaultInterceptor::send(Datagram datagram, Instant now) {
  release(now);
  const PeerRoute* const route = route_of(datagram.destination);
  SOLITON_CHECK_MSG(route != nullptr, "no route to node {}", index(datagram.destination));
  const std::uint32_t ordinal = routes_.spray ? sent_.next(NodeId{0}, route->peer) : 0;
  hops_.clear();
  append_path(*route, routes_.spray, ordinal, now, hops_);
  if (route->last_to) hops_.pop_back();
  const std::optional<Instant> due = cross(hops_, now);
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
    const PeerRoute* const route = route_of(datagram->source);
    if (route == nullptr) return datagram;  // LTL refuses it
    if (!route->last_from) return datagram;
    const std::optional<Instant> due = cross(std::span(&*route->last_from, 1), now);
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
