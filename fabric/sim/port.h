// One direction of one link: the port that feeds it, its queue and its line.
//
// The queue is first come, first served, and is represented by the instant at which the line will
// have sent it: with one class and no pauses, the time at which a packet leaves is known when it
// arrives. The length of a switch port's queue is the bytes still to be put on the line, overhead
// included; the packet on the line counts with its rest. A packet that would push it above the
// link's `queue` is dropped, unless the line is free. A node's card drops nothing: it pushes back
// on its node.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <vector>

#include "fabric/link.h"
#include "fabric/sim/lookahead.h"
#include "fabric/sim/network_counters.h"
#include "fabric/sim/port_series.h"
#include "protocol/base/rng.h"
#include "topologies/line.h"
#include "topologies/topology.h"

namespace soliton {

// State that all ports of a network share.
struct PortsShared {
  explicit PortsShared(std::uint64_t seed) : others(seed, "other traffic"), marks(seed, "ecn") {}

  Random others;
  Random marks;
  NetworkCounters counters;
  std::vector<PortSeries> series;  // by port; empty if nothing is sampled

  // nullptr if nothing is sampled.
  PortSeries* series_of(std::size_t port) { return series.empty() ? nullptr : &series[port]; }
};

class alignas(64) Port {
 public:
  // The link outlives the object.
  Port(const TopologyLink& link, std::size_t number, bool at_switch)
      : queue_time_(at_switch ? transmit_time(link.queue, link.rate) : kUnbounded),
        latency_(link.latency),
        byte_time_(whole_byte_time(link.rate)),
        link_(&link),
        number_(static_cast<std::uint32_t>(number)),
        far_end_(soliton::far_end(link, hop_of(number).direction)) {}

  const TopologyLink& link() const { return *link_; }
  bool at_switch() const { return queue_time_ != kUnbounded; }
  // The vertex to which the line leads.
  std::uint32_t far_end() const { return far_end_; }
  // Line time of a packet.
  Duration time(Bytes size) const {
    return byte_time_ > Duration{} ? byte_time_ * (size.count + kFrameOverheadBytes)
                                   : line_time(*link_, size);
  }
  // Line time of a full queue.
  Duration queue_time() const { return queue_time_; }
  // When the line will have sent what was put on it.
  Instant free() const { return free_; }
  // It sends nothing of this cluster until then.
  void occupy(Instant until) { free_ = std::max(free_, until); }

  // A packet arrives that may start at `ready`; it may be marked, by chance. Returns how long it
  // waits for the line; nullopt if the queue has no room, so that it is dropped.
  std::optional<Duration> queue_up(Instant ready, Bytes size, Datagram& datagram,
                                   PortsShared& shared);
  // Puts a packet on the line as soon as that is free.
  OnLine launch(AtPort packet, Bytes size, Duration waited) {
    const Duration line = time(size);
    const OnLine on_line = cross_line(packet, free_, line, latency_);
    free_ = later(on_line.start, line);
    ++counters.packets;
    counters.bytes += static_cast<std::uint64_t>(size.count);
    counters.wait_max = std::max(counters.wait_max, waited);
    return on_line;
  }

  // The parts of queue_up(), for a queue that is kept elsewhere (pausing_port.h). count() comes
  // first: what chance decides is a function of how many packets have come.
  void count() { ++came_; }
  // How long the packet has to wait for traffic that is not of this cluster.
  Duration meet_others(const PortsShared& shared) const;
  // Decides by chance whether the packet that comes at `now`, with which the queue has length
  // `queue`, is marked.
  void mark(Instant now, Bytes queue, Datagram& datagram, PortsShared& shared);

  // Of each packet the first two, and at a switch the longest queue and wait.
  PortCounters counters;

 private:
  Duration queue_up_at_card(Instant ready, Bytes size, PortsShared& shared) const;

  // Of rates at which a byte takes a whole number of picoseconds, as nearly all do; else 0. Packets are
  // so small that the product does not overflow at 1 b/s.
  static Duration whole_byte_time(BitRate rate) {
    constexpr std::int64_t kBitsPicoseconds = std::int64_t{8} * 1'000'000'000'000;
    return picoseconds(
        kBitsPicoseconds % rate.bits_per_second == 0 ? kBitsPicoseconds / rate.bits_per_second : 0);
  }

  // What every packet touches lies in one line of the cache, with the first counters in the next.
  Instant free_{};
  Duration queue_time_;
  std::uint64_t came_ = 0;
  Duration latency_;
  Duration byte_time_;
  const TopologyLink* link_;
  std::uint32_t number_;
  std::uint32_t far_end_;
};

}  // namespace soliton
