// Messages of one request crossing an otherwise idle network, carried by the transport and the
// network that the emulator runs: windows, acknowledgements and the order in which connections take
// turns cost what they cost there.
//
//   MessageFlow flow(options, [&](const FlowMessage& arrived, Instant at) { flow.send(next); });
//   flow.send(first);
//   flow.run();
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "fabric/ltl/options.h"
#include "partition/cost/connections.h"
#include "protocol/base/breakdown.h"
#include "protocol/base/types.h"
#include "topologies/routes.h"

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

struct FlowOptions {
  const Topology* topology = nullptr;  // null: messages take no time
  const Routes* routes = nullptr;
  std::vector<NodeId> node;  // by endpoint
  std::set<NodePair> pairs;  // that talk, by NodeId
  NodeId host{};
  LtlOptions ltl;
  std::optional<std::uint64_t> seed;  // of congestion marks; unset: they are not heeded
};

class MessageFlow {
 public:
  // Takes each message when it has arrived as a whole, in order of time, and may send() from the
  // endpoint that it came to.
  using Receive = std::function<void(const FlowMessage& message, Instant at)>;

  MessageFlow(FlowOptions options, Receive receive);
  ~MessageFlow();
  MessageFlow(const MessageFlow&) = delete;
  MessageFlow& operator=(const MessageFlow&) = delete;

  // Leaves at message.leaves.at. REQUIRES: source and destination differ; outside `receive` only
  // before run(), inside from the receiving endpoint and not before the arrival.
  void send(const FlowMessage& message);
  // Until nothing is under way any more. False: emulated time ended before.
  bool run();

 private:
  struct Impl;
  std::unique_ptr<Impl> x_;
};

}  // namespace soliton
