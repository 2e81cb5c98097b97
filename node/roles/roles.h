// The kinds of roles that a node can have. This list is the index: a kind that is named here can be
// deployed; its file in node/roles/kinds says how.
#pragma once

#include <span>
#include <string_view>

#include "node/deployment/role_spec.h"

namespace soliton {

extern const RoleKind kNpuRole;      // Shard: serves requests with an NPU
extern const RoleKind kHostRole;     // HostSpec: clients, and the CPU part of the model
extern const RoleKind kTrafficRole;  // Traffic: a part in a communication workload

inline constexpr const RoleKind* kRoleKinds[] = {&kNpuRole, &kHostRole, &kTrafficRole};

// Null: no kind of `kinds` is called so.
const RoleKind* find_role_kind(std::string_view name, std::span<const RoleKind* const> kinds);

}  // namespace soliton
