// The queue of a port at a switch is shorter than its link says: tail drop. A node's card pushes back on its
// node instead and drops nothing.
#include <fmt/format.h>

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

struct QueueOptions {
  std::optional<Bytes> bytes;
  std::uint32_t packets = 0;
};
constexpr Field kRows[] = {
    field<&QueueOptions::bytes>("bytes", "What the queue holds, overhead on the line included.")
        .between(Bytes{1}, Bytes{1'073'741'824})
        .by_default("no limit")
        .if_changed(),
    field<&QueueOptions::packets>("packets", "Packets that it holds; 0: no limit.")
        .between<std::uint32_t>(0, 1'000'000)
        .if_changed(),
};

void check(void* object, FieldCheck& check) {
  const auto& options = *static_cast<const QueueOptions*>(object);
  if (!options.bytes && options.packets == 0)
    check.error("bytes", "is missing, and so is packets: one of them is the limit");
}

constexpr FieldTable kFields = fields_of<QueueOptions>("fault_queue", kRows).ruled(&check);

class Queue final : public PortEffect {
 public:
  explicit Queue(const QueueOptions& options) : o_(options) {}

  // As everywhere, a packet that finds the line free is taken.
  FaultAction come(const PortEncounter& m) const override {
    const PortState& port = m.port;
    if (port.packets == 0) return {};
    const bool full = (o_.bytes && port.queued + port.size > *o_.bytes) ||
                      (o_.packets > 0 && port.packets >= o_.packets);
    return full ? FaultAction{.what = FaultAction::What::kRefuse} : FaultAction{};
  }
  std::string words() const override {
    return o_.bytes ? fmt::format("had queues of {}", spell(*o_.bytes))
                    : fmt::format("had queues of {} packets", o_.packets);
  }

 private:
  QueueOptions o_;
};

}  // namespace

extern const FaultKind kQueueFault = {
    .name = "queue",
    .words = "the queue of a switch's port is shorter",
    .example = "{link, at: 1 ms, for: 5 ms, queue: 16 KiB}",
    .short_path = "bytes",
    .short_alias = "",
    .must_hold = "D R L B",
    .fields = kFields,
    .make = only_at_ports,
    .port = make_port_effect<Queue, QueueOptions, kFields>,
};

}  // namespace soliton
