// How a role's options are stored in the bytes of a deployment (control.capnp, Role). Only for the
// files of the kinds and for the codec of deployments.
#pragma once

#include <span>

#include "node/deployment/role_spec.h"
#include "protocol/control/control.capnp.h"
#include "protocol/control/settings.h"

namespace soliton {

// `options` holds what a table of fields describes, `body` the rest: any struct of the schemas.
struct RoleBytesOut {
  wire::Settings::Builder options;
  capnp::AnyPointer::Builder body;
};
struct RoleBytesIn {
  wire::Settings::Reader options;
  capnp::AnyPointer::Reader body;
};

void write_role(const RoleSpec& role, wire::Role::Builder out);
// Errors: no kind of `kinds` has the name (kInvalid), and those of RoleKind::read.
Result<RoleSpec> read_role(wire::Role::Reader in, std::span<const RoleKind* const> kinds);

}  // namespace soliton
