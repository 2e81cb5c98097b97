// pipeline: messages go through a chain of nodes in the order they are named.
#include "node/traffic/bounds.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

constexpr Field kRows[] = {
    field<&Traffic::senders>("nodes", "Through whom messages go, in this order.")
        .naming("nodes")
        .needed(),
    kBytesRow,
    field<&Traffic::count>("count", "Messages.").between(std::int64_t{1}, kRecordsMost),
};
constexpr FieldTable kFields = fields_of<Traffic>("workload", kRows);

// The first message arrives by all cables, and the others behind it at the last node.
Duration bound(const Traffic& t, const LeastTimes& least) {
  const std::vector<NodeId>& nodes = t.senders;
  Duration all{};
  for (std::size_t i = 0; i + 2 < nodes.size(); ++i)
    all = sum(all, least.message(nodes[i], nodes[i + 1], t.bytes));
  return sum(all, least.stream(nodes[nodes.size() - 2], nodes.back(), t.count, t.bytes));
}

}  // namespace

extern const TrafficKind kPipelineTraffic;
const TrafficKind kPipelineTraffic = {
    .name = "pipeline",
    .words = "messages through a chain of nodes; a record is a message, from the first to the last",
    .records = "messages",
    .fields = kFields.ruled(&check_ranks),
    .collective =
        [](const Traffic&) {
          return Collective{chain(), whole_of_root, Recorded::kEnds};
        },
    .bound = bound,
};

}  // namespace soliton
