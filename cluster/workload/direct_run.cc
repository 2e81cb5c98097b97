#include "cluster/workload/direct_run.h"

#include <algorithm>
#include <optional>

namespace soliton {
namespace {

// Whether any message was passed on.
bool pass_on(const std::vector<Role*>& roles, Instant now) {
  bool any = false;
  for (std::size_t from = 0; from < roles.size(); ++from)
    while (roles[from] != nullptr) {
      std::optional<RoleMessage> out = roles[from]->poll_message(now);
      if (!out) break;
      roles[index(out->peer)]->on_message(NodeId{static_cast<std::uint32_t>(from)},
                                          std::move(out->message), now);
      any = true;
    }
  return any;
}

}  // namespace

void run_directly(const std::vector<Role*>& roles, const std::function<bool()>& stop) {
  Instant now = kRunStart;
  for (Role* role : roles)
    if (role != nullptr) role->start(now);
  while (!stop || !stop()) {
    if (pass_on(roles, now)) continue;
    Instant next = kNever;
    for (const Role* role : roles)
      if (role != nullptr) next = std::min(next, role->next_deadline());
    if (next >= kNever) return;
    now = std::max(now, next);
    for (Role* role : roles)
      if (role != nullptr && role->next_deadline() <= now) role->on_deadline(now);
  }
}

}  // namespace soliton
