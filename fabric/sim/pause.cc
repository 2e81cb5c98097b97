#include "fabric/sim/pause.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "topologies/line.h"

namespace soliton {

PauseControl::PauseControl(const Topology& topology, Duration memory, std::size_t classes)
    : xoff_(topology.pause->xoff),
      xon_(resume_level(*topology.pause)),
      memory_(memory),
      cables_(topology.links.size() * 2 * classes) {
  SOLITON_CHECK(Bytes{} <= xon_ && xon_ < xoff_);
  for (std::size_t i = 0; i < cables_.size(); ++i) {
    const Hop hop = hop_of(i / classes);
    const TopologyLink& link = topology.links[hop.link];
    const Vertex& far = topology.vertices[far_end(link, hop.direction)];
    if (!far.is_switch) continue;
    const Bytes needed =
        headroom_needed(topology.pause->frame, link.latency, link.rate, far.forwarding);
    cables_[i].limit = xoff_ + topology.pause->headroom.value_or(needed);
    cables_[i].delay = pause_delay(link.latency, link.rate);
  }
}

bool PauseControl::has_room(std::size_t port, Bytes size) const {
  return cables_[port].held + size <= cables_[port].limit;
}

PauseSignal PauseControl::signal(std::size_t port, bool stop, Instant now) {
  Cable& cable = cables_[port];
  cable.stopping = stop;
  return {port, now + cable.delay, stop, cable.signals++};
}

std::optional<PauseSignal> PauseControl::hold(std::size_t port, Bytes size, Instant now) {
  Cable& cable = cables_[port];
  cable.held += size;
  cable.held_max = std::max(cable.held_max, cable.held);
  if (cable.stopping || cable.held <= xoff_) return std::nullopt;
  return signal(port, true, now);
}

std::optional<PauseSignal> PauseControl::release(std::size_t port, Bytes size, Instant now) {
  Cable& cable = cables_[port];
  SOLITON_CHECK(cable.held >= size);
  cable.held = cable.held - size;
  if (!cable.stopping || cable.held > xon_) return std::nullopt;
  return signal(port, false, now);
}

bool PauseControl::stopped(std::size_t port) const {
  const std::vector<Interval>& intervals = cables_[port].intervals;
  return !intervals.empty() && intervals.back().until == kNever;
}

bool PauseControl::apply(const PauseSignal& signal) {
  Cable& cable = cables_[signal.port];
  if (signal.stop == stopped(signal.port)) return false;
  if (signal.stop) {
    // Frames of a card may be handed over late, but not later than `memory_`: older pauses can no
    // longer hold anything up.
    std::erase_if(cable.intervals,
                  [&](const Interval& old) { return later(old.until, memory_) <= signal.at; });
    cable.intervals.push_back({signal.at, kNever});
    ++cable.pauses;
  } else {
    cable.intervals.back().until = signal.at;
    cable.paused += signal.at - cable.intervals.back().from;
  }
  return true;
}

// Intervals are in order, so one pass moves `at` behind all that follow each other.
Instant PauseControl::first_allowed(std::size_t port, Instant at) const {
  for (const Interval& interval : cables_[port].intervals)
    if (interval.from <= at && at < interval.until) at = interval.until;
  return at;
}

Duration PauseControl::paused(std::size_t port, Instant now) const {
  const Cable& cable = cables_[port];
  if (!stopped(port)) return cable.paused;
  return cable.paused + std::max(now - cable.intervals.back().from, Duration{});
}

}  // namespace soliton
