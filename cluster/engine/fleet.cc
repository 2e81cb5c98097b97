#include "cluster/engine/fleet.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <fstream>

namespace soliton {
namespace {

using Milliseconds = std::chrono::milliseconds;
// In this process: channel, control socket, process handle, and what start_one() holds for a
// moment.
constexpr std::size_t kDescriptorsPerNode = 3;
constexpr std::size_t kDescriptorsElse = 64;
constexpr std::size_t kLogTail = 10;  // lines of a dead node's log that are shown

}  // namespace

Fleet::Fleet(FleetOptions options) : options_(std::move(options)), wake_(eventfd(0, EFD_CLOEXEC)) {}

Fleet::~Fleet() { kill(); }

Descriptor Fleet::open_log(const std::string& name) const {
  const std::string path =
      options_.log_folder.empty() ? "/dev/null" : options_.log_folder + "/" + name + ".log";
  return Descriptor(open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
}

std::string Fleet::last_log_lines(const std::string& name) const {
  std::ifstream log(options_.log_folder + "/" + name + ".log");
  std::deque<std::string> tail;
  for (std::string line; std::getline(log, line);) {
    tail.push_back(line);
    if (tail.size() > kLogTail) tail.pop_front();
  }
  std::string out;
  for (const std::string& line : tail) out += "\n    " + line;
  return out;
}

// Descriptors are checked before the first process starts, so that a cluster is never half launched
// for want of them.
Status Fleet::check_limits(std::size_t nodes) {
  rlimit files{};
  getrlimit(RLIMIT_NOFILE, &files);
  const std::size_t needed = nodes * kDescriptorsPerNode + kDescriptorsElse;
  if (files.rlim_cur < needed) {
    files.rlim_cur = std::min<rlim_t>(needed, files.rlim_max);
    setrlimit(RLIMIT_NOFILE, &files);
  }
  if (files.rlim_cur >= needed) return {};
  return soliton::failure(
      ErrorCode::kEnvironment,
      fmt::format(
          "open files: {} nodes need {} descriptors, the limit is {}; raise it (ulimit -n) or "
          "use --processes packed",
          nodes, needed, files.rlim_max));
}

Status Fleet::start(const std::vector<NodeAssignment>& assignments,
                    const std::vector<std::vector<int>>& inherited) {
  if (const Status enough = check_limits(assignments.size()); !enough) return enough;
  for (std::size_t i = 0; i < assignments.size(); ++i) {
    const Status started =
        start_one(assignments[i], i < inherited.size() ? inherited[i] : std::vector<int>{});
    if (!started) {
      kill();
      return started;
    }
    unfinished_ += assignments[i].deployment.host || assignments[i].deployment.traffic;
  }
  started_ = true;
  reader_ = std::thread([this] { read_loop(); });
  return {};
}

Status Fleet::start_one(const NodeAssignment& assignment, const std::vector<int>& more) {
  Result<std::pair<Descriptor, Descriptor>> sockets = socket_pair();
  if (!sockets) return tl::unexpected<Error>(sockets.error());
  Result<int> shard = write_assignment(assignment);
  if (!shard) return tl::unexpected<Error>(shard.error());
  const Descriptor shard_file(*shard);
  const Descriptor log = open_log(assignment.deployment.node);
  if (!log)
    return soliton::failure(
        ErrorCode::kEnvironment,
        fmt::format("cannot write {}/{}.log", options_.log_folder, assignment.deployment.node));
  std::vector<int> inherited{sockets->second.get(), shard_file.get()};
  inherited.insert(inherited.end(), more.begin(), more.end());
  Result<ChildProcess> process =
      ChildProcess::start(options_.node_program,
                          {assignment.deployment.node, std::to_string(getpid()),
                           assignment.deployment.time == TimeBase::kEmulated ? "virtual" : "wall"},
                          inherited, log.get());
  if (!process) return tl::unexpected<Error>(process.error());
  auto node = std::make_unique<NodeState>();
  node->name = assignment.deployment.node;
  node->socket = std::move(sockets->first);
  node->control = std::make_unique<ControlSocket>(node->socket.get());
  node->process = std::move(*process);
  nodes_.push_back(std::move(node));
  return {};
}

void Fleet::read_loop() {
  std::vector<pollfd> watched;
  for (;;) {
    watched.clear();
    watched.push_back({wake_.get(), POLLIN, 0});
    std::vector<NodeState*> open;
    {
      const std::lock_guard lock(mutex_);
      for (const auto& node : nodes_) {
        if (node->closed) continue;
        watched.push_back({node->socket.get(), POLLIN, 0});
        open.push_back(node.get());
      }
    }
    if (::poll(watched.data(), watched.size(), -1) < 0) continue;
    if (watched[0].revents != 0 || open.empty()) return;
    for (std::size_t i = 0; i < open.size(); ++i) {
      if (watched[i + 1].revents == 0) continue;
      if (std::optional<Report> report = open[i]->control->receive_report())
        take(*open[i], std::move(*report));
      else
        mark_closed(*open[i]);
    }
  }
}

void Fleet::take(NodeState& node, Report report) {
  const std::lock_guard lock(mutex_);
  if (const Ready* ready = std::get_if<Ready>(&report)) {
    node.ready = true;
    node.port = ready->port;
  } else if (auto* records = std::get_if<std::vector<HostRecord>>(&report)) {
    std::move(records->begin(), records->end(), std::back_inserter(records_));
  } else if (auto* traffic = std::get_if<std::vector<TrafficRecord>>(&report)) {
    traffic_.insert(traffic_.end(), traffic->begin(), traffic->end());
  } else if (std::get_if<Finished>(&report)) {
    --unfinished_;
  } else if (std::get_if<GaveUp>(&report)) {
    gave_up_ = true;
  } else if (auto* stats = std::get_if<NodeStats>(&report)) {
    node.stats = std::move(*stats);
  } else if (const Error* error = std::get_if<Error>(&report)) {
    node.failed = true;
    if (!failure_) failure_ = Error{error->code, fmt::format("{}: {}", node.name, error->message)};
    failed_ = true;
  }
  changed_.notify_all();
}

void Fleet::mark_closed(NodeState& node) {
  const std::lock_guard lock(mutex_);
  node.closed = true;
  if (!node.stats && !stopping_) {
    node.failed = true;
    const std::optional<ProcessEnd> end = node.process->wait(1000);
    if (!failure_)
      failure_ = Error{
          ErrorCode::kBroken,
          fmt::format("{} (process {}) ended by {}{}", node.name, node.process->pid(),
                      end ? end->text() : "closing its control socket", last_log_lines(node.name))};
    failed_ = true;
  }
  changed_.notify_all();
}

Status Fleet::wait_ready(const std::atomic<int>& signal) {
  const auto limit = std::chrono::steady_clock::now() + Milliseconds(options_.ready_milliseconds);
  std::unique_lock lock(mutex_);
  const auto all_ready = [this] {
    return std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->ready; });
  };
  while (!all_ready() && !failed_ && signal == 0 && std::chrono::steady_clock::now() < limit)
    changed_.wait_for(lock, Milliseconds(50));
  if (failed_) return tl::unexpected<Error>(*failure_);
  if (all_ready() || signal != 0) return {};
  std::string missing;
  for (const auto& node : nodes_)
    if (!node->ready) missing += (missing.empty() ? "" : ", ") + node->name;
  return soliton::failure(
      ErrorCode::kNoProgress,
      fmt::format("not ready after {} s: {}", options_.ready_milliseconds / 1000, missing));
}

void Fleet::send_start(std::int64_t start_ns) {
  StartCommand start;
  start.start_ns = start_ns;
  for (const auto& node : nodes_) start.ports.push_back(node->port);
  // A node that died in the meantime is found by its closed socket.
  for (const auto& node : nodes_) static_cast<void>(node->control->send(Command{start}));
}

bool Fleet::wait_all_closed(int milliseconds) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, Milliseconds(milliseconds), [this] {
    return std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->closed; });
  });
}

void Fleet::signal_all(int number) {
  const std::lock_guard lock(mutex_);
  for (const auto& node : nodes_) node->process->signal(number);
}

bool Fleet::is_closed(const NodeState& node) const {
  const std::lock_guard lock(mutex_);
  return node.closed;
}

void Fleet::stop() {
  stopping_ = true;
  signal_all(SIGCONT);
  for (const auto& node : nodes_) static_cast<void>(node->control->send(Command{StopCommand{}}));
  if (!wait_all_closed(options_.drain_milliseconds)) {
    signal_all(SIGTERM);
    wait_all_closed(options_.term_milliseconds);
  }
  // What closed its socket is on its way out; the rest is killed below.
  for (const auto& node : nodes_)
    if (is_closed(*node)) node->process->wait(1000);
  kill();
}

void Fleet::kill() {
  stopping_ = true;
  if (reader_.joinable()) {
    const std::uint64_t one = 1;
    static_cast<void>(!::write(wake_.get(), &one, sizeof one));
    signal_all(SIGKILL);
    reader_.join();
  }
  const std::lock_guard lock(mutex_);
  for (const auto& node : nodes_) {
    if (!node->process) continue;
    node->process->signal(SIGKILL);
    node->process->wait(-1);
  }
}

std::optional<Error> Fleet::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool Fleet::node_failed(std::size_t node) const {
  const std::lock_guard lock(mutex_);
  return nodes_[node]->failed;
}

std::vector<HostRecord> Fleet::take_records() {
  const std::lock_guard lock(mutex_);
  return std::exchange(records_, {});
}

std::vector<TrafficRecord> Fleet::take_traffic() {
  const std::lock_guard lock(mutex_);
  return std::exchange(traffic_, {});
}

std::optional<NodeStats> Fleet::stats(std::size_t node) const {
  const std::lock_guard lock(mutex_);
  return nodes_[node]->stats;
}

std::vector<pid_t> Fleet::pids() const {
  std::vector<pid_t> out;
  for (const auto& node : nodes_) out.push_back(node->process->pid());
  return out;
}

void Fleet::wait_change(int milliseconds) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, Milliseconds(milliseconds));
}

}  // namespace soliton
