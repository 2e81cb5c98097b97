// token: one message goes round and round a ring of nodes.
#include "node/traffic/bounds.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

constexpr Field kRows[] = {
    field<&Traffic::senders>("nodes", "Round whom the token goes, in this order.")
        .naming("nodes")
        .needed(),
    bytes_row("Payload of the token."),
    field<&Traffic::count>("count", "Laps.").between(std::int64_t{1}, kRecordsMost),
};
constexpr FieldTable kFields = fields_of<Traffic>("workload", kRows);

Duration bound(const Traffic& t, const LeastTimes& least) {
  Duration lap{};
  for (std::size_t i = 0; i < t.senders.size(); ++i)
    lap = sum(lap, least.message(t.senders[i], t.senders[(i + 1) % t.senders.size()], t.bytes));
  return times(lap, t.count);
}

}  // namespace

extern const TrafficKind kTokenTraffic;
const TrafficKind kTokenTraffic = {
    .name = "token",
    .words = "one message round a ring of nodes, again and again; a record is a lap",
    .records = "laps",
    .fields = kFields.ruled(&check_ranks),
    .collective =
        [](const Traffic&) {
          return Collective{lap(), whole_of_root, Recorded::kLaps};
        },
    .record_bytes = [](const Traffic& t) { return t.bytes * t.senders.size(); },
    .bound = bound,
};

}  // namespace soliton
