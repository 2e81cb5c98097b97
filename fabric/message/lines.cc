#include "fabric/message/lines.h"

#include <algorithm>

namespace soliton {
namespace {

bool alike(const TopologyLink& a, const TopologyLink& b) {
  return a.latency == b.latency && a.rate == b.rate && a.queue == b.queue && a.other == b.other &&
         a.ecn == b.ecn;
}

bool alike(const Vertex& a, const Vertex& b) {
  return a.is_switch == b.is_switch && a.forwarding == b.forwarding &&
         a.store_and_forward == b.store_and_forward;
}

// A plan with the rules of `plan` that only delay, at the same positions.
FaultPlan delays_of(FaultPlan plan) {
  for (FaultRule& rule : plan.rules)
    if (!rule.effect()->delays()) rule.links.clear();
  return plan;
}

}  // namespace

Lines::Lines(const Topology& topology, const FaultPlan& plan, Bytes full)
    : topology_(topology),
      full_(static_cast<std::uint64_t>(full.count)),
      outages_(plan, topology.links.size()),
      delays_(delays_of(plan), topology.links.size()),
      others_(plan.seed, "other traffic") {
  ports_.resize(topology.links.size() * 2);
  for (std::size_t port = 0; port < ports_.size(); ++port) {
    const Hop hop = hop_of(port);
    Port& p = ports_[port];
    p.kind = kind_of(topology.links[hop.link], hop.direction);
    const Kind& kind = kinds_[p.kind];
    const bool others = kind.at_switch && kind.link.other.busy.parts_per_billion > 0;
    p.plain = !others && !delays_.touches(hop);
    p.cut = outages_.touch(hop);
  }
}

// Networks have few kinds of cables, and neighbours are mostly alike.
std::uint32_t Lines::kind_of(const TopologyLink& link, std::uint8_t direction) {
  const Vertex& far = topology_.vertices[far_end(link, direction)];
  const Vertex& near = topology_.vertices[link.ends[direction]];
  const bool at_switch = near.is_switch, whole = near.store_and_forward;
  for (std::size_t k = kinds_.size(); k-- > 0;)
    if (kinds_[k].at_switch == at_switch && kinds_[k].whole == whole &&
        alike(kinds_[k].link, link) && alike(kinds_[k].far, far))
      return static_cast<std::uint32_t>(k);
  Kind kind{.link = link, .far = far, .at_switch = at_switch, .whole = whole};
  kind.link.name.clear();
  kind.far.name.clear();
  kind.full = line_time(link, Bytes{static_cast<std::int64_t>(full_)});
  kind.queue_time = at_switch ? transmit_time(link.queue, link.rate) : kLongestTime;
  kind.mark_time = at_switch && link.ecn ? transmit_time(link.ecn->kmin, link.rate) : kLongestTime;
  kinds_.push_back(std::move(kind));
  return static_cast<std::uint32_t>(kinds_.size() - 1);
}

void Lines::learn(KnownTime& known, const TopologyLink& link, std::uint64_t bytes) {
  known = {bytes, link.rate, line_time(link, Bytes{static_cast<std::int64_t>(bytes)})};
}

// The first packet goes as any does; the others follow it without a gap, or as they come where the
// line before is slower.
void Lines::cross_long(Port& p, TrainAt& at, const Train& train) {
  const Kind& kind = kinds_[p.kind];
  const std::uint64_t before = train.packets - 1;
  const Duration last = time_of(kind, train.bytes - before * full_);
  const Duration all = sum(times(kind.full, static_cast<std::int64_t>(before)), last);
  const OnLine head = cross_line({at.ready, at.first}, p.free, kind.full, kind.link.latency);
  const OnLine tail = cross_line({kind.whole ? at.tail : head.start, at.tail},
                                 later(head.start, all - last), last, kind.link.latency);
  p.free = later(head.start, all);
  count(p, train, head.start - at.ready, kind.full);
  const AtPort first = cross_switch(kind.far, head);
  at = {first.ready, first.tail, cross_switch(kind.far, tail).tail};
}

// A packet of the train for each packet of packet mode meets others, in proportion to their share.
Duration Lines::meet_others(std::size_t port, const Train& train) {
  const OtherTraffic& other = kinds_[ports_[port].kind].link.other;
  if (other.busy.parts_per_billion == 0) return {};
  const Random here = others_.child(port);
  Duration all{};
  for (std::uint32_t i = 0; i < train.packets; ++i) {
    const Random chance = here.child(ports_[port].packets + i + 1);
    if (chance.happens(0, other.busy)) all = sum(all, rest_of_burst(other, chance));
  }
  return all;
}

std::pair<Instant, Duration> Lines::start_of(std::size_t port, const TrainAt& at,
                                             const Train& train) const {
  const Kind& kind = kinds_[ports_[port].kind];
  return {std::max({at.ready, ports_[port].free, at.first - kind.full}),
          sum(times(kind.full, train.packets), kind.link.latency)};
}

std::optional<Instant> Lines::is_down_until(std::size_t port, const TrainAt& at,
                                            const Train& train) const {
  const auto [start, length] = start_of(port, at, train);
  const Instant up = outages_.up(hop_of(port), start, length);
  return up == start ? std::nullopt : std::optional(up);
}

std::optional<Instant> Lines::down_until(std::size_t port, const TrainAt& at, const Train& train) {
  const auto [start, length] = start_of(port, at, train);
  outages_.count(hop_of(port), start, length, train.packets);
  return is_down_until(port, at, train);
}

void Lines::lead_around(std::size_t port, const TrainAt& at, const Train& train) {
  const auto [start, length] = start_of(port, at, train);
  outages_.count(hop_of(port), start, length, train.packets, true);
}

void Lines::cross_slowly(std::size_t port, TrainAt& at, const Train& train) {
  Port& p = ports_[port];
  const Kind& kind = kinds_[p.kind];
  const Hop hop = hop_of(port);
  if (kind.at_switch)
    if (const Duration others = meet_others(port, train); others > Duration{})
      p.free = std::max(p.free, later(at.ready, others));
  const std::uint64_t ordinal = p.packets;
  cross_plain(p, at, train);
  if (!delays_.touches(hop)) return;
  // Packets of a train keep their order, as LTL hands messages on in order.
  const Instant start = p.free - times(kind.full, train.packets);
  Duration delay{};
  for (std::uint32_t i = 0; i < train.packets; ++i) {
    const FaultVerdict verdict =
        delays_.judge(hop, {std::max(start, kRunStart), at.tail, ordinal + i});
    delay = std::max(delay, verdict.extra_delay);
    if (i == 0) at.ready = later(at.ready, delay), at.first = later(at.first, delay);
  }
  at.tail = later(at.tail, delay);
}

// The chance of a mark rises from 0 at kmin (Port::mark()).
void Lines::expect_marks(const Kind& kind, Duration queue, std::uint32_t packets) {
  const EcnMarking& ecn = *kind.link.ecn;
  const Bytes length = transmitted(queue, kind.link.rate);
  double chance = 1e9;
  if (length <= ecn.kmax)
    chance = static_cast<double>(ecn.most.parts_per_billion) *
             static_cast<double>((length - ecn.kmin).count) /
             static_cast<double>(std::max((ecn.kmax - ecn.kmin).count, std::int64_t{1}));
  beyond_.marks_ppb += static_cast<std::uint64_t>(chance) * packets;
}

std::vector<PortCounters> Lines::counters() const {
  std::vector<PortCounters> out;
  out.reserve(ports_.size());
  for (const Port& p : ports_) {
    PortCounters& c = out.emplace_back();
    c.packets = p.packets;
    c.bytes = p.bytes;
    c.wait_max = p.wait_max;
    c.queue_max = transmitted(p.queue_max, kinds_[p.kind].link.rate);
  }
  return out;
}

std::vector<FaultCounters> Lines::fault_counters() const {
  std::vector<FaultCounters> out = delays_.counters();
  for (std::size_t rule = 0; rule < out.size(); ++rule) out[rule].merge(outages_.counters()[rule]);
  return out;
}

}  // namespace soliton
