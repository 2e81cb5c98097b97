// The messages of one request on an otherwise idle network, carried by the same transport and
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
  std::uint32_t steps = 1;  // of the request
  std::int64_t bytes = 0;   // with its header
  Instant started{};        // where the path begins: the client sent the request
  Arrival leaves;
};

struct FlowOptions {
  const Topology* topology = nullptr;  // null: messages take no time
  const Routes* routes = nullptr;
  std::vector<NodeId> node;       // by endpoint
  std::set<NodePair> pairs;       // pairs that exchange messages, by NodeId
  std::set<std::uint32_t> hosts;  // of these, the CPU hosts
  LtlOptions ltl;
  std::optional<std::uint64_t> seed;  // of congestion marks; unset: there are none
};

class MessageFlow {
 public:
  // Called for each message when all of it has arrived, in order of time. It may send() from the
  // endpoint where the message arrived.
  using Receive = std::function<void(const FlowMessage& message, Instant at)>;

  MessageFlow(FlowOptions options, Receive receive);
  ~MessageFlow();
  MessageFlow(const MessageFlow&) = delete;
  MessageFlow& operator=(const MessageFlow&) = delete;

  // The message leaves at message.leaves.at; one to its own source arrives then. REQUIRES: outside
  // `receive`, only before run(). Inside: only from the receiving endpoint, and not before the
  // arrival.
  void send(const FlowMessage& message);
  // Runs until nothing is in flight. Returns false if emulated time ended first.
  bool run();

 private:
  struct Impl;
  std::unique_ptr<Impl> x_;
};

}  // namespace soliton
