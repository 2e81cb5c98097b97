// all-gather: every node ends with every node's block.
#include <fmt/format.h>

#include <algorithm>

#include "node/traffic/bounds.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

constexpr FieldWord kSchedules[] = {kDirectWord, kRingWord, kDoublingWord};
constexpr Field kOwnRows[] = {schedule_row(kSchedules)};
struct GatherOptions : ScheduleOptions {
  GatherOptions() { schedule = ScheduleName::kDirect; }
};
constexpr FieldTable kOwnFields = fields_of<GatherOptions>("workload", kOwnRows);

constexpr Field kRows[] = {
    kNodesRow,
    bytes_row("Payload of a node's block."),
    kRoundsRow,
};
constexpr FieldTable kFields = fields_of<Traffic>("workload", kRows);

ScheduleName schedule_of(const Traffic& traffic) {
  return own_options<GatherOptions>(traffic, kOwnFields).schedule;
}

Collective collective(const Traffic& traffic) {
  Collective out{direct_gather(), blocks_of_ranks};
  if (schedule_of(traffic) == ScheduleName::kRing) out.schedule = ring_gather();
  if (schedule_of(traffic) == ScheduleName::kDoubling) out.schedule = doubling_gather();
  return out;
}

// The last node to begin a round sends its block to all others, and they begin the next one no sooner.
Duration bound(const Traffic& t, const LeastTimes& least) {
  const std::uint64_t others = t.senders.size() - 1;
  if (schedule_of(t) == ScheduleName::kDirect)
    return std::max(bound_of_steps(t, least, 1, t.bytes),
                    bound_of_receivers(t, least, others, t.bytes));
  const Duration received = bound_of_receivers(t, least, 1, t.bytes * others);
  if (schedule_of(t) == ScheduleName::kRing)
    return std::max(received, bound_of_steps(t, least, others, t.bytes));
  Duration round{};
  for (std::uint64_t blocks = 1; blocks <= others; blocks *= 2)
    round = sum(round, least.message(blocks * t.bytes));
  return std::max(received, times(round, t.count));
}

void check_gather(void* object, FieldCheck& check) {
  const Traffic& traffic = *static_cast<const Traffic*>(object);
  check_ranks(object, check);
  const std::size_t n = traffic.senders.size();
  if (check.problems.empty() && schedule_of(traffic) == ScheduleName::kDoubling &&
      traffic.bytes * (n / 2) > static_cast<std::uint64_t>(kMessageMost.count))
    check.error("bytes", fmt::format("the last step of doubling sends {} blocks in a message, "
                                     "more than 1 GiB",
                                     n / 2));
}

}  // namespace

extern const TrafficKind kAllGatherTraffic;
const TrafficKind kAllGatherTraffic = {
    .name = "all-gather",
    .words = "every node ends with every node's block; a record is one node's round",
    .records = "rounds of a node",
    .fields = kFields.ruled(&check_gather),
    .own = kOwnFields,
    .collective = collective,
    .record_bytes = [](const Traffic& t) { return t.bytes * (t.senders.size() - 1); },
    .bound = bound,
    .title = title_with_schedule,
};

}  // namespace soliton
