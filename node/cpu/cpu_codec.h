// A CPU host's spec to and from its Cap'n Proto form (graph.capnp). Serialisation only.
#pragma once

#include "node/cpu/cpu_spec.h"
#include "protocol/base/result.h"
#include "protocol/control/graph.capnp.h"

namespace soliton {

void write_cpu_spec(const CpuSpec& spec, wire::CpuRole::Builder out);
// REQUIRES: written by write_cpu_spec() of the same build. Error: kInvalid, bytes that do not
// decode, or an operator that this program does not have.
Result<CpuSpec> read_cpu_spec(wire::CpuRole::Reader in);

}  // namespace soliton
