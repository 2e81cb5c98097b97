// What the fault plan does to each packet on each link. One object judges all links of a simulated
// network, or those a node sees in wall time.
//
// Order on a link: down, then loss, then delay. A rule decides by itself: its chance and its count
// of losses in a row depend on its own decisions only, so that adding a rule shifts no other. A
// packet that several rules would drop is charged to link_down first, then to the first rule of the
// plan.
#pragma once

#include <cstdint>
#include <vector>

#include "fabric/faults/fault_plan.h"
#include "protocol/base/rng.h"
#include "topologies/topology.h"

namespace soliton {

inline constexpr std::int32_t kNoRule = -1;

struct FaultVerdict {
  std::int32_t dropped_by = kNoRule;  // position of the rule in the plan
  Duration extra_delay{};             // of a packet that is not dropped

  bool dropped() const { return dropped_by != kNoRule; }
};

struct FaultCounters {
  std::uint64_t hits = 0;     // packets the rule decided against, alone or with others
  std::uint64_t dropped = 0;  // charged to this rule
  std::uint64_t delayed = 0;
};

// A packet on one direction of a link.
struct Crossing {
  Instant start{};  // first bit leaves: rules of chance apply if they are in force now
  Instant end{};    // last bit arrives without delay: link_down also hits what is on the wire
  std::uint64_t ordinal =
      0;  // of the packet on this link and direction: what chance is a function of
};

class LinkFaults {
 public:
  // REQUIRES: links named by the rules are below `links`.
  LinkFaults(const FaultPlan& plan, std::size_t links);

  // Called once a packet and hop, for one link and direction in order of ordinals.
  FaultVerdict judge(Hop hop, const Crossing& crossing);
  bool touches(Hop hop) const { return !by_hop_[position(hop)].empty(); }

  const FaultPlan& plan() const { return plan_; }
  // By position of the rule in the plan.
  const std::vector<FaultCounters>& counters() const { return counters_; }

 private:
  // One rule on one link and direction.
  struct Rule {
    std::uint32_t number;
    Random chance;
    std::uint32_t burst = 0;  // losses in a row
  };

  static std::size_t position(Hop hop) { return std::size_t{hop.link} * 2 + hop.direction; }
  bool drops(Rule& rule, const Crossing& crossing) const;
  bool loses(Rule& rule, std::uint64_t ordinal) const;
  Duration delay(const Rule& rule, std::uint64_t ordinal) const;

  FaultPlan plan_;
  std::vector<std::vector<Rule>> by_hop_;
  std::vector<FaultCounters> counters_;
};

}  // namespace soliton
