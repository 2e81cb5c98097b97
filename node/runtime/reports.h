// The messages between a node process and its controller over their socketpair (control.capnp):
// their values, and the two ends.
#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "fabric/carrier.h"
#include "fabric/faults/link_faults.h"
#include "fabric/ltl/stats.h"
#include "node/chassis/chassis.h"
#include "protocol/base/result.h"

namespace soliton {

// Everything a node reports at the end of its run.
struct NodeStats : RoleStats {
  LtlStats ltl;
  std::vector<FaultCounters> faults;  // wall time: what this node's interceptor did, by fault rule
  std::vector<FaultFiring> firings;   // the same, decision by decision
  CarrierCounters carrier;            // wall time
  std::vector<TraceEvent> trace;
  std::vector<std::string> outstanding;
  std::vector<LostPeer> lost_peers;  // in order of time
  std::vector<NodeFiring> troubles;  // what happened to the node, in order of time
};

// The stats of a node at `now`, over all its incarnations; takes its trace out of it.
NodeStats stats_of(Chassis& chassis, Instant now);

struct Ready {
  std::uint16_t port = 0;  // UDP port in wall time
  bool confined = false;   // behind a filter of system calls (confinement.h)
};
struct Finished {};  // this node's part of the workload is done
struct GaveUp {};    // wall time: the node has lost a peer, named in its stats; the run must end
using Report = std::variant<Ready, std::vector<HostRecord>, std::vector<TrafficRecord>, Finished,
                            GaveUp, NodeStats, Error>;

struct StartCommand {
  std::int64_t start_ns = 0;         // wall time: CLOCK_MONOTONIC at run time 0
  std::vector<std::uint16_t> ports;  // wall time: UDP ports by NodeId
};
struct StopCommand {};
using Command = std::variant<StartCommand, StopCommand>;

// One end of the socketpair. Any thread may send; only one thread may receive.
class ControlSocket {
 public:
  explicit ControlSocket(int descriptor) : descriptor_(descriptor) {}
  int descriptor() const { return descriptor_; }

  Status send(const Report& report);
  Status send(const Command& command);
  // Controller's end: appends the messages that have arrived as a whole to `reports`, without
  // waiting, so that a peer that stopped in the middle of one delays nobody. Returns false at end
  // of file or if bytes are damaged.
  bool take_reports(std::vector<Report>& reports);
  // Node's end: blocks for the next message; returns nullopt at end of file or if bytes are
  // damaged.
  std::optional<Command> receive_command();

 private:
  int descriptor_;
  std::vector<std::byte> received_;  // the beginning of a report that is still incomplete
  std::mutex sending_;
};

}  // namespace soliton
