#include "node/traffic/traffic_role.h"

#include "node/service/flow.h"

namespace soliton {

TrafficRole::TrafficRole(const Traffic& traffic, const Options& options)
    : traffic_(traffic), options_(options) {}

void TrafficRole::on_deadline(Instant now) {
  if (begun_ || now < start_) return;
  begun_ = true;
  begin(now);
}

std::vector<std::string> TrafficRole::describe_outstanding() const {
  if (finished()) return {};
  return {missing()};
}

void TrafficRole::hand_over(Records& to) {
  to.messages.insert(to.messages.end(), records_.begin(), records_.end());
  records_.clear();
}

Payload TrafficRole::block(NodeId origin, std::uint32_t number) const {
  Payload out;
  if (traffic_.contents)
    append_pattern({traffic_.seed, origin, number}, traffic_.bytes, out);
  else
    out.ghost = traffic_.bytes;
  return out;
}

bool TrafficRole::is_block(const Payload& message, std::uint64_t offset, NodeId origin,
                           std::uint32_t number) const {
  if (!traffic_.contents) return true;
  if (message.bytes.size() < offset + traffic_.bytes) return false;
  return holds_pattern({traffic_.seed, origin, number},
                       std::span(message.bytes).subspan(offset, traffic_.bytes));
}

void TrafficRole::trace_sent(NodeId peer, std::uint32_t number, std::uint64_t bytes, Instant now) {
  if (!is_traced(number)) return;
  const auto port = static_cast<std::uint16_t>(index(self()));
  options_.trace->record({now,
                          {},
                          self(),
                          TraceKind::kMessageSent,
                          flow_number(peer, port, number),
                          static_cast<std::int64_t>(bytes),
                          index(peer)});
}

void TrafficRole::trace_received(NodeId peer, std::uint32_t number, std::uint64_t bytes,
                                 Instant now) {
  if (!is_traced(number)) return;
  const auto port = static_cast<std::uint16_t>(index(peer));
  options_.trace->record({now,
                          {},
                          self(),
                          TraceKind::kMessageReceived,
                          flow_number(self(), port, number),
                          static_cast<std::int64_t>(bytes),
                          index(peer)});
}

void TrafficRole::trace_span(std::uint32_t number, Instant from, Instant until) {
  if (!is_traced(number)) return;
  options_.trace->record({from, until - from, self(), TraceKind::kRequest, number, 0, 0});
}

}  // namespace soliton
