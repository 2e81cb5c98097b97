// How a role's options lie in the bytes of a deployment (control.capnp, Role). For the files of the
// kinds and the codec of deployments only.
#pragma once

#include "node/deployment/role_spec.h"
#include "protocol/control/control.capnp.h"
#include "protocol/control/settings.h"

namespace soliton {

// `options` is for what a table of fields names, `body` for the rest: any struct of the schemas.
struct RoleBytesOut {
  wire::Settings::Builder options;
  capnp::AnyPointer::Builder body;
};
struct RoleBytesIn {
  wire::Settings::Reader options;
  capnp::AnyPointer::Reader body;
};

}  // namespace soliton
