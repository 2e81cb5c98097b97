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
  // A role that acts by itself begins at `at` and does nothing before.
  virtual void start(Instant) {}
  virtual void on_message(NodeId peer, Payload message, Instant now) = 0;
  // Polls messages that leave at or before `now`, in order of departure.
  virtual std::optional<RoleMessage> poll_message(Instant now) = 0;
  virtual Instant next_deadline() const = 0;
  virtual void on_deadline(Instant now) = 0;
  // Says whether the transport takes more messages to `peer`. Messages polled while it does not are
  // kept in the node; a role that makes messages as fast as they leave should stop meanwhile.
  virtual void on_blocked(NodeId) {}
  virtual void on_room(NodeId) {}
  // Nobody waits for the run any more: a role that makes work by itself makes no more.
  virtual void stop() {}
  // What the role waits for, in words, to explain a stall. Empty if nothing is open.
  virtual std::vector<std::string> describe_outstanding() const = 0;

  // Whether its part of the workload is done. Only asked of roles that have a part
  // (RoleKind::asked).
  virtual bool finished() const { return false; }
  // Appends the records completed since the last call.
  virtual void hand_over(Records&) {}
  virtual void add_stats(RoleStats&) const {}
};

}  // namespace soliton
