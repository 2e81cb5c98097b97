// What a node does with messages, behind its LTL: it serves an NPU, plays the clients, or sends
// traffic. A state machine without clock or socket. node/roles lists the kinds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "node/deployment/records.h"
#include "node/deployment/time_base.h"
#include "node/service/role_stats.h"
#include "protocol/base/payload.h"
#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

struct RoleMessage {
  NodeId peer{};
  Payload message;
};

class Role {
 public:
  virtual ~Role() = default;
  // A role that acts by itself begins at `at`, and does nothing before.
  virtual void start(Instant) {}
  virtual void on_message(NodeId peer, Payload message, Instant now) = 0;
  // Messages that leave at or before `now`, in order of departure.
  virtual std::optional<RoleMessage> poll_message(Instant now) = 0;
  virtual Instant next_deadline() const = 0;
  virtual void on_deadline(Instant now) = 0;
  // The transport takes no more messages to `peer` for now, or takes them again. What is polled in
  // between waits in the node; a role that makes messages as fast as they leave stops meanwhile.
  virtual void on_blocked(NodeId) {}
  virtual void on_room(NodeId) {}
  // What it waits for, in words, for the explanation of a stall. Empty: nothing is open.
  virtual std::vector<std::string> describe_outstanding() const = 0;

  // Its part of the workload is done. Asked of roles with a part in it (RoleKind::asked).
  virtual bool finished() const { return false; }
  // Appends what it has completed since the last call.
  virtual void hand_over(Records&) {}
  virtual void add_stats(RoleStats&) const {}
};

}  // namespace soliton
