// permutation: every node sends to one other node and receives from one, as fast as it goes.
#include <fmt/format.h>

#include <algorithm>

#include "node/traffic/one_way.h"
#include "node/traffic/order.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

struct PermutationOptions {
  std::uint32_t shift = 0;  // 0: by chance
};
constexpr FieldWord kRandom[] = {{"random", 0}};
constexpr Field kOwnRows[] = {
    field<&PermutationOptions::shift>(
        "shift",
        "Each node's receiver is so many places on in the list; `random`: chosen by the "
        "seed, never the node itself.")
        .between(std::int64_t{1}, std::int64_t{1} << 20)
        .spelled(kRandom)};
constexpr FieldTable kOwnFields = fields_of<PermutationOptions>("workload", kOwnRows);

constexpr Field kRows[] = {kNodesRow, kBytesRow, kCountRow};
constexpr FieldTable kFields = fields_of<Traffic>("workload", kRows);

std::uint32_t shift_of(const Traffic& traffic) {
  return own_options<PermutationOptions>(traffic, kOwnFields).shift;
}

// The sender `places` on along the one circle that all nodes are in.
std::uint32_t along(const Traffic& traffic, std::uint32_t sender, bool back) {
  const auto n = static_cast<std::uint32_t>(traffic.senders.size());
  const std::uint32_t shift = shift_of(traffic);
  if (shift != 0) return (sender + (back ? n - shift % n : shift % n)) % n;
  const Order order(Random(traffic.seed, "permutation"), n);
  return order.at((order.place_of(sender) + (back ? n - 1 : 1)) % n);
}

FlowEnds ends(const Traffic& traffic, std::uint32_t flow) {
  return {traffic.senders[flow], traffic.senders[along(traffic, flow, false)]};
}

std::unique_ptr<TrafficRole> make(const Traffic& traffic, const TrafficRole::Options& options) {
  return make_one_way(
      traffic, options,
      {.flow_from =
           [](const Traffic& t, NodeId self, NodeId peer) {
             const std::uint32_t flow = along(t, place_of(t, self), true);
             return t.senders[flow] == peer ? flow : kNoFlow;
           },
       .flows_to = [](const Traffic& t,
                      NodeId self) { return place_of(t, self) == kNoFlow ? 0U : 1U; }});
}

Duration bound(const Traffic& traffic, const LeastTimes& least) {
  Duration bound{};
  for (std::uint32_t flow = 0; flow < traffic.senders.size(); ++flow) {
    const FlowEnds flow_ends = ends(traffic, flow);
    bound =
        std::max(bound, least.stream(flow_ends.from, *flow_ends.to, traffic.count, traffic.bytes));
  }
  return bound;
}

void check_permutation(void* object, FieldCheck& check) {
  const Traffic& traffic = *static_cast<const Traffic*>(object);
  check_ranks(object, check);
  const std::uint32_t shift = shift_of(traffic);
  if (check.problems.empty() && shift != 0 && shift % traffic.senders.size() == 0)
    check.error("shift", fmt::format("{} places on from a node of {} is the node itself; allowed "
                                     "are 1 to {}, or random",
                                     shift, traffic.senders.size(), traffic.senders.size() - 1));
}

std::string title(const Traffic& traffic) {
  const std::uint32_t shift = shift_of(traffic);
  return shift == 0 ? "permutation" : fmt::format("permutation (shift {})", shift);
}

}  // namespace

extern const TrafficKind kPermutationTraffic;
const TrafficKind kPermutationTraffic = {
    .name = "permutation",
    .words =
        "every node to one other, as fast as it goes; a record is a message, from hand-over "
        "to delivery",
    .records = "messages",
    .fields = kFields.ruled(&check_permutation),
    .own = kOwnFields,
    .competes = true,
    .make = make,
    .completed = completed_at_senders,  // as many as it sends
    .ends = ends,
    .bound = bound,
    .title = title,
};

}  // namespace soliton
