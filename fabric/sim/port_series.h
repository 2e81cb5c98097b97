// What one direction of a link did over time: counters and its queue in intervals of equal length
// from the start of the run.
//
// All of it is a function of the port's packets alone and sums up the same whatever the order in
// which they are recorded, so where windows end and which thread serves the port have no influence.
// The memory is bounded: when an instant lies beyond the last interval that is allowed, intervals
// become twice as long until it does not.
//
//   PortSeries series(microseconds(10), 1'000, rate);
//   series.sent({.came = t0, .start = t1, .line = line, .bytes = 1408, .on_line = 1474});
//   for (const SeriesInterval& interval : series.intervals()) …
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

// From `number * interval` to the next one's beginning.
struct SeriesInterval {
  std::uint64_t packets = 0;  // whose first bit left in the interval
  std::uint64_t bytes = 0;    // LTL bytes of these
  std::uint64_t dropped_queue = 0;
  std::uint64_t dropped_fault = 0;
  std::uint64_t dropped_watchdog = 0;
  std::uint64_t marked = 0;
  Duration busy{};    // time in which packets were on the line
  Bytes queue{};      // of the cluster's packets, at the interval's beginning, frames included
  Bytes queue_max{};  // longest within it; with the traffic of others, as in PortCounters

  // Joins the interval that follows: `queue` stays that of the beginning.
  void join(const SeriesInterval& next) {
    packets += next.packets;
    bytes += next.bytes;
    dropped_queue += next.dropped_queue;
    dropped_fault += next.dropped_fault;
    dropped_watchdog += next.dropped_watchdog;
    marked += next.marked;
    busy += next.busy;
    queue_max = std::max(queue_max, next.queue_max);
  }
  bool operator==(const SeriesInterval&) const = default;
};

class PortSeries {
 public:
  // A packet that waited from `came` to `start` and was then on the line for `line`.
  struct Sent {
    Instant came{}, start{};
    Duration line{};
    Bytes bytes{};    // as PortCounters counts them
    Bytes on_line{};  // with its frame
  };

  PortSeries() = default;
  // REQUIRES: interval > 0, most >= 1.
  PortSeries(Duration interval, std::size_t most, BitRate rate)
      : interval_(interval), most_(most), rate_(rate) {}

  void sent(const Sent& packet);
  // A packet that left the queue at `until` without being sent, or was still in it when the run
  // ended.
  void waited(Instant came, Instant until, Bytes on_line);
  void queue_was(Instant at, Bytes length);
  void dropped_queue(Instant at) { ++slot_at(at).sums.dropped_queue; }
  void dropped_fault(Instant at) { ++slot_at(at).sums.dropped_fault; }
  void dropped_watchdog(Instant at) { ++slot_at(at).sums.dropped_watchdog; }
  void marked(Instant at) { ++slot_at(at).sums.marked; }

  bool empty() const { return slots_.empty(); }
  Duration interval() const { return interval_; }
  // Joins intervals until they are `interval` long. REQUIRES: interval() times a power of two.
  void coarsen(Duration interval);
  // Up to the last in which anything happened.
  std::vector<SeriesInterval> intervals() const;

 private:
  struct Slot {
    SeriesInterval sums{};  // but for `queue`
    // Waiting bytes at the beginning, less those at the beginning of the interval before.
    Bytes waiting_change{};
    Bytes on_line{};  // what the packet on the line has left to send at the beginning
  };

  Slot& slot_at(Instant at);
  void wait(Instant came, Instant until, Bytes size);
  void occupy(Instant start, Instant end);
  void make_room(Instant at);
  void grow(std::size_t intervals);
  void halve();

  Duration interval_{};
  std::size_t most_ = 0;
  BitRate rate_{};
  std::vector<Slot> slots_;
};

// Most intervals of one port in a network of so many: bounds the memory of all of them together.
std::size_t series_intervals_most(std::size_t ports);
// Makes the intervals of all series that are not empty as long as the longest of them, which is
// returned; 0 if all are empty.
Duration align(std::vector<PortSeries>& series);

}  // namespace soliton
