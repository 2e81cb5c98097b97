// What the fault plan does to each packet on each link. One object judges all links of a simulated
// network, or those a node sees in wall time.
//
// Order on a link: LinkStage; within a stage that of the plan. Each rule draws from a random stream of
// its own, so that adding a rule does not change the others. What is lost in a row is counted over all
// rules: a `max_burst` is about what happens to the link. A packet that several rules would drop is
// charged to the first of them.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "fabric/faults/fault_plan.h"
#include "protocol/base/fields.h"
#include "protocol/base/rng.h"
#include "topologies/topology.h"

namespace soliton {

inline constexpr std::int32_t kNoRule = -1;

struct FaultVerdict {
  std::int32_t dropped_by = kNoRule;  // position of the rule in the plan
  Duration extra_delay{};             // of a packet that is not dropped
  std::vector<Duration> copies;       // how much later than the packet each copy of it arrives
  std::vector<FaultAction> changes;   // of the packet itself, in order (change())

  bool dropped() const { return dropped_by != kNoRule; }
};

// What a rule did.
struct FaultCounters {
  std::uint64_t hits = 0;     // packets the rule decided against, alone or with others
  std::uint64_t dropped = 0;  // charged to this rule
  std::uint64_t delayed = 0;
  std::uint64_t duplicated = 0;  // copies made
  std::uint64_t corrupted = 0;   // with flipped bits, cut short or padded
  std::uint64_t marked = 0;      // marked, or a mark taken away
  std::uint64_t misrouted = 0;
  std::optional<Instant> first, last;  // instants of the first and the last hit

  void hit(Instant at) {
    ++hits;
    first = std::min(first.value_or(at), at);
    last = std::max(last.value_or(at), at);
  }
  void merge(const FaultCounters& other);
};
// Below `faults` in results.json.
inline constexpr Field kFaultCountRows[] = {
    field<&FaultCounters::hits>("hits", "Packets that the rule hit, alone or with others."),
    field<&FaultCounters::dropped>("dropped", "Packets that it dropped."),
    field<&FaultCounters::delayed>("delayed", "Packets that it delayed."),
    field<&FaultCounters::duplicated>("duplicated", "Copies of packets that it made."),
    field<&FaultCounters::corrupted>(
        "corrupted", "Packets of which it flipped bits, or which it cut short or padded."),
    field<&FaultCounters::marked>("marked", "Packets that it marked, or took the mark from."),
    field<&FaultCounters::misrouted>("misrouted", "Packets that it led to another node."),
};
inline constexpr Field kFaultTimeRows[] = {
    field<&FaultCounters::first>("first_us", "When it hit the first packet; null: never."),
    field<&FaultCounters::last>("last_us", "When it hit the last packet; null: never."),
};
inline constexpr FieldTable kFaultCountFields = fields_of<FaultCounters>("faults", kFaultCountRows);
inline constexpr auto kFaultCounterRows = joined(kFaultCountRows, kFaultTimeRows);
inline constexpr FieldTable kFaultCounterFields =
    fields_of<FaultCounters>("faults", kFaultCounterRows);

class LinkFaults {
 public:
  // REQUIRES: links named by the rules are below `links`.
  LinkFaults(const FaultPlan& plan, std::size_t links);

  // Called once per packet and hop; for one link and direction in the order of ordinals.
  FaultVerdict judge(Hop hop, const Crossing& crossing);
  bool touches(Hop hop) const { return !counters_.empty() && !by_hop_[port_of(hop)].rules.empty(); }

  const FaultPlan& plan() const { return plan_; }
  // By position of the rule in the plan.
  const std::vector<FaultCounters>& counters() const { return counters_; }

  // From here on every decision that had an effect is kept until it is taken.
  void record_firings() { records_ = true; }
  std::vector<FaultFiring> take_firings() { return std::exchange(firings_, {}); }

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
  std::vector<FaultCounters> counters_;
  std::vector<Direction> by_hop_;
  bool records_ = false;
  std::vector<FaultFiring> firings_;
};

}  // namespace soliton
