// The lines of a network in message mode: one for each direction of each cable, a queue first in,
// first out without a limit, represented by the instant at which the line will have sent it.
//
// What crosses a line is a train: packets of one message in a row. Times are those of
// topologies/line.h for each packet of it, so a train of one packet takes what the packet takes in
// packet mode. A longer one occupies the line for all its packets at once, and what comes behind it
// moves on with its first packet.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "fabric/faults/link_faults.h"
#include "fabric/message/beyond.h"
#include "fabric/message/outages.h"
#include "fabric/sim/network_counters.h"
#include "protocol/base/rng.h"
#include "topologies/line.h"
#include "topologies/topology.h"

namespace soliton {

// Of all packets but the last the size is the same.
struct Train {
  std::uint32_t packets = 1;
  std::uint64_t bytes = 0;  // of LTL, headers included
};

// A train in front of a port: when its first packet may start and has come whole, and when its last
// packet has.
struct TrainAt {
  Instant ready{};
  Instant first{};
  Instant tail{};
};

class Lines {
 public:
  // `full`: LTL bytes of a packet of the MTU. The topology outlives the object.
  Lines(const Topology& topology, const FaultPlan& plan, Bytes full);

  // When the line will have sent what was put on it.
  Instant free(std::size_t port) const { return ports_[port].free; }
  // Whether there are faults by which the line is down at times.
  bool may_be_down(std::size_t port) const { return ports_[port].cut; }
  // When the line is up again for a train that it is down for; kNever: it stays down. nullopt: it is
  // up. REQUIRES: may_be_down().
  std::optional<Instant> is_down_until(std::size_t port, const TrainAt& at,
                                       const Train& train) const;
  // The same, and counts what waits for it.
  std::optional<Instant> down_until(std::size_t port, const TrainAt& at, const Train& train);
  // Counts what the line is down for and what goes another way. REQUIRES: as above.
  void lead_around(std::size_t port, const TrainAt& at, const Train& train);
  // Nothing goes on the line before `until`.
  void hold(std::size_t port, Instant until) {
    ports_[port].free = std::max(ports_[port].free, until);
  }
  // Puts the train on the line of `port`; `at` becomes where it is then, before the next port or
  // before the node at the end of the line.
  void cross(std::size_t port, TrainAt& at, const Train& train) {
    Port& p = ports_[port];
    if (!p.plain) return cross_slowly(port, at, train);
    cross_plain(p, at, train);
  }
  // Puts a packet on the line that is about to come there, and that nobody waits for.
  void charge(std::size_t port, Instant now, Bytes packet) {
    Port& p = ports_[port];
    p.free = later(std::max(p.free, now), time_of(kinds_[p.kind], packet.count));
    ++p.packets;
    p.bytes += static_cast<std::uint64_t>(packet.count);
  }
  // Time of a full packet on the line.
  Duration full_time(std::size_t port) const { return kinds_[ports_[port].kind].full; }

  std::uint64_t crossings() const { return crossings_; }
  // As packet mode counts.
  std::vector<PortCounters> counters() const;
  std::vector<FaultCounters> fault_counters() const;
  const BeyondPorts& beyond() const { return beyond_; }

 private:
  // Lines that are alike share this.
  struct Kind {
    TopologyLink link;
    Vertex far;
    bool at_switch = false;
    bool whole = false;     // packets start when they have come whole
    Duration full{};        // a full packet
    Duration queue_time{};  // line time of a queue that packet mode fills
    Duration mark_time{};   // and of one above which it marks
  };
  struct Port {
    Instant free{};
    std::uint64_t packets = 0;
    std::uint64_t bytes = 0;
    Duration queue_max{};
    Duration wait_max{};
    std::uint32_t kind = 0;
    bool plain = true;  // no faults that delay, and no traffic of others
    bool cut = false;   // faults that cut
  };
  // Line times that were computed before: dividing by a rate costs more than all else of a hop.
  struct KnownTime {
    std::uint64_t bytes = 0;
    BitRate rate{};
    Duration time{};
  };
  static constexpr std::size_t kKnownTimes = 256;

  std::uint32_t kind_of(const TopologyLink& link, std::uint8_t direction);
  Duration time_of(const Kind& kind, std::uint64_t bytes) const {
    KnownTime& known = known_[(bytes * 0x9e3779b97f4a7c15ULL) >> 56];
    if (known.bytes != bytes || known.rate != kind.link.rate) learn(known, kind.link, bytes);
    return known.time;
  }
  // When the train would start, and how long it takes to the end of the line.
  std::pair<Instant, Duration> start_of(std::size_t port, const TrainAt& at,
                                        const Train& train) const;
  static void learn(KnownTime& known, const TopologyLink& link, std::uint64_t bytes);
  void cross_short(Port& p, TrainAt& at, std::uint64_t bytes);
  void cross_long(Port& p, TrainAt& at, const Train& train);
  void cross_plain(Port& p, TrainAt& at, const Train& train) {
    if (train.packets > 1)
      cross_long(p, at, train);
    else
      cross_short(p, at, train.bytes);
  }
  void cross_slowly(std::size_t port, TrainAt& at, const Train& train);
  void count(Port& p, const Train& train, Duration waited, Duration first);
  void expect_marks(const Kind& kind, Duration queue, std::uint32_t packets);
  Duration meet_others(std::size_t port, const Train& train);

  const Topology& topology_;
  std::uint64_t full_;
  std::vector<Kind> kinds_;
  std::vector<Port> ports_;
  Outages outages_;
  LinkFaults delays_;
  Random others_;
  BeyondPorts beyond_;
  std::uint64_t crossings_ = 0;
  mutable std::array<KnownTime, kKnownTimes> known_;
};

// What most trains do: one packet on a line without faults.
inline void Lines::cross_short(Port& p, TrainAt& at, std::uint64_t bytes) {
  const Kind& kind = kinds_[p.kind];
  const Duration line = time_of(kind, bytes);
  const Instant ready = at.ready;
  const OnLine on_line = cross_line({ready, at.tail}, p.free, line, kind.link.latency);
  p.free = later(on_line.start, line);
  count(p, {1, bytes}, on_line.start - ready, line);
  const AtPort next = cross_switch(kind.far, on_line);
  at.ready = next.ready;
  at.first = at.tail = next.tail;
}

inline void Lines::count(Port& p, const Train& train, Duration waited, Duration first) {
  ++crossings_;
  p.packets += train.packets;
  p.bytes += train.bytes;
  p.wait_max = std::max(p.wait_max, waited);
  const Kind& kind = kinds_[p.kind];
  if (!kind.at_switch) return;
  const Duration queue = sum(waited, first);
  p.queue_max = std::max(p.queue_max, queue);
  if (queue > kind.mark_time) expect_marks(kind, queue, train.packets);
  // A free line takes any packet.
  if (queue > kind.queue_time && waited > Duration{}) beyond_.drops += train.packets;
}

}  // namespace soliton
