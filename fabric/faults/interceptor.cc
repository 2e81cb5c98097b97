#include "fabric/faults/interceptor.h"

#include <algorithm>
#include <iterator>

#include "protocol/base/check.h"

namespace soliton {

FaultInterceptor::FaultInterceptor(Link& inner, const FaultPlan& plan, NodeRoutes routes)
    : inner_(inner),
      faults_(plan, routes.links),
      routes_(std::move(routes)),
      ordinals_(routes_.links * 2),
      sent_(1) {
  faults_.record_firings();
}

const PeerRoute* FaultInterceptor::route_of(NodeId peer) const {
  const auto at =
      std::lower_bound(routes_.peers.begin(), routes_.peers.end(), peer,
                       [](const PeerRoute& route, NodeId wanted) { return route.peer < wanted; });
  return at != routes_.peers.end() && at->peer == peer ? &*at : nullptr;
}

// The room of a queue is not known here, so that only a rule refuses.
std::optional<Instant> FaultInterceptor::pass_port(const Hop& hop, bool at_card,
                                                   const Datagram& datagram, bool at_end,
                                                   Instant due) {
  Port& port = ports_[port_of(hop)];
  port.backlog.pass(due);
  Crossing crossing = crossing_of(
      datagram, {.start = due, .end = due, .rate = routes_.rate_of(hop.link), .at_end = at_end});
  const Bytes size = crossing.size + Bytes{kFrameOverheadBytes};
  const PortState state{.free = std::max(port.free, due),
                        .queued = port.backlog.bytes(due),
                        .packets = port.backlog.packets(),
                        .size = size,
                        .line = transmit_time(size, crossing.rate)};
  const PortFaults::Coming coming = faults_.come(hop, crossing, state, at_card);
  if (coming.refused_by != kNoRule) return std::nullopt;
  const Instant wanted = std::max({due, port.free, coming.behind});
  crossing.ordinal = coming.ordinal;
  crossing.start = faults_.first_start(hop, crossing, state, wanted);
  port.free = std::max(port.free, crossing.start);
  const PortFaults::Leaving leaving = faults_.start(hop, crossing, state, wanted);
  if (leaving.flushed_by != kNoRule) return std::nullopt;
  port.free = later(later(crossing.start, state.line), leaving.stretch);
  port.backlog.add(crossing.start, port.free, size);
  return later(crossing.start, leaving.stretch);
}

std::optional<FaultInterceptor::Crossed> FaultInterceptor::cross(std::span<const Hop> hops,
                                                                 const Datagram& datagram,
                                                                 bool from_card, bool to_end,
                                                                 Instant now) {
  // Above any count of packets, so that the ordinals of two senders never coincide.
  const std::uint64_t own_luck = (std::uint64_t{index(routes_.self)} + 1) << 40;
  Crossed crossed{.due = now, .copies = {}, .changes = {}};
  for (const Hop& hop : hops) {
    const bool at_end = to_end && &hop == &hops.back();
    if (faults_.touches_port(hop)) {
      const bool at_card = from_card && &hop == hops.data();
      const std::optional<Instant> start = pass_port(hop, at_card, datagram, at_end, crossed.due);
      if (!start) return std::nullopt;
      crossed.due = *start;
    }
    if (!faults_.touches(hop)) continue;
    const std::uint64_t ordinal = ordinals_[port_of(hop)]++;
    const std::uint64_t salt = &hop == hops.data() ? 0 : own_luck;  // the first is its own cable
    // In wall time a packet's flight is not known: it is on the wire at `due` and at no other time.
    FaultVerdict verdict =
        faults_.judge(hop, crossing_of(datagram, {.start = crossed.due,
                                                  .end = crossed.due,
                                                  .ordinal = ordinal | salt,
                                                  .rate = routes_.rate_of(hop.link),
                                                  .at_end = at_end}));
    if (verdict.dropped()) return std::nullopt;
    crossed.due += verdict.extra_delay;
    std::ranges::move(verdict.copies, std::back_inserter(crossed.copies));
    std::ranges::move(verdict.changes, std::back_inserter(crossed.changes));
  }
  return crossed;
}

void FaultInterceptor::hold(const Crossed& crossed, Datagram datagram, Held& held) {
  for (const FaultAction& action : crossed.changes) change(action, datagram);
  for (const Duration lag : crossed.copies)
    held.emplace(std::pair{crossed.due + lag, held_count_++}, datagram);
  held.emplace(std::pair{crossed.due, held_count_++}, std::move(datagram));
}

void FaultInterceptor::send(Datagram datagram, Instant now) {
  release(now);
  const PeerRoute* const route = route_of(datagram.destination);
  SOLITON_CHECK_MSG(route != nullptr, "no route to node {}", index(datagram.destination));
  const std::uint32_t ordinal = routes_.spray ? sent_.next(NodeId{0}, route->peer) : 0;
  hops_.clear();
  append_path(*route, routes_.spray, ordinal, now, hops_);
  const bool to_end = !route->last_to;
  if (!to_end) hops_.pop_back();
  const std::optional<Crossed> crossed = cross(hops_, datagram, true, to_end, now);
  if (!crossed) return;
  if (crossed->plain(now)) return inner_.send(std::move(datagram), now);
  hold(*crossed, std::move(datagram), leaving_);
  release(now);
}

std::optional<Datagram> FaultInterceptor::receive(Instant now) {
  release(now);
  for (;;) {
    if (!arriving_.empty() && arriving_.begin()->first.first <= now)
      return std::move(arriving_.extract(arriving_.begin()).mapped());
    std::optional<Datagram> datagram = inner_.receive(now);
    if (!datagram) return std::nullopt;
    const PeerRoute* const route = route_of(datagram->source);
    if (route == nullptr) return datagram;  // LTL refuses it
    if (!route->last_from) return datagram;
    const std::optional<Crossed> crossed =
        cross(std::span(&*route->last_from, 1), *datagram, false, true, now);
    if (!crossed) continue;
    if (crossed->plain(now)) return datagram;
    hold(*crossed, std::move(*datagram), arriving_);
  }
}

Instant FaultInterceptor::next_wake() const {
  Instant wake = inner_.next_wake();
  if (!leaving_.empty()) wake = std::min(wake, leaving_.begin()->first.first);
  if (!arriving_.empty()) wake = std::min(wake, arriving_.begin()->first.first);
  return wake;
}

void FaultInterceptor::release(Instant now) {
  while (!leaving_.empty() && leaving_.begin()->first.first <= now) {
    Datagram datagram = std::move(leaving_.extract(leaving_.begin()).mapped());
    // What is led astray goes to whomever this node knows the address of.
    if (route_of(datagram.destination) != nullptr) inner_.send(std::move(datagram), now);
  }
}

}  // namespace soliton
