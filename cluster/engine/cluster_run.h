// Inputs and outcome of a run of a deployed cluster, the same for all launchers (launcher.h).
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cluster/engine/control_loop.h"
#include "cluster/engine/fleet.h"
#include "fabric/message/beyond.h"
#include "fabric/sim/network.h"
#include "node/runtime/deployment_codec.h"
#include "node/runtime/reports.h"

namespace soliton {

class MessageHistory;

// How far a run is.
struct RunPulse {
  Instant now{};              // run time reached
  std::uint64_t events = 0;   // virtual time
  std::uint64_t packets = 0;  // handed to the network; virtual time
  std::size_t nodes_lost = 0;
};

// Is told about a run while it runs, on the thread that runs it.
class RunObserver {
 public:
  virtual ~RunObserver() = default;
  virtual void on_records(std::span<const HostRecord> records) = 0;
  virtual void on_records(std::span<const TrafficRecord> records) = 0;
  // Decisions of fault rules, in order of time: each call goes on where the last one ended.
  virtual void on_firings(std::span<const FaultFiring> firings) = 0;
  // What faults did to nodes, in order of time: once, when the run has ended.
  virtual void on_troubles(std::span<const NodeFiring>) {}
  // Called several times a second. An error ends the run and becomes its error.
  virtual Status on_progress(const RunPulse& pulse) = 0;
};

struct RunControl {
  ControlLoop* loop = nullptr;
  Duration time_limit{};
  std::chrono::milliseconds silence{10'000};  // FleetOptions
  NodeLogs logs;
  std::string node_program;
  std::string engine = "local";       // Layout::engine
  std::uint32_t threads = 1;          // that play packed nodes and their network side by side
  RunObserver* observer = nullptr;    // may be null
  bool profile = false;               // mark what is done in nodes and roles (profile.h)
  bool keep_firings = false;          // in the outcome, for want of an observer
  MessageHistory* history = nullptr;  // of packed nodes on one thread; may be null
};

struct ClusterOutcome {
  std::vector<HostRecord> records;
  std::vector<TrafficRecord> traffic;           // as nodes saw them: the two ends are not joined
  std::size_t traffic_completed = 0;            // of these, the ones with an end
  std::vector<std::optional<NodeStats>> stats;  // by NodeId; unset: it never reported
  std::vector<bool> node_failed;
  NetworkCounters network;              // virtual time
  std::vector<PortCounters> ports;      // by port number (port_of()); virtual time
  std::vector<PortSeries> series;       // the same; empty if nothing was sampled
  std::optional<PauseReport> pauses;    // virtual time, with pauses
  std::vector<std::string> deadlocks;   // ports that wait in a circle: "tor0 -> tor1, tor1 -> tor0"
  std::vector<FaultCounters> faults;    // by rule
  std::vector<FaultFiring> firings;     // with RunControl::keep_firings, in order of time
  std::vector<NodeFiring> troubles;     // of nodes, in order of time
  std::vector<RecoveryEvent> recovery;  // in order of time
  std::optional<MessageBeyond> beyond;  // fidelity: message
  std::vector<TraceEvent> trace;
  std::optional<Error> error;  // why the run did not finish
  int interrupted_by = 0;      // signal number, or 0; if set, `error` is unset
  Instant end{};
  double launch_seconds = 0;
  std::uint64_t events = 0;
  std::int64_t processes = 1;
  std::optional<bool> confined;  // Fleet::confined(); unset: nodes are no processes
};

// The outcome of a run of `nodes` nodes that have not begun.
ClusterOutcome outcome_before(std::size_t nodes);

struct FabricInputs;

// Adds what nodes have finished since the last call to `outcome` and tells the observer, which may
// be null; advances `outcome.end` to the latest completion.
void add_records(std::vector<HostRecord> records, RunObserver* observer, ClusterOutcome& outcome);
void add_records(std::vector<TrafficRecord> records, RunObserver* observer,
                 ClusterOutcome& outcome);
// Tells the observer of decisions of fault rules, or keeps them.
void add_firings(const std::vector<FaultFiring>& firings, const RunControl& control,
                 ClusterOutcome& outcome);
// Gathers what nodes say of their troubles and of the recovery, and tells the observer.
void gather_troubles(const FabricInputs& fabric, const RunControl& control,
                     ClusterOutcome& outcome);
// Requests answered, or messages and rounds completed.
std::size_t completed(const ClusterOutcome& outcome);

// What the emulated network is made of.
struct FabricInputs {
  const Topology* topology = nullptr;
  const Routes* routes = nullptr;
  const FaultPlan* faults = nullptr;
  Duration series{};  // interval at which ports are sampled; 0: they are not
};

}  // namespace soliton
