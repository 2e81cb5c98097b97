// How a role's options lie in the bytes of a deployment (control.capnp, Role). For the files of the
// kinds and the codec of deployments only.
#pragma once

#include "node/deployment/role_spec.h"
#include "protocol/control/control.capnp.h"

namespace soliton {

// `body` is the kind's own: any struct of the schemas.
struct RoleBytesOut {
  capnp::AnyPointer::Builder body;
};
struct RoleBytesIn {
  capnp::AnyPointer::Reader body;
};

}  // namespace soliton
