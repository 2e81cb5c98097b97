// What a run of a deployed cluster is given and what comes out of it, whichever launcher runs it
// (launcher.h).
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/engine/control_loop.h"
#include "cluster/engine/fleet.h"
#include "fabric/sim/network.h"
#include "node/runtime/deployment_codec.h"
#include "node/runtime/reports.h"

namespace soliton {

// Told what a run does while it runs, on the thread that runs it.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_records(std::span<const HostRecord> records) = 0;
  virtual void on_records(std::span<const TrafficRecord> records) = 0;
  // Some times a second: run time reached, events so far (0: not counted), nodes that are lost. An
  // error ends the run with it.
  virtual Status on_progress(Instant now, std::uint64_t events, std::size_t nodes_lost) = 0;
};

struct RunControl {
  ControlLoop* loop = nullptr;
  Duration time_limit{};
  std::chrono::milliseconds silence{10'000};  // FleetOptions
  NodeLogs logs;
  std::string node_program;
  RunObserver* observer = nullptr;  // may be null
};

struct ClusterOutcome {
  std::vector<HostRecord> records;
  std::vector<TrafficRecord> traffic;           // as nodes saw them: ends are not joined
  std::size_t traffic_completed = 0;            // of these, the ones with an end
  std::vector<std::optional<NodeStats>> stats;  // by NodeId; unset: the node did not live to say
  std::vector<bool> node_failed;
  NetworkCounters network;             // virtual time
  std::optional<PauseReport> pauses;   // virtual time, with pauses
  std::vector<std::string> deadlocks;  // "tor0 -> tor1, tor1 -> tor0", for who waits in a circle
  std::vector<FaultCounters> faults;   // by rule
  std::vector<TraceEvent> trace;
  std::optional<Error> error;  // why it did not finish
  int interrupted_by = 0;      // number of the signal, 0: none; `error` is unset then
  Instant end{};
  double launch_seconds = 0;
  std::uint64_t events = 0;
  std::int64_t processes = 1;
};

// Takes what nodes have finished since the last call and tells the observer, which may be null;
// `outcome.end` moves on to the latest.
void add_records(std::vector<HostRecord> records, RunObserver* observer, ClusterOutcome& outcome);
void add_records(std::vector<TrafficRecord> records, RunObserver* observer,
                 ClusterOutcome& outcome);
// Requests answered, or messages and rounds completed.
std::size_t completed(const ClusterOutcome& outcome);

// What the emulated network is made of.
struct FabricInputs {
  const Topology* topology = nullptr;
  const Routes* routes = nullptr;
  const FaultPlan* faults = nullptr;
};

}  // namespace soliton
