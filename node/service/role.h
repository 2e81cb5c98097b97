// What a node does with messages, behind its LTL: the NPU service or the host. State machines
// without clock or socket.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/payload.h"
#include "protocol/base/time.h"
#include "protocol/base/types.h"

namespace soliton {

// Emulated: a result leaves at the instant the timing model says. Wall: it leaves when it has been
// computed, and the modelled time is only counted.
enum class TimeBase : std::uint8_t { kEmulated, kWall };

struct RoleMessage {
  NodeId peer{};
  Payload message;
};

class Role {
 public:
  virtual ~Role() = default;
  virtual void on_message(NodeId peer, Payload message, Instant now) = 0;
  // Messages that leave at or before `now`, in order of departure.
  virtual std::optional<RoleMessage> poll_message(Instant now) = 0;
  virtual Instant next_deadline() const = 0;
  virtual void on_deadline(Instant now) = 0;
  // The transport takes no more messages to `peer` for now, or takes them again. What is polled in
  // between waits in the node: roles that make messages as fast as they leave stop at the first.
  virtual void on_blocked(NodeId) {}
  virtual void on_room(NodeId) {}
  // What it waits for, in words, for the explanation of a stall. Empty: nothing is open.
  virtual std::vector<std::string> describe_outstanding() const = 0;
};

}  // namespace soliton
