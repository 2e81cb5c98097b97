// soliton-node: one emulated FPGA, or the host, in a process of its own. Started by the controller
// only.
//   soliton-node NAME PARENT_PID virtual|wall      descriptors: 3 control socket, 4 assignment, 5
//   channel (virtual)
#include <fmt/format.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <string>
#include <thread>

#include "fabric/shm/serve.h"
#include "node/runtime/deployment_codec.h"
#include "node/runtime/reports.h"
#include "node/runtime/wall_driver.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr int kControlFd = 3;
constexpr int kAssignmentFd = 4;
constexpr int kChannelFd = 5;
constexpr unsigned kFirstForeignFd = 6;
constexpr std::size_t kRecordBatch = 64;  // requests handed on together

// Hands finished requests on in batches; the rest at the end.
class RecordReporter {
 public:
  RecordReporter(Node& node, ControlSocket& control) : node_(node), control_(control) {}

  void flush(std::size_t at_least) {
    HostRole* host = node_.host();
    if (!host) return;
    for (HostRecord& record : host->take_records()) batch_.push_back(std::move(record));
    if (batch_.size() >= at_least && !batch_.empty())
      static_cast<void>(control_.send(Report{std::exchange(batch_, {})}));
  }
  bool finished() const { return node_.host() && node_.host()->finished(); }

 private:
  Node& node_;
  ControlSocket& control_;
  std::vector<HostRecord> batch_;
};

// The node as the hub's loop sees it; requests are handed on whenever its output has been drained.
class ReportingNode : public Machine {
 public:
  ReportingNode(Node& node, RecordReporter& reporter) : node_(node), reporter_(reporter) {}
  void on_input(Datagram datagram, Instant now) override {
    node_.on_input(std::move(datagram), now);
  }
  std::optional<Datagram> poll_output(Instant now) override {
    last_ = now;
    std::optional<Datagram> datagram = node_.poll_output(now);
    if (!datagram) reporter_.flush(kRecordBatch);
    return datagram;
  }
  Instant next_deadline() const override { return node_.next_deadline(); }
  void on_deadline(Instant now) override { node_.on_deadline(now); }
  Instant last() const { return last_; }

 private:
  Node& node_;
  RecordReporter& reporter_;
  Instant last_{};
};

// The node's log: what it was, and what it did. Times are run time.
void log_ready(const NodeAssignment& assignment, const std::string& how) {
  const Deployment& d = assignment.deployment;
  fmt::print(stderr, "{}: ready as process {}, {}, {}\n", d.node, getpid(),
             d.shard  ? "NPU"
             : d.host ? "host"
                      : "idle",
             how);
}

void log_end(const NodeAssignment& assignment, const NodeStats& stats, Instant now) {
  fmt::print(
      stderr,
      "{}: ended at {}: {} requests served, {} sent, {} packets, {} retransmitted, {} timeouts\n",
      assignment.deployment.node, to_string(now - kRunStart), stats.npu.requests, stats.sent,
      stats.ltl.packets_sent, stats.ltl.retransmitted, stats.ltl.timeouts);
  for (const std::string& line : stats.outstanding) fmt::print(stderr, "  open: {}\n", line);
}

int fail(ControlSocket& control, const Error& error) {
  fmt::print(stderr, "{}\n", error.message);
  static_cast<void>(control.send(Report{error}));
  return exit_status(error.code);
}

int run_virtual(NodeAssignment& assignment, ControlSocket& control) {
  Result<Channel> channel = Channel::attach(kChannelFd);
  if (!channel) return fail(control, channel.error());
  Node node(assignment.deployment);
  log_ready(assignment, "virtual time");
  static_cast<void>(control.send(Report{Ready{}}));
  // The start command carries nothing here; its arrival, or the end of the controller, is all that
  // matters.
  if (!control.receive_command()) return EXIT_SUCCESS;
  node.start(kRunStart);
  RecordReporter reporter(node, control);
  ReportingNode machine(node, reporter);
  WaitOptions wait;
  wait.slice = Duration{};
  const Status served = serve_channel(*channel, machine, assignment.deployment.id, wait);
  if (!served) return fail(control, served.error());
  reporter.flush(0);
  const NodeStats stats = stats_of(node, machine.last());
  log_end(assignment, stats, machine.last());
  static_cast<void>(control.send(Report{stats}));
  return EXIT_SUCCESS;
}

std::vector<NodeStats::RuleHits> hits_of(const FaultInterceptor& interceptor) {
  std::vector<NodeStats::RuleHits> out;
  for (const FaultCounters& counters : interceptor.counters())
    out.push_back({counters.dropped, counters.delayed});
  return out;
}

// Everything of a node in wall time; the second thread only turns commands into the end of the
// loop.
int run_wall(NodeAssignment& assignment, ControlSocket& control) {
  boost::asio::io_context context(1);
  Result<std::unique_ptr<UdpLink>> socket = UdpLink::open(context);
  if (!socket) return fail(control, socket.error());
  Node node(assignment.deployment);
  log_ready(assignment, fmt::format("wall time, UDP port {}", (*socket)->port()));
  static_cast<void>(control.send(Report{Ready{(*socket)->port()}}));
  const std::optional<Command> command = control.receive_command();
  const StartCommand* start = command ? std::get_if<StartCommand>(&*command) : nullptr;
  if (!start) return EXIT_SUCCESS;
  (*socket)->set_peers(assignment.deployment.id, start->ports);
  FaultInterceptor interceptor(**socket, assignment.faults.plan, assignment.faults.routes);
  Link& link = assignment.faults.plan.rules.empty() ? static_cast<Link&>(**socket) : interceptor;
  RecordReporter reporter(node, control);
  bool told = false;
  WallDriver driver(context, **socket, link, node, start->start_ns, [&] {
    reporter.flush(reporter.finished() ? 0 : kRecordBatch);
    if (reporter.finished() && !std::exchange(told, true))
      static_cast<void>(control.send(Report{Finished{}}));
  });
  node.start(kRunStart);
  std::thread commands([&] {
    if (!control.receive_command()) std::_Exit(EXIT_SUCCESS);  // the controller is gone
    context.stop();
  });
  driver.run();
  commands.join();
  reporter.flush(0);
  NodeStats stats = stats_of(node, driver.now());
  stats.faults = hits_of(interceptor);
  log_end(assignment, stats, driver.now());
  static_cast<void>(control.send(Report{stats}));
  return EXIT_SUCCESS;
}

int node_main(int argc, char** argv) {
  if (argc != 4) {
    fmt::print(stderr, "soliton-node is started by `soliton run`\n");
    return 2;
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != std::atoi(argv[2]))
    return EXIT_SUCCESS;  // the controller died before the line above
  prctl(PR_SET_NAME, fmt::format("sol:{}", argv[1]).c_str());
  close_range(kFirstForeignFd, ~0u, 0);
  std::signal(SIGINT, SIG_IGN);  // the terminal's Ctrl-C is the controller's business
  std::signal(SIGHUP, SIG_IGN);
  std::signal(SIGPIPE, SIG_IGN);
  set_check_context(fmt::format("node {}", argv[1]));
  ControlSocket control(kControlFd);
  Result<NodeAssignment> assignment = read_assignment(kAssignmentFd);
  if (!assignment) return fail(control, assignment.error());
  close(kAssignmentFd);
  return std::string(argv[3]) == "wall" ? run_wall(*assignment, control)
                                        : run_virtual(*assignment, control);
}

}  // namespace
}  // namespace soliton

int main(int argc, char** argv) { return soliton::node_main(argc, argv); }
