// all-to-all: every node has a block for each other node.
#include <algorithm>

#include "node/traffic/bounds.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

constexpr FieldWord kSchedules[] = {kDirectWord, kPairwiseWord};
constexpr Field kOwnRows[] = {schedule_row(kSchedules)};
struct ExchangeOptions : ScheduleOptions {
  ExchangeOptions() { schedule = ScheduleName::kDirect; }
};
constexpr FieldTable kOwnFields = fields_of<ExchangeOptions>("workload", kOwnRows);

constexpr Field kRows[] = {
    kNodesRow,
    bytes_row("Payload from each node to each other."),
    kRoundsRow,
};
constexpr FieldTable kFields = fields_of<Traffic>("workload", kRows);

bool is_pairwise(const Traffic& traffic) {
  return own_options<ExchangeOptions>(traffic, kOwnFields).schedule == ScheduleName::kPairwise;
}

Duration bound(const Traffic& t, const LeastTimes& least) {
  const std::uint64_t others = t.senders.size() - 1;
  return std::max(bound_of_receivers(t, least, others, t.bytes),
                  bound_of_steps(t, least, is_pairwise(t) ? others : 1, t.bytes));
}

}  // namespace

extern const TrafficKind kAllToAllTraffic;
const TrafficKind kAllToAllTraffic = {
    .name = "all-to-all",
    .words = "every node sends a block of its own to each other; a record is one node's round",
    .records = "rounds of a node",
    .fields = kFields.ruled(&check_ranks),
    .own = kOwnFields,
    .collective =
        [](const Traffic& t) {
          return Collective{is_pairwise(t) ? pairwise_exchange() : direct_exchange(),
                            blocks_of_pairs};
        },
    .record_bytes = [](const Traffic& t) { return t.bytes * (t.senders.size() - 1); },
    .bound = bound,
    .title = title_with_schedule,
};

}  // namespace soliton
