#include "partition/cost/message_flow.h"

#include <algorithm>
#include <deque>
#include <limits>
#include <map>
#include <queue>

#include "fabric/ltl/ltl.h"
#include "fabric/sim/engine.h"
#include "fabric/sim/local_node.h"
#include "partition/cost/paths.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

// Messages that wait for their instant, in order of (instant, order of arrival here).
class Waiting {
 public:
  void push(const FlowMessage& message) { queue_.push({message, next_++}); }
  bool empty() const { return queue_.empty(); }
  Instant next() const { return queue_.empty() ? kNever : queue_.top().message.leaves.at; }
  FlowMessage pop() {
    FlowMessage message = queue_.top().message;
    queue_.pop();
    return message;
  }

 private:
  struct Entry {
    FlowMessage message;
    std::uint64_t order;
    bool operator<(const Entry& other) const {  // std::priority_queue puts the greatest first
      const Instant at = message.leaves.at, others = other.message.leaves.at;
      return at != others ? at > others : order > other.order;
    }
  };
  std::priority_queue<Entry> queue_;
  std::uint64_t next_ = 0;
};

// A node that takes no part.
class Idle : public EngineNode {
 public:
  void deliver(Frame) override {
    SOLITON_CHECK_MSG(false, "a packet arrived at a node that takes no part");
  }
  Instant next_event() const override { return kNever; }
  void grant(Instant) override {}
  Status collect(std::vector<Frame>&) override { return {}; }
  Instant last_event() const override { return kRunStart; }
  std::uint64_t events() const override { return 0; }
};

// One end of the flow: a transport, and messages that wait for their instant. What is under way on
// a connection is kept on the side, since the transport carries sizes only.
class Endpoint : public Machine {
 public:
  using Arrived = std::function<void(NodeId from, Instant at)>;

  // `receive` takes the messages of the endpoint to itself.
  Endpoint(NodeId self, const LtlOptions& options, std::vector<LtlConnection> connections,
           Arrived arrived, const MessageFlow::Receive& receive)
      : connections_(std::move(connections)),
        ltl_(self, options, connections_),
        arrived_(std::move(arrived)),
        receive_(receive) {
    for (std::size_t row = 0; row < connections_.size(); ++row)
      row_[connections_[row].peer] = ConnectionId{static_cast<std::uint16_t>(row)};
  }

  void send(NodeId to, const FlowMessage& message) {
    if (message.source == message.destination) return own_.push(message);
    const auto row = row_.find(to);
    SOLITON_CHECK_MSG(row != row_.end(), "there is no connection to node {}", index(to));
    waiting_.push(message);
  }
  void set_node_of(const std::vector<NodeId>& node) { node_of_ = &node; }
  // LTL delivers a connection's messages in order, so what has arrived is the oldest that is under
  // way.
  FlowMessage take(NodeId to) {
    std::deque<FlowMessage>& sent = under_way_[to];
    SOLITON_CHECK(!sent.empty());
    FlowMessage message = std::move(sent.front());
    sent.pop_front();
    return message;
  }

  void on_input(Datagram datagram, Instant now) override {
    ltl_.on_input(datagram, now);
    while (const std::optional<LtlDelivery> delivery = ltl_.poll_delivery())
      arrived_(connections_[index(delivery->connection)].peer, now);
  }
  std::optional<Datagram> poll_output(Instant now) override {
    // All messages of this instant before the first packet: they may share packets, and the weights
    // of channels decide who goes first.
    while (waiting_.next() <= now) hand_over(waiting_.pop(), now);
    return ltl_.poll_output(now);
  }
  Instant next_deadline() const override {
    return std::min({ltl_.next_deadline(), waiting_.next(), own_.next()});
  }
  void on_deadline(Instant now) override {
    if (ltl_.next_deadline() <= now) ltl_.on_deadline(now);
    while (own_.next() <= now) receive_(own_.pop(), now);
  }

 private:
  void hand_over(const FlowMessage& message, Instant now) {
    const NodeId to = (*node_of_)[message.destination];
    under_way_[to].push_back(message);
    const Status sent =
        ltl_.send(row_.at(to), Payload{{}, static_cast<std::uint64_t>(message.bytes)}, now);
    SOLITON_CHECK_MSG(sent.has_value(), "{}", sent.error().message);
  }

  std::vector<LtlConnection> connections_;
  Ltl ltl_;
  Arrived arrived_;
  const MessageFlow::Receive& receive_;
  const std::vector<NodeId>* node_of_ = nullptr;
  std::map<NodeId, ConnectionId> row_;
  std::map<NodeId, std::deque<FlowMessage>> under_way_;
  Waiting waiting_;
  Waiting own_;  // to itself
};

// An idle network is nobody else's.
Topology without_others(const Topology& topology) {
  Topology out = topology;
  for (TopologyLink& link : out.links) link.other = {};
  return out;
}

bool shared_with_others(const Topology& topology) {
  return std::ranges::any_of(topology.links, [](const TopologyLink& link) {
    return link.other.busy.parts_per_billion > 0;
  });
}

// Connections are there from the beginning, nobody dies, and queues have no end.
LtlOptions plain(LtlOptions options) {
  options = before_replies(options);
  options.handshake = false;
  if (options.auth == AuthMode::kAead) options.auth = AuthMode::kNone;  // in wall time only
  options.misses = 0;
  options.queue_limit = Bytes{std::numeric_limits<std::int64_t>::max() / 2};
  return options;
}

}  // namespace

struct MessageFlow::Impl {
  Impl(FlowOptions given, Receive receiver)
      : options(std::move(given)), receive(std::move(receiver)) {
    if (options.topology == nullptr) return;
    endpoint_at.resize(options.topology->nodes);
    connect();
  }

  void connect() {
    std::map<NodeId, std::vector<LtlConnection>> tables;
    for (const NodeId node : options.node) tables[node] = {};
    const PathTimes paths(options.ltl, *options.topology, *options.routes, {}, options.pairs);
    // The rows of a run's connection tables have this order as well, and connections take turns by
    // row.
    for (const NodePair& pair : options.pairs) {
      std::vector<LtlConnection>& a = tables.at(NodeId{pair.first});
      std::vector<LtlConnection>& b = tables.at(NodeId{pair.second});
      const std::uint8_t channel = channel_of(pair, options.hosts);
      const auto row_a = static_cast<std::uint16_t>(a.size());
      const auto row_b = static_cast<std::uint16_t>(b.size());
      const NodeId first{pair.first}, second{pair.second};
      a.push_back({.peer = second,
                   .remote_index = row_b,
                   .channel = channel,
                   .path = paths.between(first, second)});
      b.push_back({.peer = first,
                   .remote_index = row_a,
                   .channel = channel,
                   .path = paths.between(second, first)});
    }
    LtlOptions ltl = plain(options.ltl);
    // Marks fall by chance, and without a seed there is no chance.
    if (!options.seed) ltl.congestion.enabled = false;
    for (const NodeId node : options.node) {
      if (endpoint_at[index(node)] != nullptr) continue;
      endpoints.push_back(std::make_unique<Endpoint>(
          node, ltl, std::move(tables.at(node)),
          [this, node](NodeId from, Instant at) { receive(at_node(from).take(node), at); },
          receive));
      endpoints.back()->set_node_of(options.node);
      endpoint_at[index(node)] = endpoints.back().get();
    }
  }

  Endpoint& at_node(NodeId node) { return *endpoint_at[index(node)]; }

  void send(const FlowMessage& message) {
    if (options.topology == nullptr) return at_once.push(message);
    at_node(options.node[message.source]).send(options.node[message.destination], message);
  }

  bool run() {
    // Messages take no time, but still arrive in order of the instants at which they leave.
    if (options.topology == nullptr) {
      while (!at_once.empty()) {
        const FlowMessage message = at_once.pop();
        receive(message, message.leaves.at);
      }
      return true;
    }
    const bool shared = shared_with_others(*options.topology);
    const Topology idle = shared ? without_others(*options.topology) : Topology{};
    const FaultPlan no_faults{options.seed.value_or(1), {}};
    Network network(shared ? idle : *options.topology, *options.routes, no_faults);
    // The engine wants an object for every node of the topology; most take no part.
    Idle nobody;
    std::vector<std::unique_ptr<LocalNode>> local;
    std::vector<EngineNode*> nodes(endpoint_at.size(), &nobody);
    for (std::uint32_t i = 0; i < endpoint_at.size(); ++i) {
      if (endpoint_at[i] == nullptr) continue;
      local.push_back(std::make_unique<LocalNode>(*endpoint_at[i], NodeId{i}));
      nodes[i] = local.back().get();
    }
    const Result<EngineReport> report = Engine(network, std::move(nodes)).run();
    SOLITON_CHECK_MSG(report.has_value(), "{}", report.error().message);
    return report->end == EndReason::kQuiet;
  }

  FlowOptions options;
  Receive receive;
  Waiting at_once;
  std::vector<std::unique_ptr<Endpoint>> endpoints;
  std::vector<Endpoint*> endpoint_at;  // by NodeId; null: not one of the flow
};

MessageFlow::MessageFlow(FlowOptions options, Receive receive)
    : x_(std::make_unique<Impl>(std::move(options), std::move(receive))) {}
MessageFlow::~MessageFlow() = default;
void MessageFlow::send(const FlowMessage& message) { x_->send(message); }
bool MessageFlow::run() { return x_->run(); }

}  // namespace soliton
