// soliton-node: one emulated FPGA, or the host, in a process of its own, started by the controller.
//
//   soliton-node NAME PARENT_PID virtual|wall
//
// Descriptors: 3 control socket, 4 assignment, 5 board of pulses; in virtual time 6 channel; in
// wall time over shared memory 6 own inbox, then those of the peers in order of the connection
// table.
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>

#include "fabric/shm/pulse_board.h"
#include "fabric/shm/serve.h"
#include "node/runtime/confinement.h"
#include "node/runtime/deployment_codec.h"
#include "node/runtime/node_program.h"
#include "protocol/base/check.h"
#include "protocol/base/message.h"
#include "protocol/base/shortage.h"

namespace soliton {
namespace {

constexpr int kControlFd = 3;
constexpr int kAssignmentFd = 4;
constexpr int kPulsesFd = 5;
constexpr unsigned kChannelFd = 6;

// The node as the hub's loop sees it; requests are handed on whenever its output has been drained.
class ReportingNode : public Machine {
 public:
  ReportingNode(Machine& node, RecordReporter& reporter, Pulse& pulse)
      : node_(node), reporter_(reporter), pulse_(pulse) {}
  void on_input(Datagram datagram, Instant now) override {
    pulse_.beat();
    node_.on_input(std::move(datagram), now);
  }
  std::optional<Datagram> poll_output(Instant now) override {
    pulse_.beat();
    std::optional<Datagram> datagram = node_.poll_output(now);
    if (!datagram) reporter_.flush(kRecordBatch);
    return datagram;
  }
  Instant next_deadline() const override { return node_.next_deadline(); }
  void on_deadline(Instant now) override {
    pulse_.beat();
    node_.on_deadline(now);
  }
  RunEnd run_end() const override { return node_.run_end(); }

 private:
  Machine& node_;
  RecordReporter& reporter_;
  Pulse& pulse_;
};

int run_virtual(NodeAssignment& assignment, ControlSocket& control, Log& log, Pulse& pulse) {
  Result<Channel> channel = Channel::attach(static_cast<int>(kChannelFd));
  if (!channel) return fail(log, control, channel.error());
  Chassis node(assignment.deployment, assignment.rules);
  log_ready(log, assignment, "virtual time");
  static_cast<void>(control.send(Report{Ready{0, confine(log, assignment)}}));
  // The start command carries nothing here; its arrival, or the end of the controller, is all that
  // matters.
  if (!control.receive_command()) return EXIT_SUCCESS;
  node.start(kRunStart);
  RecordReporter reporter(node, control);
  ReportingNode machine(node.machine(), reporter, pulse);
  WaitOptions wait;
  wait.slice = Duration{};
  wait.pulse = &pulse;
  const Result<Instant> end = serve_channel(*channel, machine, assignment.deployment.id, wait);
  if (!end) return fail(log, control, end.error());
  reporter.flush(0);
  const NodeStats stats = stats_of(node, *end);
  log_end(log, assignment, stats, *end);
  static_cast<void>(control.send(Report{stats}));
  return EXIT_SUCCESS;
}

// Descriptors from kChannelFd on that are this node's.
unsigned inherited_of(const NodeAssignment& assignment) {
  const Deployment& d = assignment.deployment;
  if (d.time == TimeBase::kEmulated) return 1;
  return d.wall.carrier == CarrierKind::kShm ? 1 + static_cast<unsigned>(peers_of(d).size()) : 0;
}

int run_assignment(ControlSocket& control, Log& log, bool wall) {
  Result<NodeAssignment> assignment = read_assignment(kAssignmentFd);
  if (!assignment) return fail(log, control, assignment.error());
  close(kAssignmentFd);
  close_range(kChannelFd + inherited_of(*assignment), ~0u, 0);
  Result<PulseBoard> board = PulseBoard::attach(kPulsesFd);
  if (!board) return fail(log, control, board.error());
  Pulse& pulse = board->of(assignment->deployment.id);
  return wall ? run_wall(*assignment, control, log, pulse, static_cast<int>(kChannelFd))
              : run_virtual(*assignment, control, log, pulse);
}

int node_main(int argc, char** argv) {
  report_on_terminate();
  if (argc != 4) {
    message("soliton-node is started by `soliton run`\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != std::atoi(argv[2]))
    return EXIT_SUCCESS;  // the controller died before the line above
  give_up_privileges();
  prctl(PR_SET_NAME, fmt::format("sol:{}", argv[1]).c_str());
  // What a terminal, `timeout` or a scheduler sends to the whole group is the controller's
  // business: it tells its nodes. The controller starts them with these signals blocked, so none is
  // early.
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE, SIGXFSZ}) std::signal(number, SIG_IGN);
  set_check_context(fmt::format("node {}", argv[1]));
  Log log(STDERR_FILENO);
  ControlSocket control(kControlFd);
  try {
    return run_assignment(control, log, std::string(argv[3]) == "wall");
  } catch (...) {
    if (const std::optional<Error> shortage = shortage_of(std::current_exception()))
      return fail(log, control, *shortage);
    return report_uncaught(std::current_exception());
  }
}

}  // namespace
}  // namespace soliton

int main(int argc, char** argv) { return soliton::node_main(argc, argv); }
