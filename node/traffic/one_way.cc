#include "node/traffic/one_way.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

namespace soliton {
namespace {

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

std::unique_ptr<TrafficRole> make_one_way_role(const Traffic& traffic,
                                               const TrafficRole::Options& options) {
  const auto found = std::find(traffic.senders.begin(), traffic.senders.end(), options.self);
  if (found != traffic.senders.end())
    return std::make_unique<SenderRole>(
        traffic, options, static_cast<std::uint32_t>(found - traffic.senders.begin()));
  if (options.self != traffic.receiver) return nullptr;
  return std::make_unique<ReceiverRole>(traffic, options);
}

}  // namespace soliton
