// What a run went through on its way to recover: one list of events for manager, agents and hosts.
#pragma once

#include <cstdint>
#include <string_view>

#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

struct RecoveryEvent {
  enum class What : std::uint8_t {
    kDead,        // the manager has not heard from the node for too long
    kHung,        // the node answers, but its role makes no progress with work that lies before it
    kLost,        // the node answers, but has not the role it was given
    kLeaseLost,   // the manager has forgotten that the node has a lease
    kRefused,     // the node refused a grant, because it works for somebody already
    kRejoined,    // a node that was taken for dead answers again
    kGranted,     // the node has been granted the slot, in this generation
    kConfigured,  // the node can play the slot
    kFailed,      // the node could not be configured
    kReplayed,    // the host sends `count` open requests again
    kAnswered,    // the host has the first answer of this generation
    kManagerUp,   // the manager is back, and knows nothing
    kAlone,       // the manager hears nobody, and waits
    kDivided,     // the model is divided anew, without the slot
    kNoSpare,     // the end: no node can take the slot of the node
    kIsolated,    // the end: the manager has heard nobody for too long
  };
  Instant at{};
  What what = What::kDead;
  NodeId node{};
  NodeId slot{};  // the node that had the slot first
  std::uint32_t generation = 0;
  std::uint64_t count = 0;

  bool operator==(const RecoveryEvent&) const = default;
};

// For results and reports: "dead", "granted".
std::string_view recovery_word(RecoveryEvent::What what);
// The ends of a run.
constexpr bool ends_run(RecoveryEvent::What what) {
  return what == RecoveryEvent::What::kNoSpare || what == RecoveryEvent::What::kIsolated;
}

}  // namespace soliton
