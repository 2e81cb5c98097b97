// reduce-scatter: the sum of all nodes' vectors, of which every node ends with its own part.
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
  Collective out{ring_reduce_scatter(), sum_of_ranks};
  if (schedule_of(traffic) == ScheduleName::kHalvingDoubling)
    out.schedule = halving_reduce_scatter();
  if (schedule_of(traffic) == ScheduleName::kTree) out.schedule = tree_reduce_scatter();
  return out;
}

Duration bound(const Traffic& t, const LeastTimes& least) {
  const auto n = static_cast<std::uint32_t>(t.senders.size());
  if (schedule_of(t) == ScheduleName::kRing) return bound_of_ring(t, least, n - 1);
  if (schedule_of(t) == ScheduleName::kHalvingDoubling) return bound_of_halving(t, least, 1);
  return bound_of_tree(t, least,
                       {.root = t.senders.front(),
                        .ranks = n,
                        .up = t.bytes,
                        .down = part_sizes(t.bytes, n).least,
                        .root_messages = 1,
                        .root_bytes = t.bytes - bytes_of_parts(t.bytes, n, {0, 1})});
}

}  // namespace

extern const TrafficKind kReduceScatterTraffic;
const TrafficKind kReduceScatterTraffic = {
    .name = "reduce-scatter",
    .words =
        "every node ends with its part of the sum of all nodes' vectors; a record is one "
        "node's round",
    .records = "rounds of a node",
    .fields = kFields.ruled(&check_ranks),
    .own = kOwnFields,
    .collective = collective,
    .bound = bound,
    .title = title_with_schedule,
};

}  // namespace soliton
