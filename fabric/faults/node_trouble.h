// What faults do to nodes: a crash, a pause, a role that hangs, a wrong result. A rule of a kind that is
// about nodes has a NodeTrouble for each of its windows; Chassis (node/shell) carries it out.
//
// Troubles compose: a node that is off does nothing, whatever else it suffers; of several slowdowns the
// factors multiply.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "fabric/faults/fault_times.h"
#include "protocol/base/result.h"
#include "protocol/base/rng.h"
#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

struct FaultRule;

struct NodeTrouble {
  enum class What : std::uint8_t {
    kNone,     // a trouble that turned out to be harmless
    kOff,      // takes nothing in, sends nothing, and forgets; `value` 1: its role forgets nothing
    kFreeze,   // does nothing; what comes in waits
    kCutOff,   // goes on working, but nothing comes in or leaves
    kHang,     // its role does nothing, while its transport and its agent go on
    kSlow,     // its role takes `value` thousandths of its time
    kWrong,    // a bit of what its role sends is wrong: `value` messages, 0: all
    kGarbage,  // off, and sends `value` packets of random bytes to its peers
    kOtherImage,     // begins anew with image `value`, which its peers refuse
    kNoCalibration,  // its memory does not calibrate when it is configured, `value` times in a row
    kReload,         // its role is gone and loaded anew; the transport goes on
    kManagerDown,    // its resource manager does nothing, and forgets
    kLeaseLost,      // the resource manager forgets that this device is leased
    kLeaseTwice,     // the resource manager grants this device although it is leased
    kNoSpare,        // the resource manager may not grant this device
    kClockSlow,      // what it waits for is late by `value` millionths of the wait
    kClockStands,    // what it waits for does not happen
  };
  static constexpr What kLast = What::kClockStands;  // what bytes may say
  What what = What::kNone;
  std::uint32_t value = 0;
  Instant until = kNever;

  bool operator==(const NodeTrouble&) const = default;
};

// One trouble of a rule, with all that it takes to make it again.
struct NodeFiring {
  Instant at{};
  std::uint32_t rule = 0;  // position in the plan
  NodeId node{};
  std::uint64_t ordinal = 0;  // of the window of the rule at this node
  NodeTrouble trouble;

  bool operator==(const NodeFiring&) const = default;
};
// In order of time; at one instant by rule and node.
bool before(const NodeFiring& a, const NodeFiring& b);

// "off 50000000 0": the name, how long in picoseconds (0: to the end of the run), and the value.
std::string spell(const NodeTrouble& trouble, Instant from);
Result<NodeTrouble> parse_node_trouble(std::string_view text, Instant from);

// The part of a FaultKind that is about nodes.
struct NodeFaultKind {
  // Of one window of the rule at one node; `chance` is of this window alone.
  NodeTrouble (*trouble)(const FaultRule& rule, const FaultWindow& window, const Random& chance);
  std::string_view past;  // what happened to the node, for explanations: "crashed"
  // Whether a run with such a rule needs a resource manager. Null: never.
  bool (*managed)(const FaultRule& rule) = nullptr;
  // Whether the rule is about the resource manager: without nodes named, about the manager's own.
  bool at_manager = false;
  // Whether its options say how long a trouble lasts, so that a rule that repeats needs no `for`.
  bool own_length = false;
};

// Of a kind whose trouble is the same in all windows and lasts as long as they do.
template <NodeTrouble::What what>
NodeTrouble trouble_for_window(const FaultRule&, const FaultWindow& window, const Random&) {
  return {what, 0, window.until};
}
inline bool always_managed(const FaultRule&) { return true; }

}  // namespace soliton
