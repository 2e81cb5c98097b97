#include "fabric/faults/packet_match.h"

#include <algorithm>

namespace soliton {
namespace {

bool is_of(PacketClass its_class, PacketKind kind) {
  switch (its_class) {
    case PacketClass::kAny:
      return true;
    case PacketClass::kData:
      return kind == PacketKind::kData;
    case PacketClass::kControl:
      return kind != PacketKind::kData;
    case PacketClass::kAck:
      return kind == PacketKind::kAck || kind == PacketKind::kNack || kind == PacketKind::kCredit ||
             kind == PacketKind::kCongestion;
    case PacketClass::kProbe:
      return kind == PacketKind::kPing || kind == PacketKind::kPong;
    case PacketClass::kOpening:
      return kind == PacketKind::kOpen || kind == PacketKind::kOpened ||
             kind == PacketKind::kClose || kind == PacketKind::kReset;
  }
  return false;
}

bool is_one_of(const std::vector<std::uint32_t>& nodes, NodeId node) {
  return nodes.empty() || std::binary_search(nodes.begin(), nodes.end(), index(node));
}

}  // namespace

bool PacketMatch::matches(const Crossing& crossing) const {
  return is_of(its_class, crossing.kind) && least <= crossing.size && crossing.size <= most &&
         is_one_of(from, crossing.source) && is_one_of(to, crossing.destination);
}

}  // namespace soliton
