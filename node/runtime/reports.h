// What a node process and its controller tell each other over their socketpair (control.capnp):
// values, and the two ends.
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
#include "node/shell/node.h"
#include "protocol/base/result.h"

namespace soliton {

// Everything a node has to say at the end of its run.
struct NodeStats : RoleStats {
  LtlStats ltl;
  std::vector<FaultCounters> faults;  // wall time: what this node's interceptor did, by rule
  CarrierCounters carrier;            // wall time
  std::vector<TraceEvent> trace;
  std::vector<std::string> outstanding;
  std::vector<LostPeer> lost_peers;  // in order of time
};

// Of a node at `now`; takes its trace.
NodeStats stats_of(Node& node, Instant now);

struct Ready {
  std::uint16_t port = 0;  // UDP port in wall time
};
struct Finished {};  // this node's part of the workload is done
struct GaveUp {};    // wall time: it has lost a peer, which its stats will name: the run is to end
using Report = std::variant<Ready, std::vector<HostRecord>, std::vector<TrafficRecord>, Finished,
                            GaveUp, NodeStats, Error>;

struct StartCommand {
  std::int64_t start_ns = 0;         // wall: CLOCK_MONOTONIC of run time 0
  std::vector<std::uint16_t> ports;  // wall: UDP port by NodeId
};
struct StopCommand {};
using Command = std::variant<StartCommand, StopCommand>;

// One end of the socketpair. Sending is safe from several threads; receiving belongs to one.
class ControlSocket {
 public:
  explicit ControlSocket(int descriptor) : descriptor_(descriptor) {}
  int descriptor() const { return descriptor_; }

  Status send(const Report& report);
  Status send(const Command& command);
  // Controller's end: takes what has come, without waiting, and appends the messages that are whole
  // to `reports`; a peer that stopped in the middle of one holds nobody up. False at the end of
  // file; damaged bytes count as that.
  bool take_reports(std::vector<Report>& reports);
  // Node's end: blocks for the next message; nothing at end of file or on damaged bytes.
  std::optional<Command> receive_command();

 private:
  int descriptor_;
  std::vector<std::byte> received_;  // the beginning of a report that is not whole yet
  std::mutex sending_;
};

}  // namespace soliton
