// broadcast: every node ends with the vector of one of them. Along a ring the vector goes in as many
// parts as there are nodes, so that all of them are under way at once; nothing goes from the last node
// to the first.
#include <algorithm>

#include "node/traffic/bounds.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

constexpr FieldWord kSchedules[] = {kRingWord, kTreeWord};
constexpr Field kOwnRows[] = {schedule_row(kSchedules)};
struct BroadcastOptions : ScheduleOptions {
  BroadcastOptions() { schedule = ScheduleName::kTree; }
};
constexpr FieldTable kOwnFields = fields_of<BroadcastOptions>("workload", kOwnRows);

constexpr Field kRows[] = {
    field<&Traffic::receiver>("from", "Who has the vector first.")
        .as(FieldType::kInteger)
        .naming("nodes")
        .needed(),
    field<&Traffic::senders>("nodes",
                             "Who gets it: ranges such as fpga[0-7], or a list. Who has it first "
                             "may be among them.")
        .naming("nodes")
        .needed(),
    bytes_row("Payload of the vector."),
    kRoundsRow,
};
constexpr FieldTable kFields = fields_of<Traffic>("workload", kRows);

bool is_tree(const Traffic& traffic) {
  return own_options<BroadcastOptions>(traffic, kOwnFields).schedule == ScheduleName::kTree;
}

Duration bound(const Traffic& t, const LeastTimes& least) {
  const auto n = static_cast<std::uint32_t>(t.senders.size() + 1);
  if (is_tree(t)) {
    const Duration chain = times(least.message(t.bytes), tree_height(n));
    const std::uint64_t messages = std::uint64_t{t.count} * tree_depth(n);
    return std::max(chain, least.through(t.receiver, messages, t.bytes));
  }
  // The last node has all parts on its line behind the first of them, which came through all others.
  const std::uint64_t part = part_sizes(t.bytes, n).least_with_bytes;
  return sum(times(least.message(part), n - 2), least.through(t.senders.back(), t.count, t.bytes));
}

void check_broadcast(void* object, FieldCheck& check) {
  Traffic& traffic = *static_cast<Traffic*>(object);
  std::erase(traffic.senders, traffic.receiver);
  check_ranks(object, check);
}

}  // namespace

extern const TrafficKind kBroadcastTraffic;
const TrafficKind kBroadcastTraffic = {
    .name = "broadcast",
    .words =
        "every node ends with the vector of one; a record is one node's, from hand-over to "
        "its last part",
    .records = "deliveries",
    .fields = kFields.ruled(&check_broadcast),
    .own = kOwnFields,
    .collective =
        [](const Traffic& t) {
          return Collective{.schedule = is_tree(t) ? tree_broadcast() : chain_broadcast(),
                            .contents = is_tree(t) ? whole_of_root : parts_of_root,
                            .recorded = Recorded::kDeliveries,
                            .rooted = true};
        },
    .bound = bound,
    .title = title_with_schedule,
    .has_receiver = true,
};

}  // namespace soliton
