#include "node/roles/role_bytes.h"

#include <fmt/format.h>

#include "node/roles/roles.h"

namespace soliton {

void write_role(const RoleSpec& role, wire::Role::Builder out) {
  out.setKind(role.name());
  RoleBytesOut bytes{out.initOptions(), out.initBody()};
  role.kind()->write(role, bytes);
}

// An error and not a SOLITON_CHECK, since `kinds` is the caller's choice.
Result<RoleSpec> read_role(wire::Role::Reader in, std::span<const RoleKind* const> kinds) {
  const RoleKind* const kind = find_role_kind(in.getKind().cStr(), kinds);
  if (kind == nullptr)
    return invalid(fmt::format("shard file: no role called \"{}\"", in.getKind().cStr()));
  return kind->read({in.getOptions(), in.getBody()});
}

}  // namespace soliton
