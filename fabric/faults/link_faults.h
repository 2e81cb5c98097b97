// What the fault plan does to each packet on each link. One object judges all links of a simulated
// network, or those a node sees in wall time.
//
// Order on a link: LinkStage; within a stage that of the plan. Each rule draws from a random stream of
// its own, so that adding a rule does not change the others. What is lost in a row is counted over all
// rules: a `max_burst` is about what happens to the link. A packet that several rules would drop is
// charged to the first of them.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fabric/faults/fault_ledger.h"
#include "fabric/faults/fault_plan.h"
#include "fabric/faults/port_faults.h"
#include "protocol/base/rng.h"
#include "topologies/topology.h"

namespace soliton {

struct FaultVerdict {
  std::int32_t dropped_by = kNoRule;  // position of the rule in the plan
  Duration extra_delay{};             // of a packet that is not dropped
  std::vector<Duration> copies;       // how much later than the packet each copy of it arrives
  std::vector<FaultAction> changes;   // of the packet itself, in order (change())

  bool dropped() const { return dropped_by != kNoRule; }
};

class LinkFaults {
 public:
  // REQUIRES: links named by the rules are below `links`.
  LinkFaults(const FaultPlan& plan, std::size_t links);

  // Called once per packet and hop; for one link and direction in the order of ordinals.
  FaultVerdict judge(Hop hop, const Crossing& crossing);
  bool touches(Hop hop) const {
    return !ledger_.counters.empty() && !by_hop_[port_of(hop)].rules.empty();
  }

  // The same plan at ports (PortFaults).
  bool touches_port(Hop hop) const { return ports_.touches(hop); }
  PortFaults::Coming come(Hop hop, const Crossing& crossing, const PortState& port, bool at_card) {
    return ports_.come(hop, crossing, port, at_card, ledger_);
  }
  Instant first_start(Hop hop, const Crossing& crossing, const PortState& port, Instant at) {
    return ports_.first_start(hop, crossing, port, at);
  }
  PortFaults::Leaving start(Hop hop, const Crossing& crossing, const PortState& port,
                            Instant wanted) {
    return ports_.start(hop, crossing, port, wanted, ledger_);
  }

  const FaultPlan& plan() const { return plan_; }
  // By position of the rule in the plan.
  const std::vector<FaultCounters>& counters() const { return ledger_.counters; }

  // From here on every decision that had an effect is kept until it is taken.
  void record_firings() { ledger_.records = true; }
  std::vector<FaultFiring> take_firings() { return std::exchange(ledger_.firings, {}); }

 private:
  // One rule on one link and direction.
  struct Rule {
    std::uint32_t number;
    Random chance;
    LinkMemory memory{};
    std::uint64_t packets = 0;           // that matched, of rules that wait for one
    std::optional<Instant> triggered{};  // by it
  };
  struct Direction {
    std::vector<Rule> rules;  // in the order in which they act
    std::uint64_t burst = 0;  // packets lost in a row, by whatever rules
  };

  // The window that the packet meets; nullopt: the rule is not in force for it.
  std::optional<FaultWindow> in_force(Rule& rule, const Crossing& crossing);
  void take(const Rule& rule, Hop hop, const Crossing& crossing, const FaultAction& action,
            FaultVerdict& verdict);

  FaultPlan plan_;
  // By position of the rule.
  std::vector<std::unique_ptr<LinkEffect>> effects_;
  std::vector<FaultTimes> times_;
  FaultLedger ledger_;
  std::vector<Direction> by_hop_;
  PortFaults ports_;
};

}  // namespace soliton
