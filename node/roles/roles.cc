#include "node/roles/roles.h"

namespace soliton {

const RoleKind* find_role_kind(std::string_view name, std::span<const RoleKind* const> kinds) {
  for (const RoleKind* kind : kinds)
    if (kind->name == name) return kind;
  return nullptr;
}

}  // namespace soliton
