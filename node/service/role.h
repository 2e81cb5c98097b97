// What a node does with messages, behind its LTL: it serves an NPU, plays the clients, or sends
// traffic. A state machine without clock or socket. node/roles lists the kinds.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "fabric/machine.h"
#include "node/deployment/records.h"
#include "node/deployment/time_base.h"
#include "node/service/role_stats.h"
#include "protocol/base/check.h"
#include "protocol/base/payload.h"
#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

struct NodeCondition;
class RoleSpec;

struct RoleMessage {
  NodeId peer{};
  Payload message;
  bool control = false;  // goes on the connection of channel 0, ahead of all data
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

  // When the role ends the run by itself (fabric/machine.h).
  virtual RunEnd run_end() const { return {}; }

  // --- recovery (node/recovery)
  // The first request that is not done, of roles that have clients, or the next one.
  virtual std::uint32_t first_open() const { return 0; }
  // Begins anew with request `first`, and forgets what is under way. A role with clients sends its open
  // requests again. REQUIRES: a role of a model.
  virtual void restart(std::uint32_t, Instant) {
    SOLITON_CHECK_MSG(false, "a role that cannot begin anew was told to");
  }
  // Takes another spec of its kind, before restart(): the model has been divided anew. REQUIRES: a role with
  // clients.
  virtual void adopt(const RoleSpec&) {
    SOLITON_CHECK_MSG(false, "a role that has one spec was given another");
  }
  // Whether it goes on when the connection to a peer has ended. Otherwise the run is over.
  virtual bool outlives_peers() const { return false; }
  // Of the assignment of roles to nodes, from 1.
  virtual std::uint32_t generation() const { return 1; }
  // The node is another incarnation, whose role has kept its state.
  virtual void revive(Instant) {}
  // Faults of the node that concern its role have begun or ended.
  virtual void set_condition(const NodeCondition&, Instant) {}
};

}  // namespace soliton
