// What the wall-time and the virtual-time node process have in common. Part of the program
// soliton-node.
#pragma once

#include <fmt/format.h>
#include <unistd.h>

#include <string>
#include <vector>

#include "fabric/shm/pulse_board.h"
#include "node/runtime/confinement.h"
#include "node/runtime/deployment_codec.h"
#include "node/runtime/log.h"
#include "node/runtime/reports.h"

namespace soliton {

inline constexpr std::size_t kRecordBatch = 64;  // finished requests reported together

// Reports finished requests in batches, the rest at the end.
class RecordReporter {
 public:
  RecordReporter(Chassis& node, ControlSocket& control) : node_(node), control_(control) {}

  void flush(std::size_t at_least) {
    node_.hand_over(batch_);
    hand_on(batch_.requests, at_least);
    hand_on(batch_.messages, at_least);
  }
  bool finished() const {
    const Role* const role = node_.node().role();
    return role != nullptr && role->finished();
  }

 private:
  template <typename Record>
  void hand_on(std::vector<Record>& batch, std::size_t at_least) {
    if (batch.size() >= at_least && !batch.empty())
      static_cast<void>(control_.send(Report{std::exchange(batch, {})}));
  }

  Chassis& node_;
  ControlSocket& control_;
  Records batch_;
};

// Logs what the node is.
inline void log_ready(Log& log, const NodeAssignment& assignment, const std::string& how) {
  const Deployment& d = assignment.deployment;
  log.info("{}: ready as process {}, {}, {}", d.node, getpid(), d.role.name(), how);
  log.flush();  // so that it survives if the process is killed
}

// Filters the system calls of this process from now on: call when all descriptors are open. False, and
// a line in the log, if they are not filtered.
inline bool confine(Log& log, const NodeAssignment& assignment) {
  const Confinement confinement = filter_system_calls();
  if (!confinement.filtered)
    log.warn("{}: system calls are not filtered: {}", assignment.deployment.node,
             confinement.why_not);
  return confinement.filtered;
}

// Logs what it did, at the end of its run.
inline void log_end(Log& log, const NodeAssignment& assignment, const NodeStats& stats,
                    Instant now) {
  log.set_time(now);
  log.info(
      "{}: ended: {} requests served, {} sent, {} packets, {} retransmitted, {} timeouts, {} "
      "refused by the carrier, {} dropped by this host",
      assignment.deployment.node, stats.npu.requests, stats.sent, stats.ltl.packets_sent,
      stats.ltl.retransmitted, stats.ltl.timeouts, stats.carrier.refused, stats.carrier.host_drops);
  for (const std::string& line : stats.outstanding) log.warn("open: {}", line);
}

inline int fail(Log& log, ControlSocket& control, const Error& error) {
  log.write(LogLevel::kError, error.message);
  static_cast<void>(control.send(Report{error}));
  return exit_status(error.code);
}

// Runs the node in wall time and returns the exit status. `first_fd` is the first inherited inbox.
int run_wall(NodeAssignment& assignment, ControlSocket& control, Log& log, Pulse& pulse,
             int first_fd);

}  // namespace soliton
