// When lines are down. Packets that packet mode would lose on a line that is down, LTL would send
// again until it is up; in message mode a train waits for that instant. What would be on the line
// when it is cut waits as well, so nothing is ever on the way twice.
#pragma once

#include <cstdint>
#include <vector>

#include "fabric/faults/link_faults.h"
#include "topologies/topology.h"

namespace soliton {

class Outages {
 public:
  // Takes the windows of rules that cut links (LinkEffect::cuts()). REQUIRES: links named are below `links`.
  Outages(const FaultPlan& plan, std::size_t links);

  bool touch(Hop hop) const { return !by_port_[port_of(hop)].empty(); }
  // The first instant, not before `start`, at which a train that takes `length` to the end of the
  // line may start; kNever if there is none.
  Instant up(Hop hop, Instant start, Duration length) const;
  // Counts a train of `packets` that has met the outages of which up() speaks, once what becomes of it is
  // known. `led_around`: it does not wait for their end.
  void count(Hop hop, Instant start, Duration length, std::uint32_t packets,
             bool led_around = false);

  // By position of the rule in the plan. A packet that waits for the end of an outage or is led around
  // counts as delayed, one that waits for ever as dropped.
  const std::vector<FaultCounters>& counters() const { return counters_; }

 private:
  struct Outage {
    FaultWindow window;
    std::uint32_t rule = 0;
  };

  void add(const FaultRule& rule, const Outage& outage);
  // Calls visit(outage, start) for each outage that moves the start; returns where it is then.
  template <typename Visit>
  Instant follow(Hop hop, Instant start, Duration length, Visit visit) const;

  std::vector<std::vector<Outage>> by_port_;  // in order of their beginnings
  std::vector<FaultCounters> counters_;
};

}  // namespace soliton
