#include "fabric/faults/fault_kind.h"

namespace soliton {

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
