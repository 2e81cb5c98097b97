#include "node/traffic/traffic_role.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "node/service/flow.h"

namespace soliton {
namespace {

// Sends one message, waits for the answer, sends the next.
class PingRole : public TrafficRole {
 public:
  using TrafficRole::TrafficRole;

  std::optional<RoleMessage> poll_message(Instant now) override {
    if (!due_ || blocked(traffic().receiver)) return std::nullopt;
    due_ = false;
    sent_ = now;
    trace_sent(traffic().receiver, next_, traffic().bytes, now);
    return RoleMessage{traffic().receiver, block(self(), next_)};
  }
  void on_message(NodeId peer, Payload message, Instant now) override {
    if (peer != traffic().receiver || due_ || !begun() || finished()) return refuse();
    const bool good = has_size(message, 1) && is_block(message, 0, peer, next_);
    trace_received(peer, next_, message.size(), now);
    trace_span(next_, sent_, now);
    add({0, next_, sent_, now, !good});
    ++next_;
    due_ = !finished();
  }
  bool finished() const override { return next_ == traffic().count; }

 private:
  void begin(Instant) override { due_ = true; }
  std::string missing() const override {
    return fmt::format("{} of {} round trips done", next_, traffic().count);
  }

  std::uint32_t next_ = 0;
  bool due_ = false;
  Instant sent_{};
};

// Answers each ping with a message of its own.
class EchoRole : public TrafficRole {
 public:
  using TrafficRole::TrafficRole;

  std::optional<RoleMessage> poll_message(Instant now) override {
    const NodeId peer = traffic().senders.front();
    if (answered_ == received_ || blocked(peer)) return std::nullopt;
    trace_sent(peer, answered_, traffic().bytes, now);
    return RoleMessage{peer, block(self(), answered_++)};
  }
  void on_message(NodeId peer, Payload message, Instant now) override {
    if (peer != traffic().senders.front() || received_ == traffic().count) return refuse();
    trace_received(peer, received_, message.size(), now);
    // The way there has no record of its own: one with a flag and no times joins the sender's.
    if (!has_size(message, 1) || !is_block(message, 0, peer, received_))
      add({0, received_, kNever, kNever, true});
    ++received_;
  }
  bool finished() const override { return answered_ == traffic().count; }

 private:
  void begin(Instant) override {}
  std::string missing() const override {
    return fmt::format("{} of {} pings answered", answered_, traffic().count);
  }

  std::uint32_t received_ = 0;
  std::uint32_t answered_ = 0;
};

// One sender of a stream or an incast: as fast as its LTL takes messages.
class SenderRole : public TrafficRole {
 public:
  SenderRole(const Traffic& traffic, const Options& options, std::uint32_t flow)
      : TrafficRole(traffic, options), flow_(flow) {}

  std::optional<RoleMessage> poll_message(Instant now) override {
    if (!begun() || finished() || blocked(traffic().receiver)) return std::nullopt;
    trace_sent(traffic().receiver, next_, traffic().bytes, now);
    add({flow_, next_, now, kNever, false});
    return RoleMessage{traffic().receiver, block(self(), next_++)};
  }
  void on_message(NodeId, Payload, Instant) override { refuse(); }
  bool finished() const override { return next_ == traffic().count; }

 private:
  void begin(Instant) override {}
  std::string missing() const override {
    return fmt::format("{} of {} messages handed over", next_, traffic().count);
  }

  std::uint32_t flow_;
  std::uint32_t next_ = 0;
};

class ReceiverRole : public TrafficRole {
 public:
  ReceiverRole(const Traffic& traffic, const Options& options)
      : TrafficRole(traffic, options), received_(traffic.senders.size()) {}

  std::optional<RoleMessage> poll_message(Instant) override { return std::nullopt; }
  void on_message(NodeId peer, Payload message, Instant now) override {
    const auto& senders = traffic().senders;
    const auto found = std::find(senders.begin(), senders.end(), peer);
    const auto flow = static_cast<std::size_t>(found - senders.begin());
    if (found == senders.end() || received_[flow] == traffic().count) return refuse();
    const std::uint32_t number = received_[flow]++;
    const bool good = has_size(message, 1) && is_block(message, 0, peer, number);
    trace_received(peer, number, message.size(), now);
    add({static_cast<std::uint32_t>(flow), number, kNever, now, !good});
  }
  bool finished() const override {
    return std::all_of(received_.begin(), received_.end(),
                       [this](std::uint32_t count) { return count == traffic().count; });
  }

 private:
  void begin(Instant) override {}
  std::string missing() const override {
    const std::uint64_t got = std::accumulate(received_.begin(), received_.end(), std::uint64_t{0});
    return fmt::format("{} of {} messages received", got, expected_records(traffic()));
  }

  std::vector<std::uint32_t> received_;  // by flow
};

}  // namespace

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
  if (!traced(number)) return;
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
  if (!traced(number)) return;
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
  if (!traced(number)) return;
  options_.trace->record({from, until - from, self(), TraceKind::kRequest, number, 0, 0});
}

std::unique_ptr<TrafficRole> make_traffic_role(const Traffic& traffic,
                                               const TrafficRole::Options& options) {
  const auto found = std::find(traffic.senders.begin(), traffic.senders.end(), options.self);
  const bool sends = found != traffic.senders.end();
  const auto flow = static_cast<std::uint32_t>(found - traffic.senders.begin());
  if (traffic.kind == TrafficKind::kAllGather)
    return sends ? make_gather_role(traffic, options) : nullptr;
  const bool ping = traffic.kind == TrafficKind::kPing;
  if (sends && ping) return std::make_unique<PingRole>(traffic, options);
  if (sends) return std::make_unique<SenderRole>(traffic, options, flow);
  if (options.self != traffic.receiver) return nullptr;
  if (ping) return std::make_unique<EchoRole>(traffic, options);
  return std::make_unique<ReceiverRole>(traffic, options);
}

}  // namespace soliton
