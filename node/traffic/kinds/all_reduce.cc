// all-reduce: every node ends with the sum of all nodes' vectors.
#include "node/traffic/bounds.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

constexpr FieldWord kSchedules[] = {kRingWord, kHalvingDoublingWord, kTreeWord};
constexpr Field kOwnRows[] = {schedule_row(kSchedules)};
constexpr FieldTable kOwnFields = fields_of<ScheduleOptions>("workload", kOwnRows);

constexpr Field kRows[] = {
    kNodesRow,
    bytes_row("Payload of a node's vector."),
    kRoundsRow,
};
constexpr FieldTable kFields = fields_of<Traffic>("workload", kRows);

ScheduleName schedule_of(const Traffic& traffic) {
  return own_options<ScheduleOptions>(traffic, kOwnFields).schedule;
}

Collective collective(const Traffic& traffic) {
  Collective out{ring_reduce(), sum_of_ranks};
  if (schedule_of(traffic) == ScheduleName::kHalvingDoubling)
    out.schedule = halving_doubling_reduce();
  if (schedule_of(traffic) == ScheduleName::kTree) out.schedule = tree_reduce();
  return out;
}

Duration bound(const Traffic& t, const LeastTimes& least) {
  const auto n = static_cast<std::uint32_t>(t.senders.size());
  if (schedule_of(t) == ScheduleName::kRing) return bound_of_ring(t, least, 2 * (n - 1));
  if (schedule_of(t) == ScheduleName::kHalvingDoubling) return bound_of_halving(t, least, 2);
  return bound_of_tree(t, least,
                       {.root = t.senders.front(),
                        .ranks = n,
                        .up = t.bytes,
                        .down = t.bytes,
                        .root_messages = tree_depth(n),
                        .root_bytes = t.bytes});
}

}  // namespace

extern const TrafficKind kAllReduceTraffic;
const TrafficKind kAllReduceTraffic = {
    .name = "all-reduce",
    .words = "every node ends with the sum of all nodes' vectors; a record is one node's round",
    .records = "rounds of a node",
    .fields = kFields.ruled(&check_ranks),
    .own = kOwnFields,
    .collective = collective,
    .bound = bound,
    .title = title_with_schedule,
};

}  // namespace soliton
