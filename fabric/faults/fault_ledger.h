// What the rules of a fault plan did: counted by rule and, if it is asked for, recorded decision by decision.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "fabric/faults/fault_action.h"
#include "protocol/base/fields.h"
#include "protocol/base/time.h"

namespace soliton {

inline constexpr std::int32_t kNoRule = -1;

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

struct FaultLedger {
  std::vector<FaultCounters> counters;  // by position of the rule in the plan
  bool records = false;
  std::vector<FaultFiring> firings;

  // A decision that had an effect.
  void record(const FaultFiring& firing) {
    if (records) firings.push_back(firing);
  }
};

}  // namespace soliton
