#include "node/traffic/one_way.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "node/traffic/contents.h"

namespace soliton {
namespace {

class OneWayRole final : public TrafficRole {
 public:
  OneWayRole(const Traffic& traffic, const Options& options, const OneWay& ways, std::uint32_t flow)
      : TrafficRole(traffic, options),
        ways_(ways),
        flow_(flow),
        expected_(std::uint64_t{traffic.count} * ways.flows_to(traffic, options.self)) {
    if (sends()) to_ = *ends_of(traffic, flow).to;
  }

  std::optional<RoleMessage> poll_message(Instant now) override {
    if (!sends() || !begun() || sent_ == traffic().count || blocked(to_)) return std::nullopt;
    trace_sent(to_, sent_, traffic().bytes, now);
    add({flow_, sent_, now, kNever, false});
    return RoleMessage{to_, block(self(), sent_++)};
  }
  void on_message(NodeId peer, Payload message, Instant now) override {
    const std::uint32_t flow = ways_.flow_from(traffic(), self(), peer);
    if (flow == kNoFlow || received_[flow] == traffic().count) return refuse();
    const std::uint32_t number = received_[flow]++;
    ++got_;
    const bool good = has_size(message, 1) && is_block(message, 0, peer, number);
    trace_received(peer, number, message.size(), now);
    add({flow, number, kNever, now, !good});
  }
  bool finished() const override {
    return got_ == expected_ && (!sends() || sent_ == traffic().count);
  }

 private:
  bool sends() const { return flow_ != kNoFlow; }
  void begin(Instant) override {}
  std::string missing() const override {
    std::vector<std::string> out;
    if (sends())
      out.push_back(fmt::format("{} of {} messages handed over", sent_, traffic().count));
    if (expected_ > 0) out.push_back(fmt::format("{} of {} messages received", got_, expected_));
    return fmt::format("{}", fmt::join(out, ", "));
  }

  const OneWay ways_;
  const std::uint32_t flow_;  // that this node sends; kNoFlow: none
  const std::uint64_t expected_;
  NodeId to_{};
  std::uint32_t sent_ = 0;
  std::uint64_t got_ = 0;
  std::map<std::uint32_t, std::uint32_t> received_;  // by flow
};

}  // namespace

std::uint32_t place_of(const Traffic& traffic, NodeId node) {
  static_assert(kNoFlow == kNoRank);
  return Ranks(traffic, false).rank_of(node);
}

std::unique_ptr<TrafficRole> make_one_way(const Traffic& traffic,
                                          const TrafficRole::Options& options, const OneWay& ways) {
  const std::uint32_t flow = place_of(traffic, options.self);
  if (flow == kNoFlow && ways.flows_to(traffic, options.self) == 0) return nullptr;
  return std::make_unique<OneWayRole>(traffic, options, ways, flow);
}

std::unique_ptr<TrafficRole> make_one_way_role(const Traffic& traffic,
                                               const TrafficRole::Options& options) {
  return make_one_way(
      traffic, options,
      {.flow_from = [](const Traffic& t, NodeId self,
                       NodeId peer) { return self == t.receiver ? place_of(t, peer) : kNoFlow; },
       .flows_to =
           [](const Traffic& t, NodeId self) {
             return self == t.receiver ? static_cast<std::uint32_t>(t.senders.size()) : 0;
           }});
}

Duration bound_of_flows(const Traffic& traffic, const LeastTimes& least) {
  Duration bound{};
  for (const NodeId sender : traffic.senders)
    bound = std::max(bound, least.stream(sender, traffic.receiver, traffic.count, traffic.bytes));
  return std::max(bound, least.through(traffic.receiver, expected_records(traffic), traffic.bytes));
}

}  // namespace soliton
