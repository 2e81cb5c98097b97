// Roles of nodes joined without a network: a message is there when it leaves. For values alone, as
// those of a reference, which no transport may change.
#pragma once

#include <functional>
#include <vector>

#include "node/service/role.h"

namespace soliton {

// Starts the roles, by NodeId (null: a node that does nothing), and passes messages between them
// until nothing more happens or `stop`, which may be empty and is asked between instants, returns
// true.
void run_directly(const std::vector<Role*>& roles, const std::function<bool()>& stop = {});

}  // namespace soliton
