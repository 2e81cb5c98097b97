// Running a deployed cluster in one of three ways: virtual time packed in this process, virtual
// time with a process a node, wall time over sockets. The same assignments go in and the same
// values come out.
#pragma once

#include <atomic>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fabric/sim/network.h"
#include "node/runtime/deployment_codec.h"
#include "node/runtime/reports.h"

namespace soliton {

struct RunControl {
  const std::atomic<int>* signal = nullptr;  // number of the signal that asks for an end, 0: none
  Duration time_limit{};
  std::string log_folder;  // "": no logs
  std::string node_program;
  // Called now and then from the running thread: requests answered so far, run time reached.
  std::function<void(std::size_t completed, Instant now)> progress;
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
  int interrupted_by = 0;
  Instant end{};
  double launch_seconds = 0;
  std::uint64_t events = 0;
  std::int64_t processes = 1;
};

// Takes what nodes have finished since the last call; `outcome.end` moves on to the latest.
void add_records(std::vector<HostRecord> records, ClusterOutcome& outcome);
void add_records(std::vector<TrafficRecord> records, ClusterOutcome& outcome);
// Requests answered, or messages and rounds completed.
std::size_t completed(const ClusterOutcome& outcome);

// What the emulated network is made of.
struct FabricInputs {
  const Topology* topology = nullptr;
  const Routes* routes = nullptr;
  const FaultPlan* faults = nullptr;
};

ClusterOutcome run_packed(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                          const RunControl& control);
ClusterOutcome run_processes(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                             const RunControl& control);
ClusterOutcome run_wall(const std::vector<NodeAssignment>& nodes, const RunControl& control);

}  // namespace soliton
