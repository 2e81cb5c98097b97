#include "fabric/faults/fault_kind.h"

#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

class NothingOnLinks final : public LinkEffect {
 public:
  explicit NothingOnLinks(std::string_view past) : past_(past) {}
  LinkStage stage() const override { return LinkStage::kLoss; }
  FaultAction act(const Encounter&) const override { return {}; }
  std::string words() const override { return std::string(past_); }

 private:
  std::string_view past_;
};

}  // namespace

std::unique_ptr<LinkEffect> nothing_on_links(const FaultRule& rule) {
  return std::make_unique<NothingOnLinks>(rule.kind->node->past);
}

const FaultKind* find_fault_kind(std::string_view name) {
  for (const FaultKind* kind : fault_kinds())
    if (kind->name == name) return kind;
  return nullptr;
}

Crossing crossing_of(const Datagram& datagram, Crossing where) {
  where.size = {static_cast<std::int64_t>(datagram.payload.size())};
  // The low half of a packet's first byte (docs/wire-format.md).
  if (!datagram.payload.bytes.empty())
    where.kind = static_cast<PacketKind>(datagram.payload.bytes.front() & std::byte{0x0f});
  where.source = datagram.source;
  where.destination = datagram.destination;
  where.marked = datagram.congestion_seen;
  return where;
}

}  // namespace soliton
