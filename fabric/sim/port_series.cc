#include "fabric/sim/port_series.h"

#include <algorithm>

#include "protocol/base/check.h"
#include "topologies/line.h"

namespace soliton {
namespace {

constexpr std::size_t kIntervalsOfAll = std::size_t{1} << 19;
constexpr std::size_t kIntervalsLeast = 16;

// The interval that `at` lies in.
std::size_t interval_of(Instant at, Duration interval) {
  return static_cast<std::size_t>((at - kRunStart) / interval);
}

// The first interval that begins at `at` or later.
std::size_t first_from(Instant at, Duration interval) {
  return interval_of(at + interval - Duration{1}, interval);
}

Instant beginning(std::size_t number, Duration interval) {
  return kRunStart + static_cast<std::int64_t>(number) * interval;
}

}  // namespace

void PortSeries::sent(const Sent& packet) {
  SeriesInterval& sums = slot_at(packet.start).sums;
  ++sums.packets;
  sums.bytes += static_cast<std::uint64_t>(packet.bytes.count);
  wait(packet.came, packet.start, packet.on_line);
  occupy(packet.start, later(packet.start, packet.line));
}

void PortSeries::waited(Instant came, Instant until, Bytes on_line) { wait(came, until, on_line); }

void PortSeries::queue_was(Instant at, Bytes length) {
  Bytes& longest = slot_at(at).sums.queue_max;
  longest = std::max(longest, length);
}

// Only the beginnings at both ends are touched, however long the packet waits.
void PortSeries::wait(Instant came, Instant until, Bytes size) {
  if (until <= came) return;
  while (first_from(until, interval_) >= most_) halve();
  grow(first_from(until, interval_) + 1);
  const std::size_t from = first_from(came, interval_), to = first_from(until, interval_);
  if (from == to) return;
  slots_[from].waiting_change += size;
  slots_[to].waiting_change = slots_[to].waiting_change - size;
}

// One packet at a time is on the line, so all calls together visit each interval about once.
void PortSeries::occupy(Instant start, Instant end) {
  make_room(end);
  for (std::size_t i = interval_of(start, interval_); i < slots_.size(); ++i) {
    const Instant from = beginning(i, interval_);
    if (from >= end) return;
    slots_[i].sums.busy += std::min(end, from + interval_) - std::max(start, from);
    if (from >= start) slots_[i].on_line += transmitted(end - from, rate_);
  }
}

PortSeries::Slot& PortSeries::slot_at(Instant at) {
  make_room(at);
  return slots_[interval_of(at, interval_)];
}

void PortSeries::make_room(Instant at) {
  while (interval_of(at, interval_) >= most_) halve();
  grow(interval_of(at, interval_) + 1);
}

void PortSeries::grow(std::size_t intervals) {
  if (slots_.size() < intervals) slots_.resize(intervals);
}

// Joins pairs of intervals. The beginning of the second of a pair disappears; a packet that came
// after the first's beginning and waits at it is first seen at the next pair's.
void PortSeries::halve() {
  std::vector<Slot> joined(slots_.size() / 2 + 1);
  for (std::size_t i = 0; i < slots_.size(); ++i) {
    const Slot& from = slots_[i];
    Slot& to = joined[i / 2];
    to.sums.join(from.sums);
    joined[(i + 1) / 2].waiting_change += from.waiting_change;
    if (i % 2 == 0) to.on_line = from.on_line;
  }
  slots_ = std::move(joined);
  interval_ = 2 * interval_;
}

void PortSeries::coarsen(Duration interval) {
  while (interval_ < interval) halve();
  SOLITON_CHECK(interval_ == interval);
}

std::vector<SeriesInterval> PortSeries::intervals() const {
  std::vector<SeriesInterval> out;
  Bytes waiting{};
  std::size_t last = 0;
  for (const Slot& slot : slots_) {
    waiting += slot.waiting_change;
    SeriesInterval& sums = out.emplace_back(slot.sums);
    sums.queue = waiting + slot.on_line;
    sums.queue_max = std::max(sums.queue, sums.queue_max);
    if (out.back() != SeriesInterval{}) last = out.size();
  }
  out.resize(last);
  return out;
}

std::size_t series_intervals_most(std::size_t ports) {
  return std::max(kIntervalsLeast, kIntervalsOfAll / std::max<std::size_t>(ports, 1));
}

Duration align(std::vector<PortSeries>& series) {
  Duration longest{};
  for (const PortSeries& one : series)
    if (!one.empty()) longest = std::max(longest, one.interval());
  for (PortSeries& one : series)
    if (!one.empty()) one.coarsen(longest);
  return longest;
}

}  // namespace soliton
