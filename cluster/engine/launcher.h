// Launchers: the ways to run a deployed cluster. All take the same assignments and return the same
// kind of outcome.
//
// A launcher is one file in cluster/engine/launchers and one line in list.cc beside it. It starts the
// nodes, drives them until the workload is done, a limit is reached or the run is interrupted, and
// leaves nothing behind.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/engine/cluster_run.h"

namespace soliton {

// How a cluster file and the command line want nodes to run.
struct Layout {
  TimeBase time = TimeBase::kEmulated;
  bool packed = false;                // emulated time: all nodes in the controller's process
  std::string_view engine = "local";  // what starts the processes
  bool messages = false;              // packed: whole messages in place of packets

  bool operator==(const Layout&) const = default;
};

struct Launcher {
  const char* name;
  Layout layout;  // the layout that it serves
  // Never throws. `fabric` is the emulated network; in wall time the nodes use the machine's own.
  ClusterOutcome (*run)(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                        const RunControl& control);
};

extern const Launcher kPackedLauncher;   // emulated time, objects in this process
extern const Launcher kMessageLauncher;  // the same, without packets (fidelity: message)
extern const Launcher kPerNodeLauncher;  // emulated time, a process for each node
extern const Launcher kWallLauncher;     // wall time, a process for each node on this machine

// All of them; no two serve the same layout.
std::span<const Launcher* const> launchers();
// nullptr if no launcher serves this layout.
const Launcher* find_launcher(const Layout& layout);
// What `--engine` may name, each once, in the order of the list.
std::vector<std::string> engine_names();

}  // namespace soliton
