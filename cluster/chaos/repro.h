// A violation as a cluster file that shows it.
#pragma once

#include <chrono>
#include <string>

#include "cluster/chaos/smaller_schedule.h"

namespace soliton {

// Writes repro.yaml, and beside it the events.csv that it may need, into `folder`. A run of it fails as the
// schedule does, as far as a run can see that. kNotWritten.
Status write_repro(const ChaosStage& stage, const SmallerSchedule& found, std::uint64_t seed,
                   const std::string& folder);

// Whether a run of the file, without chaos, ends with an error, crashes, or does not meet what the file
// expects. What only the record of messages shows, a run does not see.
bool fails_alone(const std::string& file, const DataRoot& data, std::chrono::seconds longest);

}  // namespace soliton
