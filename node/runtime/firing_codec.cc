#include "node/runtime/firing_codec.h"

namespace soliton {

void write_event(const FaultFiring& firing, wire::FaultEvent::Builder out) {
  out.setHop(static_cast<std::uint32_t>(port_of(firing.hop)));
  out.setOrdinal(firing.ordinal);
  out.setWhat(static_cast<std::uint8_t>(firing.action.what));
  out.setCount(firing.action.count);
  out.setValue(firing.action.value);
  out.setLatePs(firing.action.late.count());
  out.setAtPs(firing.at.time_since_epoch().count());
  out.setRule(firing.rule);
}

FaultFiring read_event(wire::FaultEvent::Reader in) {
  return {.at = Instant{Duration{in.getAtPs()}},
          .rule = in.getRule(),
          .hop = hop_of(in.getHop()),
          .ordinal = in.getOrdinal(),
          .action = {.what = static_cast<FaultAction::What>(in.getWhat()),
                     .count = in.getCount(),
                     .value = in.getValue(),
                     .late = Duration{in.getLatePs()}}};
}

void write_event(const NodeFiring& firing, wire::NodeEvent::Builder out) {
  out.setAtPs(firing.at.time_since_epoch().count());
  out.setRule(firing.rule);
  out.setNode(index(firing.node));
  out.setOrdinal(firing.ordinal);
  out.setWhat(static_cast<std::uint8_t>(firing.trouble.what));
  out.setValue(firing.trouble.value);
  out.setUntilPs(firing.trouble.until.time_since_epoch().count());
}

NodeFiring read_event(wire::NodeEvent::Reader in) {
  return {.at = Instant{Duration{in.getAtPs()}},
          .rule = in.getRule(),
          .node = NodeId{in.getNode()},
          .ordinal = in.getOrdinal(),
          .trouble = {static_cast<NodeTrouble::What>(in.getWhat()), in.getValue(),
                      Instant{Duration{in.getUntilPs()}}}};
}

}  // namespace soliton
