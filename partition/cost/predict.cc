#include <algorithm>
#include <map>
#include <memory>

#include "node/npu/npu.h"
#include "partition/cost/cable_load.h"
#include "partition/cost/cost_model.h"
#include "partition/cost/message_flow.h"
#include "partition/cost/own_network.h"
#include "protocol/base/check.h"
#include "protocol/isa/host_time.h"
#include "topologies/line.h"

namespace soliton {
namespace {

// Requests through all NPUs, one after the other. Endpoints are the shards in order, then the host.
class Playback {
 public:
  explicit Playback(const CostRequest& request)
      : request_(request),
        vertex_(vertices(request)),
        own_(own_of(request, vertex_)),
        own_routes_(own_),
        load_(topology(), routes(), request.mtu, packets_shared(request.ltl)),
        flow_(flow_options(),
              [this](const FlowMessage& message, Instant at) { deliver(message, at); }) {
    for (std::size_t i = 0; i < request.shards.size(); ++i) {
      nodes_.emplace_back().npu = std::make_unique<Npu>(request.shards[i], ComputeMode::kTiming);
      endpoint_[request.shards[i].node] = i;
    }
    endpoint_[request.host->node] = host();
    out_.occupied.resize(nodes_.size());
    out_.busy.resize(nodes_.size());
    out_.received_bytes.resize(nodes_.size());
    most_ahead_ = most_ahead();
  }

  Prediction run() {
    send_inputs();
    const bool ended = flow_.run();
    if (out_.over_limit) return std::move(out_);
    if (!ended || sent_ >= kRunEnd) return beyond_time();
    finish();
    return std::move(out_);
  }

 private:
  struct Node {
    std::unique_ptr<Npu> npu;
    std::uint32_t request = 0;  // that it serves, or serves next
    bool serving = false;
    Instant started{};
    Duration busy_before{};
    // Of requests that it does not serve yet; `leaves` is their arrival.
    std::map<std::uint32_t, std::vector<FlowMessage>> held{};
  };

  std::size_t host() const { return nodes_.size(); }
  bool last() const { return request_number_ == request_.before; }

  static std::vector<NodeId> vertices(const CostRequest& request) {
    std::vector<NodeId> out;
    if (request.topology == nullptr) return out;
    std::map<std::string, std::uint32_t> nodes{{request.host->node, UINT32_MAX}};
    for (const Shard& shard : request.shards) nodes[shard.node] = UINT32_MAX;
    for (std::uint32_t i = 0; i < request.topology->nodes; ++i)
      if (const auto at = nodes.find(request.topology->vertices[i].name); at != nodes.end())
        at->second = i;
    const auto find = [&](const std::string& name) {
      const std::uint32_t found = nodes.at(name);
      SOLITON_CHECK_MSG(found != UINT32_MAX, "{} is not in the topology", name);
      return NodeId{found};
    };
    for (const Shard& shard : request.shards) out.push_back(find(shard.node));
    out.push_back(find(request.host->node));
    return out;
  }

  // What congestion marks hit depends on the numbers of the run.
  static bool as_numbered(const CostRequest& request) { return request.seed.has_value(); }
  static Topology own_of(const CostRequest& request, const std::vector<NodeId>& vertex) {
    if (request.topology == nullptr || as_numbered(request)) return {};
    return own_network(*request.topology, vertex);
  }
  const Topology* topology() const {
    return request_.topology == nullptr || as_numbered(request_) ? request_.topology : &own_;
  }
  const Routes* routes() const { return as_numbered(request_) ? request_.routes : &own_routes_; }
  NodeId number(std::size_t endpoint) const {
    return as_numbered(request_) ? vertex_[endpoint] : NodeId{static_cast<std::uint32_t>(endpoint)};
  }

  FlowOptions flow_options() const {
    FlowOptions out;
    if (request_.topology == nullptr) return out;
    out.topology = topology();
    out.routes = routes();
    if (request_.ltl != nullptr) out.ltl = *request_.ltl;
    out.ltl.mtu = request_.mtu;
    out.seed = request_.seed;
    std::map<std::string, std::uint32_t> numbers;
    for (std::size_t i = 0; i < vertex_.size(); ++i) {
      const std::string& name =
          i < request_.shards.size() ? request_.shards[i].node : request_.host->node;
      numbers[name] = index(number(i));
      out.node.push_back(number(i));
    }
    out.host = out.node.back();
    out.pairs = talking_pairs(request_.shards, *request_.host,
                              [&](const std::string& name) { return numbers.at(name); });
    return out;
  }

  void send(std::size_t from, const OutPort::Destination& to, std::int64_t elements,
            const Arrival& leaves) {
    const std::size_t destination = endpoint_.at(to.peer);
    FlowMessage message;
    message.source = from;
    message.destination = destination;
    message.port = to.port;
    message.request = from == host() ? request_number_ : nodes_[from].request;
    message.elements = request_.batch * elements;
    message.bytes = message_bytes(message.elements);
    message.leaves = leaves;
    if (leaves.at > latest_.at) latest_ = leaves;
    // A way back to the node itself takes no time and never leaves it.
    if (destination == from) return take(nodes_[from], message);
    if (last()) {
      out_.cut_bytes += 2 * elements;
      ++out_.messages;
      if (destination != host()) out_.received_bytes[destination] += 2 * elements;
      if (request_.topology != nullptr)
        load_.add(number(from), number(destination), message.elements);
    }
    flow_.send(message);
  }

  // Step by step, each to all ports and their destinations, as the host role does.
  void send_inputs() {
    Arrival ready;
    ready.path.host = times(host_time_before(*request_.host, request_.steps), request_.batch);
    ready.at = later(sent_, ready.path.host);
    for (std::int64_t step = 0; step < request_.steps; ++step) {
      for (const HostShard::StepPort& port : request_.host->inputs) {
        for (const auto& destination : port.destinations)
          send(host(), destination, request_.host->elements_of(port), ready);
      }
    }
  }

  std::size_t replies_due() const {
    const HostShard& shard = *request_.host;
    const std::int64_t vectors = shard.sequence_output ? request_.steps : 1;
    return shard.replies.size() * static_cast<std::size_t>(vectors);
  }

  // The engine lets no node get ahead of what the host is still to receive by more than a packet
  // takes from there.
  Duration most_ahead() const {
    Duration out{};
    if (request_.topology == nullptr || request_.latency_limit >= kLongestTime) return out;
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      out = std::max(out, least_latency(*topology(), routes()->path(number(host()), number(i))));
    return out;
  }

  // An answer that is not complete by the limit will be later, and a device that is still to read a
  // message is occupied until then.
  bool over_limit(const FlowMessage& message, Instant at) const {
    if (!last()) return false;
    const Duration ahead = message.destination == host() ? Duration{} : most_ahead_;
    if (at - sent_ > sum(request_.latency_limit, ahead) && replies_ < replies_due()) return true;
    if (load_.busiest() > request_.interval_limit) return true;
    if (message.destination == host()) return false;
    const Node& node = nodes_[message.destination];
    return node.serving && message.request == node.request &&
           at - node.started > request_.interval_limit;
  }

  // Over a limit nothing is taken any more, so what is under way comes to an end.
  void deliver(FlowMessage message, Instant at) {
    out_.over_limit = out_.over_limit || over_limit(message, at);
    if (out_.over_limit) return;
    const Instant left = message.leaves.at;
    message.leaves.path.network += at - left;
    message.leaves.at = at;
    if (message.destination == host()) return take_reply(message, left);
    Node& node = nodes_[message.destination];
    if (node.serving && message.request == node.request) {
      take(node, message);
      drain(message.destination);
    } else {
      node.held[message.request].push_back(message);
    }
    while (!node.serving && node.held.contains(node.request)) begin_next(message.destination);
  }

  static void take(Node& node, const FlowMessage& message) {
    node.npu->deliver(message.port, Payload{{}, static_cast<std::uint64_t>(2 * message.elements)},
                      message.leaves);
  }

  // As the service of a node does.
  void begin_next(std::size_t endpoint) {
    Node& node = nodes_[endpoint];
    const std::vector<FlowMessage> messages = std::move(node.held.extract(node.request).mapped());
    Arrival start = messages.front().leaves;
    if (node.request > 0 && node.npu->free_at() > start.at) {
      start.path.queue += node.npu->free_at() - start.at;
      start.at = node.npu->free_at();
    }
    node.serving = true;
    node.started = start.at;
    node.busy_before = node.npu->stats().busy;
    node.npu->begin(RequestId{node.request}, request_.steps, start, request_.batch);
    for (const FlowMessage& message : messages) take(node, message);
    drain(endpoint);
  }

  void drain(std::size_t endpoint) {
    Node& node = nodes_[endpoint];
    while (const auto output = node.npu->poll_output()) {
      const OutPort& port = request_.shards[endpoint].out_ports[output->port];
      for (const auto& destination : port.destinations)
        send(endpoint, destination, port.elements, output->leaves);
    }
    if (!node.npu->finished()) return;
    out_.occupied[endpoint] = node.npu->free_at() - node.started;
    out_.busy[endpoint] = node.npu->stats().busy - node.busy_before;
    node.serving = false;
    ++node.request;
  }

  void take_reply(const FlowMessage& message, Instant left) {
    if (last()) out_.last_output = std::max(out_.last_output, left - sent_);
    if (++replies_ < replies_due()) return;
    const HostShard& shard = *request_.host;
    const Duration work = times(host_time_after(shard, request_.steps), request_.batch);
    const Instant answered = later(message.leaves.at, work);
    out_.path = message.leaves.path;
    out_.path.host += answered - message.leaves.at;
    out_.latency = answered - sent_;
    const bool another = !last();
    ++request_number_;
    if (!another) return;
    replies_ = 0;
    sent_ = answered;
    send_inputs();
  }

  // A request that does not end before emulated time does: its path is that of the last message,
  // and if that left in time, the way of it.
  Prediction beyond_time() {
    out_.latency = out_.last_output = out_.interval = kLongestTime;
    out_.path = latest_.path;
    if (latest_.at < kRunEnd) out_.path.network += kRunEnd - latest_.at;
    out_.occupied.assign(nodes_.size(), kLongestTime);
    out_.busy.assign(nodes_.size(), kLongestTime);
    return std::move(out_);
  }

  void finish() {
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      SOLITON_CHECK_MSG(nodes_[i].request == request_.before + 1, "{} waits for {}",
                        request_.shards[i].node, nodes_[i].npu->waiting_for());
    SOLITON_CHECK_MSG(request_number_ == request_.before + 1, "{} replies to request {}", replies_,
                      request_number_);
    for (const Duration occupied : out_.occupied) out_.interval = std::max(out_.interval, occupied);
    out_.interval = std::max(out_.interval, load_.busiest());
  }

  const CostRequest& request_;
  std::vector<NodeId> vertex_;  // by endpoint
  Topology own_;                // the plan's own network, by which nothing is named or numbered
  Routes own_routes_;
  CableLoad load_;
  Duration most_ahead_{};
  MessageFlow flow_;
  std::vector<Node> nodes_;
  std::map<std::string, std::size_t> endpoint_;
  std::uint32_t request_number_ = 0;  // under way
  Instant sent_ = kRunStart;          // then
  std::size_t replies_ = 0;
  Arrival latest_;  // of all that was sent
  Prediction out_;
};

}  // namespace

// As long as the packets of a message are within a window they stand at the first port at once.
Duration message_time(const Topology& topology, const Routes& routes, NodeId from, NodeId to,
                      std::int64_t elements, std::uint32_t mtu) {
  const std::vector<Hop> route = routes.path(from, to);
  SOLITON_CHECK(!route.empty());
  std::vector<Instant> free(route.size());
  Instant arrived = kRunStart;
  for (std::int64_t left = message_bytes(elements); left > 0; left -= mtu) {
    const Bytes packet{std::min<std::int64_t>(left, mtu) + kCostPacketHeaderBytes};
    AtPort at_port{kRunStart, kRunStart};
    for (std::size_t hop = 0; hop < route.size(); ++hop) {
      const TopologyLink& link = topology.links[route[hop].link];
      const Duration line = line_time(link, packet);
      const OnLine on_line = cross_line(at_port, free[hop], line, link.latency);
      free[hop] = later(on_line.start, line);
      arrived = on_line.tail;
      if (hop + 1 == route.size()) break;
      at_port = cross_switch(topology.vertices[far_end(link, route[hop].direction)], on_line);
    }
  }
  return arrived - kRunStart;
}

bool packets_shared(const LtlOptions* ltl) {
  return (ltl == nullptr ? LtlOptions{} : *ltl).packing.count > 0;
}

Prediction predict(const CostRequest& request) { return Playback(request).run(); }

}  // namespace soliton
