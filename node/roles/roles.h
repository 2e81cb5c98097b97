// The kinds of roles that a node can have. A kind in this list can be deployed; its own file in
// node/roles/kinds defines it.
#pragma once

#include <span>
#include <string_view>

#include "node/deployment/role_spec.h"

namespace soliton {

extern const RoleKind kNpuRole;        // Shard: serves requests with an NPU
extern const RoleKind kSharedNpuRole;  // SharedShards: the same for several models
extern const RoleKind kCpuRole;        // CpuSpec: parts of a graph on a CPU, clients, or both
extern const RoleKind kTrafficRole;    // Traffic: a part in a communication workload
extern const RoleKind kSeveralRoles;   // SeveralRoles: several of these at once
extern const RoleKind kManagedRole;    // ManagedRoles: one of these, under a resource manager

inline constexpr const RoleKind* kRoleKinds[] = {&kNpuRole,     &kSharedNpuRole, &kCpuRole,
                                                 &kTrafficRole, &kSeveralRoles,  &kManagedRole};

// Null if no kind of `kinds` has that name.
const RoleKind* find_role_kind(std::string_view name, std::span<const RoleKind* const> kinds);

}  // namespace soliton
