// Firings of fault rules as bytes: on their way to a node that does them again, and from one that has
// decided them.
#pragma once

#include "fabric/faults/fault_action.h"
#include "fabric/faults/node_trouble.h"
#include "protocol/control/control.capnp.h"

namespace soliton {

void write_event(const FaultFiring& firing, wire::FaultEvent::Builder out);
FaultFiring read_event(wire::FaultEvent::Reader in);
void write_event(const NodeFiring& firing, wire::NodeEvent::Builder out);
NodeFiring read_event(wire::NodeEvent::Reader in);

}  // namespace soliton
