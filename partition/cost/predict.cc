#include <algorithm>
#include <map>

#include "partition/cost/cable_load.h"
#include "partition/cost/cost_model.h"
#include "partition/cost/message_flow.h"
#include "partition/cost/playback_network.h"
#include "partition/cost/played_device.h"
#include "protocol/base/check.h"
#include "protocol/isa/host_time.h"
#include "topologies/line.h"

namespace soliton {
namespace {

std::size_t replies_due(const CostRequest& request) {
  const HostShard& shard = *request.host;
  const std::int64_t vectors = shard.sequence_output ? request.steps : 1;
  return shard.replies.size() * static_cast<std::size_t>(vectors);
}

// The engine lets no node get ahead of what the host is still to receive by more than a packet
// takes from there.
Duration most_ahead(const CostRequest& request, const PlaybackNetwork& network) {
  Duration out{};
  if (request.topology == nullptr || request.latency_limit >= kLongestTime) return out;
  const NodeId host = network.number(request.shards.size());
  for (std::size_t i = 0; i < request.shards.size(); ++i) {
    const auto path = network.routes()->path(host, network.number(i));
    out = std::max(out, least_latency(*network.topology(), path));
  }
  return out;
}

// A request that does not end before emulated time does: its path is that of the last message,
// and if that left in time, the way of it.
Prediction beyond_time(Prediction out, const Arrival& latest) {
  out.latency = out.last_output = out.interval = kLongestTime;
  out.path = latest.path;
  if (latest.at < kRunEnd) out.path.network += kRunEnd - latest.at;
  out.occupied.assign(out.busy.size(), kLongestTime);
  out.busy.assign(out.busy.size(), kLongestTime);
  return out;
}

// Requests through all NPUs, one after the other. Endpoints are the shards in order, then the host.
class Playback {
 public:
  explicit Playback(const CostRequest& request)
      : request_(request),
        network_(request),
        load_(network_.topology(), network_.routes(), request.mtu, packets_shared(request.ltl)),
        flow_(network_.flow_options(),
              [this](const FlowMessage& message, Instant at) { deliver(message, at); }) {
    for (std::size_t i = 0; i < request.shards.size(); ++i) {
      nodes_.emplace_back(request.shards[i], request.steps, request.batch);
      endpoint_[request.shards[i].node] = i;
    }
    endpoint_[request.host->node] = host();
    out_.occupied.resize(nodes_.size());
    out_.busy.resize(nodes_.size());
    out_.received_bytes.resize(nodes_.size());
    most_ahead_ = most_ahead(request, network_);
  }

  Prediction run() {
    send_inputs();
    const bool ended = flow_.run();
    if (out_.over_limit) return std::move(out_);
    if (!ended || sent_ >= kRunEnd) return beyond_time(std::move(out_), latest_);
    finish();
    return std::move(out_);
  }

 private:
  std::size_t host() const { return nodes_.size(); }
  bool last() const { return request_number_ == request_.before; }

  void send(std::size_t from, const OutPort::Destination& to, std::int64_t elements,
            const Arrival& leaves) {
    const std::size_t destination = endpoint_.at(to.peer);
    FlowMessage message;
    message.source = from;
    message.destination = destination;
    message.port = to.port;
    message.request = from == host() ? request_number_ : nodes_[from].request();
    message.elements = request_.batch * elements;
    message.bytes = message_bytes(message.elements);
    message.leaves = leaves;
    if (leaves.at > latest_.at) latest_ = leaves;
    // A way back to the node itself takes no time and never leaves it.
    if (destination == from) return nodes_[from].take(message);
    if (last()) {
      out_.cut_bytes += 2 * elements;
      ++out_.messages;
      if (destination != host()) out_.received_bytes[destination] += 2 * elements;
      if (request_.topology != nullptr)
        load_.add(network_.number(from), network_.number(destination), message.elements);
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

  // An answer that is not complete by the limit will be later, and a device that is still to read a
  // message is occupied until then.
  bool over_limit(const FlowMessage& message, Instant at) const {
    if (!last()) return false;
    const Duration ahead = message.destination == host() ? Duration{} : most_ahead_;
    if (at - sent_ > sum(request_.latency_limit, ahead) && replies_ < replies_due(request_))
      return true;
    if (load_.busiest() > request_.interval_limit) return true;
    if (message.destination == host()) return false;
    const PlayedDevice& device = nodes_[message.destination];
    return device.serves(message) && at - device.started() > request_.interval_limit;
  }

  // Over a limit nothing is taken any more, so what is under way comes to an end.
  void deliver(FlowMessage message, Instant at) {
    out_.over_limit = out_.over_limit || over_limit(message, at);
    if (out_.over_limit) return;
    const Instant left = message.leaves.at;
    message.leaves.path.network += at - left;
    message.leaves.at = at;
    if (message.destination == host()) return take_reply(message, left);
    PlayedDevice& device = nodes_[message.destination];
    if (device.serves(message)) {
      device.take(message);
      drain(message.destination);
    } else {
      device.hold(message);
    }
    while (device.begin_next()) drain(message.destination);
  }

  void drain(std::size_t endpoint) {
    PlayedDevice& device = nodes_[endpoint];
    while (const auto output = device.poll_output()) {
      const OutPort& port = request_.shards[endpoint].out_ports[output->port];
      for (const auto& destination : port.destinations)
        send(endpoint, destination, port.elements, output->leaves);
    }
    if (!device.end_request()) return;
    out_.occupied[endpoint] = device.occupied();
    out_.busy[endpoint] = device.busy();
  }

  void take_reply(const FlowMessage& message, Instant left) {
    if (last()) out_.last_output = std::max(out_.last_output, left - sent_);
    if (++replies_ < replies_due(request_)) return;
    const HostShard& shard = *request_.host;
    const Duration work = times(host_time_after(shard, request_.steps), request_.batch);
    const Instant answered = later(message.leaves.at, work);
    out_.path = message.leaves.path;
    out_.path.host += answered - message.leaves.at;
    out_.latency = answered - sent_;
    if (request_number_++ == request_.before) return;
    replies_ = 0;
    sent_ = answered;
    send_inputs();
  }

  void finish() {
    for (std::size_t i = 0; i < nodes_.size(); ++i)
      SOLITON_CHECK_MSG(nodes_[i].request() == request_.before + 1, "{} still waits for {}",
                        request_.shards[i].node, nodes_[i].waiting_for());
    SOLITON_CHECK_MSG(request_number_ == request_.before + 1,
                      "only {} replies to request {} have arrived", replies_, request_number_);
    for (const Duration occupied : out_.occupied) out_.interval = std::max(out_.interval, occupied);
    out_.interval = std::max(out_.interval, load_.busiest());
  }

  const CostRequest& request_;
  PlaybackNetwork network_;
  CableLoad load_;
  Duration most_ahead_{};
  MessageFlow flow_;
  std::vector<PlayedDevice> nodes_;
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
