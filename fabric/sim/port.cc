#include "fabric/sim/port.h"

namespace soliton {

std::optional<Duration> Port::queue_up(Instant ready, Bytes size, Datagram& datagram,
                                       PortsShared& shared) {
  count();
  if (!at_switch()) return queue_up_at_card(ready, size, shared);
  const Duration others = meet_others(shared);
  if (others > Duration{}) free_ = std::max(free_, ready + others);
  const Duration backlog = std::max(free_ - ready, Duration{});
  const Duration line = time(size);
  if (backlog > Duration{} && backlog + line > queue_time_) {
    ++counters.dropped_queue;
    return std::nullopt;
  }
  mark(ready, transmitted(backlog + line, link_->rate), datagram, shared);
  return backlog;
}

Duration Port::queue_up_at_card(Instant ready, Bytes size, PortsShared& shared) const {
  const Duration backlog = std::max(free_ - ready, Duration{});
  if (PortSeries* series = shared.series_of(number_))
    series->queue_was(ready, transmitted(backlog + time(size), link_->rate));
  return backlog;
}

// Bursts are met for the share of time that they take.
Duration Port::meet_others(const PortsShared& shared) const {
  const OtherTraffic& other = link_->other;
  if (other.busy.parts_per_billion == 0) return {};
  const Random chance = shared.others.child(number_).child(came_);
  if (!chance.happens(0, other.busy)) return {};
  return rest_of_burst(other, chance);
}

void Port::mark(Instant now, Bytes queue, Datagram& datagram, PortsShared& shared) {
  PortSeries* const series = shared.series_of(number_);
  if (series != nullptr) series->queue_was(now, queue);
  const std::optional<EcnMarking>& ecn = link_->ecn;
  counters.queue_max = std::max(counters.queue_max, queue);
  shared.counters.queue_max = std::max(shared.counters.queue_max, queue);
  if (!ecn || queue <= ecn->kmin) return;
  Probability chance{1'000'000'000};
  // Bytes and parts per billion of a queue below the largest kmax stay below 2^63 in double.
  if (queue <= ecn->kmax)
    chance.parts_per_billion = static_cast<std::int64_t>(
        static_cast<double>(ecn->most.parts_per_billion) *
        static_cast<double>((queue - ecn->kmin).count) /
        static_cast<double>(std::max((ecn->kmax - ecn->kmin).count, std::int64_t{1})));
  if (!shared.marks.child(number_).happens(came_, chance)) return;
  datagram.congestion_seen = true;
  ++counters.marked;
  ++shared.counters.marked;
  if (series != nullptr) series->marked(now);
}

}  // namespace soliton
