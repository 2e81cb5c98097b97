// What roles give their transports and get from them, message by message: the record that a checker
// of delivery reads (cluster/chaos/history_check.h). It stands between a role and its node, in place
// of the role, so that a node without a record pays nothing.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "node/service/role.h"

namespace soliton {

struct MessageEvent {
  bool delivered = false;  // false: sent
  NodeId from{}, to{};
  std::uint64_t size = 0;
  std::uint64_t hash = 0;  // of the real bytes
  Instant at{};
  bool operator==(const MessageEvent&) const = default;
};

// Of a whole run, in the order in which things happened. For nodes of one thread.
class MessageHistory {
 public:
  void sent(NodeId from, NodeId to, const Payload& message, Instant at) {
    add(false, from, to, message, at);
  }
  void delivered(NodeId from, NodeId to, const Payload& message, Instant at) {
    add(true, from, to, message, at);
  }
  const std::vector<MessageEvent>& events() const { return events_; }

 private:
  void add(bool delivered, NodeId from, NodeId to, const Payload& message, Instant at);

  std::vector<MessageEvent> events_;
};

// `role`, and all that it sends and gets goes into `history`, which outlives it. `self` is its node.
std::unique_ptr<Role> recorded(std::unique_ptr<Role> role, NodeId self, MessageHistory& history);

}  // namespace soliton
