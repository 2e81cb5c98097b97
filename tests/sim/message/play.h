// Runs of whole clusters in both fidelities, for tests.
#pragma once

#include <string>
#include <string_view>

#include "cluster/run/run.h"

namespace soliton {

// Runs `yaml`, which names no fidelity, in this one. A failure of the run fails the test.
RunResults play(std::string_view fidelity, const std::string& yaml);
// The same, with how it ended.
FinishedRun play_to_its_end(std::string_view fidelity, const std::string& yaml);

// From the first send to the last completion.
double completion_us(const RunResults& results);
double mean_us(const RunResults& results);

}  // namespace soliton
