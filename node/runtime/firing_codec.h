// Firings of fault rules as bytes: on their way to a node that does them again, and from one that has
// decided them.
#pragma once

#include "fabric/faults/fault_action.h"
#include "protocol/control/control.capnp.h"

namespace soliton {

void write_event(const FaultFiring& firing, wire::FaultEvent::Builder out);
FaultFiring read_event(wire::FaultEvent::Reader in);

}  // namespace soliton
