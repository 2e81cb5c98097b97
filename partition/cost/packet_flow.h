// Messages crossing an otherwise idle network as bare packets, first come, first served at every
// port: what MessageFlow comes to without acknowledgements, windows and the turns of connections.
// Several times faster, and for ranking only.
#pragma once

#include <cstdint>
#include <optional>
#include <queue>
#include <vector>

#include "protocol/base/breakdown.h"
#include "topologies/line.h"

namespace soliton {

struct FlowMessage {
  std::size_t source = 0;  // endpoints
  std::size_t destination = 0;
  std::uint16_t port = 0;
  std::uint32_t request = 0;
  std::int64_t bytes = 0;
  std::int64_t elements = 0;
  Arrival leaves;
};

struct FlowDelivery {
  FlowMessage message;
  Instant at{};
};

class PacketFlow {
 public:
  // `vertex[i]` is where endpoint i of the messages stands. Null topology: messages take no time.
  PacketFlow(const Topology* topology, const Routes* routes, std::vector<NodeId> vertex,
             std::uint32_t mtu);

  // REQUIRES: message.leaves is not before the last delivery. Ties are served in order of the
  // calls.
  void send(const FlowMessage& message);
  // The next complete message in order of arrival.
  std::optional<FlowDelivery> next();

 private:
  struct Step {
    Instant at{};
    std::uint64_t ordinal = 0;
    std::size_t message = 0;
    AtPort packet;
    std::int64_t bytes = 0;  // of the packet; 0: all of the message's packets, not cut yet
    std::size_t hop = 0;     // == route length: has arrived
    bool last = true;        // of its message
    bool operator>(const Step& other) const {
      return at != other.at ? at > other.at : ordinal > other.ordinal;
    }
  };

  const std::vector<Hop>& route(const FlowMessage& message) const;
  void push(Step step);
  void cut(const Step& step);
  void cross(Step step);

  const Topology* topology_;
  const Routes* routes_;
  std::vector<NodeId> vertex_;
  std::int64_t mtu_;
  std::vector<Instant> free_;  // per link and direction
  std::vector<FlowMessage> messages_;
  std::priority_queue<Step, std::vector<Step>, std::greater<>> steps_;
  std::uint64_t next_ordinal_ = 0;
};

}  // namespace soliton
