// The node processes of one run on this machine: started, listened to, stopped, and none of them
// left behind.
//
// One thread reads all control sockets; the thread that made the fleet starts and stops the
// processes, because the parent-death signal follows the thread that forked.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cluster/engine/process.h"
#include "node/runtime/deployment_codec.h"
#include "node/runtime/reports.h"

namespace soliton {

struct FleetOptions {
  std::string node_program;         // path of soliton-node
  std::string log_folder;           // a file a node; "": /dev/null
  int ready_milliseconds = 10'000;  // then the run fails, naming who is missing
  int drain_milliseconds = 2'000;   // from Stop to TERM
  int term_milliseconds = 3'000;    // from TERM to KILL
};

class Fleet {
 public:
  explicit Fleet(FleetOptions options);
  // Kills and reaps whatever still runs.
  ~Fleet();

  // Whether this process may open what `nodes` nodes need; raises the soft limit when it can.
  // kEnvironment.
  static Status check_limits(std::size_t nodes);
  // Starts one process an assignment. `inherited[i]` (may be missing) are handed to node i from
  // descriptor 5 on. On
  // failure nothing is left.
  Status start(const std::vector<NodeAssignment>& assignments,
               const std::vector<std::vector<int>>& inherited);
  // kNoProgress naming the nodes that did not come; kBroken if one died.
  Status wait_ready(const std::atomic<int>& signal);
  void send_start(std::int64_t start_ns);
  // Asks for statistics and an end; escalates. Afterwards every process is gone.
  void stop();
  // Ends everything now.
  void kill();

  // A node that ended or failed though nobody asked: "fpga2 ended by signal 9 (Killed)", with its
  // last log lines.
  std::optional<Error> failure() const;
  bool failed() const { return failed_; }
  bool node_failed(std::size_t node) const;
  // Every node that has a part in the workload has done it.
  bool workload_finished() const { return started_ && unfinished_ == 0; }
  // A node has lost a peer.
  bool gave_up() const { return gave_up_; }
  std::vector<HostRecord> take_records();
  std::vector<TrafficRecord> take_traffic();
  std::optional<NodeStats> stats(std::size_t node) const;
  std::size_t size() const { return nodes_.size(); }
  std::vector<pid_t> pids() const;
  // Blocks until something changed or the time is over.
  void wait_change(int milliseconds);

 private:
  struct NodeState {
    std::string name;
    std::unique_ptr<ControlSocket> control;
    Descriptor socket;
    std::optional<ChildProcess> process;
    bool ready = false;
    std::uint16_t port = 0;
    bool closed = false;  // end of file on its socket
    bool failed = false;
    std::optional<NodeStats> stats;
  };

  Status start_one(const NodeAssignment& assignment, const std::vector<int>& inherited);
  Descriptor open_log(const std::string& name) const;
  std::string last_log_lines(const std::string& name) const;
  void signal_all(int number);
  bool is_closed(const NodeState& node) const;
  void read_loop();
  void take(NodeState& node, Report report);
  void mark_closed(NodeState& node);
  bool wait_all_closed(int milliseconds);

  FleetOptions options_;
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
  Descriptor wake_;  // eventfd that ends the reading thread
  std::thread reader_;
};

}  // namespace soliton
