#include "partition/cost/packet_flow.h"

#include "partition/cost/cost_model.h"
#include "protocol/base/check.h"

namespace soliton {

PacketFlow::PacketFlow(const Topology* topology, const Routes* routes, std::vector<NodeId> vertex,
                       std::uint32_t mtu)
    : topology_(topology),
      routes_(routes),
      vertex_(std::move(vertex)),
      mtu_(mtu),
      free_(topology == nullptr ? 0 : 2 * topology->links.size()) {}

const std::vector<Hop>& PacketFlow::route(const FlowMessage& message) const {
  static const std::vector<Hop> kNone;
  if (topology_ == nullptr || message.source == message.destination) return kNone;
  const std::vector<Hop>& hops =
      routes_->between(vertex_[message.source], vertex_[message.destination]);
  SOLITON_CHECK(!hops.empty());
  return hops;
}

void PacketFlow::push(Step step) {
  step.ordinal = next_ordinal_++;
  steps_.push(step);
}

void PacketFlow::send(const FlowMessage& message) {
  messages_.push_back(message);
  Step step;
  step.at = message.leaves.at;
  step.message = messages_.size() - 1;
  push(step);
}

// All packets of a message stand at the first port at once.
void PacketFlow::cut(const Step& step) {
  std::int64_t left = messages_[step.message].bytes;
  while (left > 0) {
    Step packet = step;
    packet.bytes = std::min(left, mtu_) + kCostPacketHeaderBytes;
    packet.packet = {step.at, step.at};
    left -= mtu_;
    packet.last = left <= 0;
    cross(packet);
  }
}

void PacketFlow::cross(Step step) {
  const std::vector<Hop>& hops = route(messages_[step.message]);
  const Hop hop = hops[step.hop];
  const TopologyLink& link = topology_->links[hop.link];
  const Duration line = line_time(link, Bytes{step.bytes});
  Instant& free = free_[2 * hop.link + hop.direction];
  const OnLine on_line = cross_line(step.packet, free, line, link.latency);
  free = later(on_line.start, line);
  if (++step.hop == hops.size()) {
    step.at = on_line.tail;
  } else {
    step.packet = cross_switch(topology_->vertices[far_end(link, hop.direction)], on_line);
    step.at = step.packet.ready;
  }
  push(step);
}

std::optional<FlowDelivery> PacketFlow::next() {
  while (!steps_.empty()) {
    const Step step = steps_.top();
    steps_.pop();
    const FlowMessage& message = messages_[step.message];
    if (route(message).size() == step.hop) {
      if (step.last) return FlowDelivery{message, step.at};
    } else if (step.bytes == 0) {
      cut(step);
    } else {
      cross(step);
    }
  }
  return std::nullopt;
}

}  // namespace soliton
