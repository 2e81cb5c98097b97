// What the fault plan does at ports (PortEffect): packets are refused by a queue, or queue behind the traffic
// of others; they are held although the line is free, thrown out of the queue, or take longer on the line. The
// queue itself is somebody else's: one of the simulated network, or what a node in wall time keeps instead.
//
// Each rule sees the packets of a port in the order in which they come, and again when they could start. Firings
// carry the number that a packet got when it came.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "fabric/faults/fault_ledger.h"
#include "fabric/faults/fault_plan.h"
#include "fabric/faults/port_effect.h"
#include "topologies/topology.h"

namespace soliton {

class PortFaults {
 public:
  PortFaults(const FaultPlan& plan, std::size_t links);

  bool touches(Hop hop) const { return !by_hop_.empty() && !by_hop_[port_of(hop)].rules.empty(); }

  // A packet comes at `crossing.start`, and gets its ordinal. A card takes all that its node sends.
  struct Coming {
    std::uint64_t ordinal = 0;
    std::int32_t refused_by = kNoRule;
    Instant behind{};  // others have the line until then
  };
  Coming come(Hop hop, Crossing crossing, const PortState& port, bool at_card, FaultLedger& ledger);

  // When a packet that could start at `at` is let go, by the rules as they are now.
  Instant first_start(Hop hop, Crossing crossing, const PortState& port, Instant at);

  // It could have started at `wanted`, and does so, or is thrown out, at crossing.start.
  struct Leaving {
    std::int32_t flushed_by = kNoRule;
    Duration stretch{};  // that the line is busy for longer
  };
  Leaving start(Hop hop, Crossing crossing, const PortState& port, Instant wanted,
                FaultLedger& ledger);

 private:
  // What the plan says of one rule.
  struct Planned {
    std::uint32_t number;  // position in the plan
    PacketMatch match;
    FaultSchedule when;
    FaultTimes times;
    std::unique_ptr<PortEffect> effect;
  };
  // It at one port.
  struct Rule {
    Planned* planned;
    LinkMemory memory{};
    std::uint64_t packets = 0;           // that matched, of rules that wait for one
    std::optional<Instant> triggered{};  // by it
  };
  struct Direction {
    std::vector<Rule> rules;
    std::uint64_t came = 0;
  };

  static std::optional<FaultWindow> in_force(const Rule& rule, Instant at);
  static Instant held_until(Rule& rule, Hop hop, const Crossing& crossing, const PortState& port);
  static void count_for_trigger(Rule& rule, const Crossing& crossing);

  std::vector<std::unique_ptr<Planned>> planned_;  // rules that act at ports
  std::vector<Direction> by_hop_;
};

}  // namespace soliton
