#include <algorithm>
#include <map>
#include <memory>

#include "node/npu/npu.h"
#include "partition/cost/cost_model.h"
#include "partition/cost/packet_flow.h"
#include "protocol/base/check.h"
#include "protocol/isa/host_time.h"

namespace soliton {
namespace {

// One request through all NPUs. Endpoints are the shards in order, then the host.
class Playback {
 public:
  explicit Playback(const CostRequest& request)
      : request_(request), flow_(request.topology, request.routes, vertices(request), request.mtu) {
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
    while (const auto delivery = flow_.next()) deliver(*delivery);
    finish();
    return std::move(out_);
  }

 private:
  std::size_t host() const { return npus_.size(); }

  static std::vector<NodeId> vertices(const CostRequest& request) {
    std::vector<NodeId> out;
    if (request.topology == nullptr) return out;
    const auto find = [&](const std::string& name) {
      for (std::uint32_t i = 0; i < request.topology->nodes; ++i) {
        if (request.topology->vertices[i].name == name) return NodeId{i};
      }
      check_failed("node is in the topology", name);
    };
    for (const Shard& shard : request.shards) out.push_back(find(shard.node));
    out.push_back(find(request.host->node));
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
    flow_.send({from, destination, to.port, request_.batch * elements, leaves});
  }

  // Step by step, each to all ports and their destinations, as the host role does.
  void send_inputs() {
    Arrival ready;
    ready.path.host = times(host_time_before(*request_.host, request_.steps), request_.batch);
    ready.at = kRunStart + ready.path.host;
    for (std::int64_t step = 0; step < request_.steps; ++step) {
      for (const HostShard::StepPort& port : request_.host->inputs) {
        for (const auto& destination : port.destinations)
          send(host(), destination, request_.host->input, ready);
      }
    }
  }

  void deliver(const FlowDelivery& delivery) {
    Arrival arrival = delivery.message.leaves;
    arrival.path.network += delivery.at - arrival.at;
    arrival.at = delivery.at;
    if (delivery.message.destination == host()) {
      ++replies_;
      last_reply_ = arrival;
      out_.last_output = std::max(out_.last_output, delivery.message.leaves.at - kRunStart);
      return;
    }
    Npu& npu = *npus_[delivery.message.destination];
    if (!started_[delivery.message.destination]) {
      started_[delivery.message.destination] = arrival.at;
      npu.begin(RequestId{0}, request_.steps, arrival, request_.batch);
    }
    npu.deliver(delivery.message.port,
                Payload{{}, static_cast<std::uint64_t>(2 * delivery.message.elements)}, arrival);
    drain(delivery.message.destination);
  }

  void drain(std::size_t endpoint) {
    while (const auto output = npus_[endpoint]->poll_output()) {
      const OutPort& port = request_.shards[endpoint].out_ports[output->port];
      for (const auto& destination : port.destinations)
        send(endpoint, destination, port.elements, output->leaves);
    }
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
  PacketFlow flow_;
  std::vector<std::unique_ptr<Npu>> npus_;
  std::map<std::string, std::size_t> endpoint_;
  std::vector<std::optional<Instant>> started_;
  std::size_t replies_ = 0;
  Arrival last_reply_;
  Prediction out_;
};

}  // namespace

Duration message_time(const Topology& topology, const Routes& routes, NodeId from, NodeId to,
                      std::int64_t elements, std::uint32_t mtu) {
  PacketFlow flow(&topology, &routes, {from, to}, mtu);
  flow.send({0, 1, 0, elements, {}});
  return flow.next()->at - kRunStart;
}

Prediction predict(const CostRequest& request) { return Playback(request).run(); }

}  // namespace soliton
