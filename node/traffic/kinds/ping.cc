// ping: one message there, one back, then the next. A record is a round trip.
#include <fmt/format.h>

#include "node/traffic/traffic_kind.h"

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
    // The first half of a round trip has no record of its own. If it arrives damaged, a record with
    // that flag and without times joins the sender's.
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

std::unique_ptr<TrafficRole> make(const Traffic& traffic, const TrafficRole::Options& options) {
  if (options.self == traffic.senders.front()) return std::make_unique<PingRole>(traffic, options);
  if (options.self == traffic.receiver) return std::make_unique<EchoRole>(traffic, options);
  return nullptr;
}

}  // namespace

extern const TrafficKind kPingTraffic;
const TrafficKind kPingTraffic = {
    .name = "ping",
    .words = "one message there and one back, then the next; a record is a round trip",
    .records = "round trips",
    .fields = kOneWayFields.ruled(&check_one_sender),
    .make = make,
    .completed = completed_at_senders,
    .record_bytes = [](const Traffic& traffic) { return 2 * traffic.bytes; },
    .bound =
        [](const Traffic& t, const LeastTimes& least) {
          return times(sum(least.message(t.senders.front(), t.receiver, t.bytes),
                           least.message(t.receiver, t.senders.front(), t.bytes)),
                       t.count);
        },
    .has_receiver = true,
};

}  // namespace soliton
