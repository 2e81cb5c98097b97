// What the devices of a run say about its results: how good their times are, and what power they take.
#pragma once

#include <optional>
#include <vector>

#include "cluster/file/spec.h"
#include "cluster/results/results.h"
#include "protocol/isa/shard.h"

namespace soliton {

// Unset without shards.
std::optional<CalibrationResult> calibration_of(const std::vector<Shard>& shards);

// The power of each board times what its node works for a request, in microjoules: an estimate, as
// nobody measured what a board takes while it waits or does something else. Unset where a device in
// use has no published power, or its time is not known. Hosts are left out.
std::optional<double> energy_of(const std::vector<NodeSpec>& specs,
                                const std::vector<NodeResult>& nodes);

}  // namespace soliton
