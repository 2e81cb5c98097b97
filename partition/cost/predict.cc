#include <algorithm>
#include <map>
#include <memory>

#include "node/npu/npu.h"
#include "partition/cost/cost_model.h"
#include "partition/cost/message_flow.h"
#include "protocol/base/check.h"
#include "protocol/isa/host_time.h"
#include "topologies/line.h"

namespace soliton {
namespace {

// One request through all NPUs. Endpoints are the shards in order, then the host.
class Playback {
 public:
  explicit Playback(const CostRequest& request)
      : request_(request),
        flow_(flow_options(request),
              [this](const FlowMessage& message, Instant at) { deliver(message, at); }) {
    for (std::size_t i = 0; i < request.shards.size(); ++i) {
      npus_.push_back(std::make_unique<Npu>(request.shards[i], ComputeMode::kTiming));
      endpoint_[request.shards[i].node] = i;
    }
    endpoint_[request.host->node] = host();
    started_.resize(npus_.size());
    out_.received_bytes.resize(npus_.size());
  }

  Prediction run() {
    send_inputs();
    if (!flow_.run() || last_reply_.at >= kRunEnd) return beyond_time();
    finish();
    return std::move(out_);
  }

 private:
  std::size_t host() const { return npus_.size(); }

  static FlowOptions flow_options(const CostRequest& request) {
    FlowOptions out;
    if (request.topology == nullptr) return out;
    out.topology = request.topology;
    out.routes = request.routes;
    if (request.ltl != nullptr) out.ltl = *request.ltl;
    out.ltl.mtu = request.mtu;
    out.seed = request.seed;
    std::map<std::string, std::uint32_t> nodes{{request.host->node, UINT32_MAX}};
    for (const Shard& shard : request.shards) nodes[shard.node] = UINT32_MAX;
    for (std::uint32_t i = 0; i < request.topology->nodes; ++i)
      if (const auto at = nodes.find(request.topology->vertices[i].name); at != nodes.end())
        at->second = i;
    const auto number = [&](const std::string& name) {
      const std::uint32_t found = nodes.at(name);
      SOLITON_CHECK_MSG(found != UINT32_MAX, "{} is not in the topology", name);
      return found;
    };
    for (const Shard& shard : request.shards) out.node.push_back(NodeId{number(shard.node)});
    out.host = NodeId{number(request.host->node)};
    out.node.push_back(out.host);
    out.pairs = talking_pairs(request.shards, *request.host, number);
    return out;
  }

  void send(std::size_t from, const OutPort::Destination& to, std::int64_t elements,
            const Arrival& leaves) {
    const std::size_t destination = endpoint_.at(to.peer);
    if (destination != from) {
      out_.cut_bytes += 2 * elements;
      ++out_.messages;
      if (destination != host()) out_.received_bytes[destination] += 2 * elements;
    }
    const std::int64_t all = request_.batch * elements;
    if (destination == from) return loop_back(from, {from, from, to.port, 0, all, leaves});
    flow_.send({from, destination, to.port, message_bytes(all), all, leaves});
  }

  // Takes no time and never leaves the node.
  void loop_back(std::size_t node, const FlowMessage& message) {
    npus_[node]->deliver(message.port, payload_of(message), message.leaves);
  }

  static Payload payload_of(const FlowMessage& message) {
    return {{}, static_cast<std::uint64_t>(2 * message.elements)};
  }

  // Step by step, each to all ports and their destinations, as the host role does.
  void send_inputs() {
    Arrival ready;
    ready.path.host = times(host_time_before(*request_.host, request_.steps), request_.batch);
    ready.at = kRunStart + ready.path.host;
    for (std::int64_t step = 0; step < request_.steps; ++step) {
      for (const HostShard::StepPort& port : request_.host->inputs) {
        for (const auto& destination : port.destinations)
          send(host(), destination, request_.host->elements_of(port), ready);
      }
    }
  }

  void deliver(const FlowMessage& message, Instant at) {
    Arrival arrival = message.leaves;
    arrival.path.network += at - arrival.at;
    arrival.at = at;
    if (message.destination == host()) {
      ++replies_;
      last_reply_ = arrival;
      out_.last_output = std::max(out_.last_output, message.leaves.at - kRunStart);
      return;
    }
    Npu& npu = *npus_[message.destination];
    if (!started_[message.destination]) {
      started_[message.destination] = arrival.at;
      npu.begin(RequestId{0}, request_.steps, arrival, request_.batch);
    }
    npu.deliver(message.port, payload_of(message), arrival);
    drain(message.destination);
  }

  void drain(std::size_t endpoint) {
    while (const auto output = npus_[endpoint]->poll_output()) {
      const OutPort& port = request_.shards[endpoint].out_ports[output->port];
      for (const auto& destination : port.destinations)
        send(endpoint, destination, port.elements, output->leaves);
    }
  }

  // A request that does not end before emulated time does.
  Prediction beyond_time() {
    out_.latency = out_.last_output = out_.interval = kLongestTime;
    out_.path = {};
    out_.path.network = kLongestTime;
    out_.occupied.assign(npus_.size(), kLongestTime);
    out_.busy.assign(npus_.size(), kLongestTime);
    return std::move(out_);
  }

  void finish() {
    const HostShard& shard = *request_.host;
    const auto vectors = static_cast<std::size_t>(shard.sequence_output ? request_.steps : 1);
    for (std::size_t i = 0; i < npus_.size(); ++i) {
      SOLITON_CHECK_MSG(started_[i] && npus_[i]->finished(), "{} waits for {}",
                        request_.shards[i].node, npus_[i]->waiting_for());
      out_.occupied.push_back(npus_[i]->free_at() - *started_[i]);
      out_.busy.push_back(npus_[i]->stats().busy);
      out_.interval = std::max(out_.interval, out_.occupied.back());
    }
    SOLITON_CHECK_MSG(replies_ == shard.replies.size() * vectors, "{} replies of {}", replies_,
                      shard.replies.size() * vectors);
    const Instant answered =
        later(last_reply_.at, times(host_time_after(shard, request_.steps), request_.batch));
    last_reply_.path.host += answered - last_reply_.at;
    out_.path = last_reply_.path;
    out_.latency = answered - kRunStart;
  }

  const CostRequest& request_;
  MessageFlow flow_;
  std::vector<std::unique_ptr<Npu>> npus_;
  std::map<std::string, std::size_t> endpoint_;
  std::vector<std::optional<Instant>> started_;
  std::size_t replies_ = 0;
  Arrival last_reply_;
  Prediction out_;
};

}  // namespace

// As long as the packets of a message are within a window they stand at the first port at once.
Duration message_time(const Topology& topology, const Routes& routes, NodeId from, NodeId to,
                      std::int64_t elements, std::uint32_t mtu) {
  const std::vector<Hop>& route = routes.between(from, to);
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

Prediction predict(const CostRequest& request) { return Playback(request).run(); }

}  // namespace soliton
