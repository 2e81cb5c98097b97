// Where the wall time of a run went (soliton run --profile).
#pragma once

#include <cstdint>

#include "protocol/base/fields.h"

namespace soliton {

// Shares of one of the samples of the run's thread.
struct RunProfile {
  std::uint64_t samples = 0;
  double network = 0, transport = 0, roles = 0, waiting = 0, launch = 0, checks = 0, results = 0,
         other = 0;
  double nodes_cpu_seconds = 0;
};
inline constexpr Field kRunProfileRows[] = {
    field<&RunProfile::samples>("samples", "Looks at the run's thread, about a thousand a second."),
    field<&RunProfile::network>("network", "Share in the emulated network and the engine."),
    field<&RunProfile::transport>("transport", "In LTL and the loop of packed nodes."),
    field<&RunProfile::roles>("roles",
                              "In the roles of packed nodes: arithmetic, clients, traffic."),
    field<&RunProfile::waiting>("waiting", "Waiting for node processes."),
    field<&RunProfile::launch>("launch", "Starting nodes and ending them."),
    field<&RunProfile::checks>("checks", "Computing outputs a second time and judging them."),
    field<&RunProfile::results>("results", "Writing files, up to `results.json`."),
    field<&RunProfile::other>("other", "In nothing of these."),
    field<&RunProfile::nodes_cpu_seconds>("nodes_cpu_seconds",
                                          "CPU time of the node processes together."),
};
inline constexpr FieldTable kRunProfileFields =
    fields_of<RunProfile>("wall.profile", kRunProfileRows);

}  // namespace soliton
