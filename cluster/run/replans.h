// Other divisions of the model, for when a node is lost and no device is left to take its place.
#pragma once

#include <vector>

#include "cluster/run/run.h"

namespace soliton {

// One for each NPU that the plan uses and without which the model still fits. They are made before the run
// starts, since a run that recovers spends emulated time on it (manager.replan), and not that of the machine.
// None for plans with more NPUs or weights than is reasonable to do again (docs/recovery.md).
std::vector<Replan> replans_of(const PreparedRun& run);

}  // namespace soliton
