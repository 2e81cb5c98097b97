// Owns the node processes of one run on this machine: starts them, takes their reports, watches and
// stops them, and leaves none behind.
//
// Their reports, ends and stops arrive on the control loop's thread; the thread that made the fleet
// starts and stops the processes, because the parent-death signal follows the thread that forked.
#pragma once

#include <algorithm>
#include <atomic>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/engine/control_loop.h"
#include "cluster/engine/process.h"
#include "fabric/shm/pulse_board.h"
#include "node/runtime/deployment_codec.h"
#include "node/runtime/reports.h"

namespace soliton {

// Access to the nodes' logs.
struct NodeLogs {
  // Returns a descriptor to append to, which the caller owns, or -1 if the log cannot be written.
  // If no function is set, logs go to /dev/null.
  std::function<int(const std::string& node)> open;
  // Returns the last lines of a failed node's log, or "". May be unset.
  std::function<std::string(const std::string& node)> last_lines;
};

struct FleetOptions {
  std::string node_program;  // path of soliton-node
  NodeLogs logs;
  // Nodes that are not ready by then fail the run, which names them. In running time of this
  // process (ControlLoop).
  std::chrono::milliseconds ready{10'000};
  // A node that is stopped, or has work but makes no progress, fails the run after this long.
  std::chrono::milliseconds silence{10'000};
  std::chrono::milliseconds drain{5'000};  // from the order to end until nodes are killed
};

class Fleet {
 public:
  Fleet(ControlLoop& loop, FleetOptions options);
  // Kills and reaps whatever still runs.
  ~Fleet();

  // Checks that this process may open the descriptors that `nodes` nodes need, and raises the soft
  // limit if necessary. kEnvironment if it cannot.
  static Status check_limits(std::size_t nodes);
  // Starts one process per assignment. Node i inherits the descriptors `inherited[i]` (which may be
  // absent) after those that all nodes have. On failure no process is left.
  Status start(const std::vector<NodeAssignment>& assignments,
               const std::vector<std::vector<int>>& inherited);
  // Waits until all nodes are ready. kNoProgress names those that are not in time; kBroken if one
  // died. Returns early if a signal asks for the end.
  Status wait_ready();
  void send_start(std::int64_t start_ns);
  // Asks all nodes for statistics and to end, and kills those that do not. Afterwards no process is
  // left.
  void stop();
  // Limits the drain of an interrupted run, for whose end somebody is waiting.
  void shorten_drain(std::chrono::milliseconds most) {
    options_.drain = std::min(options_.drain, most);
  }
  // Ends everything now.
  void kill();

  // The first node that ended or failed unasked: "fpga2 ended by signal 9 (Killed)", with its last
  // log lines.
  std::optional<Error> failure() const;
  bool failed() const { return failed_; }
  bool node_failed(std::size_t node) const;
  std::size_t nodes_lost() const;
  // Whether all nodes that became ready are behind a filter of system calls; unset: none is ready.
  std::optional<bool> confined() const;
  // Whether every node with a part in the workload has finished it.
  bool workload_finished() const { return started_ && unfinished_ == 0; }
  // Whether a node has lost a peer.
  bool gave_up() const { return gave_up_; }
  std::vector<HostRecord> take_records();
  std::vector<TrafficRecord> take_traffic();
  std::optional<NodeStats> stats(std::size_t node) const;
  std::size_t size() const { return nodes_.size(); }
  std::vector<pid_t> pids() const;
  // Blocks until something changes or `most` has passed.
  void wait_change(std::chrono::milliseconds most);

 private:
  struct NodeState {
    explicit NodeState(boost::asio::io_context& context) : socket(context) {}
    std::string name;
    boost::asio::posix::stream_descriptor socket;
    std::unique_ptr<ControlSocket> control;
    std::optional<ChildProcess> process;
    Pulse* pulse = nullptr;
    bool ready = false;
    bool confined = false;
    std::uint16_t port = 0;
    bool closed = false;   // end of file on its socket
    bool stopped = false;  // by a signal, as the kernel reports
    bool failed = false;
    std::optional<NodeStats> stats;
    std::uint64_t beats = 0;  // its counter at the last look
    std::chrono::milliseconds silent{};
  };

  Status start_one(const NodeAssignment& assignment, const std::vector<int>& inherited);
  Descriptor open_log(const std::string& name) const;
  std::string last_log_lines(const std::string& name) const;
  void signal_all(int number);
  bool is_closed(const NodeState& node) const;
  bool wait_all_closed(std::chrono::milliseconds most);
  // On the loop's thread.
  void await_reports(NodeState& node);
  void await_children();
  void note_stops();
  void watch();
  void watch_node(NodeState& node, std::chrono::milliseconds passed);
  void take(NodeState& node, Report report);
  void mark_closed(NodeState& node);
  void fail(NodeState& node, Error error);

  ControlLoop& loop_;
  FleetOptions options_;
  std::optional<PulseBoard> pulses_;
  std::vector<std::unique_ptr<NodeState>> nodes_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<HostRecord> records_;
  std::vector<TrafficRecord> traffic_;
  std::optional<Error> failure_;
  std::atomic<bool> failed_{false};
  std::atomic<bool> started_{false};
  std::atomic<bool> gave_up_{false};
  std::atomic<int> unfinished_{0};  // nodes with a part in the workload that still work on it
  std::atomic<bool> stopping_{false};
  boost::asio::signal_set children_;
  std::chrono::milliseconds watched_{};  // running time of the last look at the pulses
  std::optional<ControlLoop::Repeating> watcher_;
};

}  // namespace soliton
