#include "cluster/engine/fleet.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>

namespace soliton {
namespace {

using Milliseconds = std::chrono::milliseconds;
// Per node in this process: channel, control socket and process handle. The short-lived descriptors
// of start_one() are among the others.
constexpr std::size_t kDescriptorsPerNode = 3;
constexpr std::size_t kDescriptorsElse = 64;
constexpr Milliseconds kWatchEvery{250};
// From the end of a node's socket until its process can be reaped.
constexpr int kReapMilliseconds = 200;

// "State" and "TracerPid" of /proc/PID/status, or "".
std::string status_field(pid_t pid, const std::string& field) {
  std::ifstream file(fmt::format("/proc/{}/status", pid));
  for (std::string line; std::getline(file, line);)
    if (line.starts_with(field + ":")) {
      const std::size_t value = line.find_first_not_of(" \t", field.size() + 1);
      return value == std::string::npos ? "" : line.substr(value);
    }
  return "";
}

bool is_debugged(pid_t pid) {
  const std::string tracer = status_field(pid, "TracerPid");
  return !tracer.empty() && tracer != "0";
}

}  // namespace

Fleet::Fleet(ControlLoop& loop, FleetOptions options)
    : loop_(loop), options_(std::move(options)), children_(loop.context()) {}

Fleet::~Fleet() { kill(); }

Descriptor Fleet::open_log(const std::string& name) const {
  if (options_.logs.open) return Descriptor(options_.logs.open(name));
  return Descriptor(open("/dev/null", O_WRONLY | O_CLOEXEC));
}

std::string Fleet::last_log_lines(const std::string& name) const {
  return options_.logs.last_lines ? options_.logs.last_lines(name) : "";
}

// Descriptors are checked before the first process starts, so that a launch does not fail half-way
// for lack of them.
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
          "open files: {} nodes need {} descriptors, but the limit is {}; raise it (ulimit -n) or "
          "use --processes packed",
          nodes, needed, files.rlim_max));
}

Status Fleet::start(const std::vector<NodeAssignment>& assignments,
                    const std::vector<std::vector<int>>& inherited) {
  // Order matters: SIGCHLD is watched before the first child exists, reports only after all exist
  // (nodes_ no longer grows), and silence is measured from now on.
  if (const Status enough = check_limits(assignments.size()); !enough) return enough;
  Result<PulseBoard> pulses = PulseBoard::create(assignments.size());
  if (!pulses) return tl::unexpected<Error>(pulses.error());
  pulses_ = std::move(*pulses);
  loop_.call([this] {
    children_.add(SIGCHLD);
    await_children();
  });
  for (std::size_t i = 0; i < assignments.size(); ++i) {
    const Status started =
        start_one(assignments[i], i < inherited.size() ? inherited[i] : std::vector<int>{});
    if (!started) {
      kill();
      return started;
    }
    unfinished_ += assignments[i].deployment.role.takes_part();
  }
  started_ = true;
  loop_.call([this] {
    for (const auto& node : nodes_) await_reports(*node);
  });
  watched_ = loop_.running_time();
  watcher_.emplace(loop_, kWatchEvery, [this] { watch(); });
  return {};
}

Status Fleet::start_one(const NodeAssignment& assignment, const std::vector<int>& more) {
  const Deployment& deployment = assignment.deployment;
  Result<std::pair<Descriptor, Descriptor>> sockets = socket_pair();
  if (!sockets) return tl::unexpected<Error>(sockets.error());
  Result<int> shard = write_assignment(assignment);
  if (!shard) return tl::unexpected<Error>(shard.error());
  const Descriptor shard_file(*shard);
  const Descriptor log = open_log(deployment.node);
  if (!log)
    return soliton::failure(ErrorCode::kNotWritten,
                            fmt::format("cannot write the log of {}", deployment.node));
  std::vector<int> inherited{sockets->second.get(), shard_file.get(), pulses_->descriptor()};
  inherited.insert(inherited.end(), more.begin(), more.end());
  Result<ChildProcess> process =
      ChildProcess::start(options_.node_program,
                          {deployment.node, std::to_string(getpid()),
                           deployment.time == TimeBase::kEmulated ? "virtual" : "wall"},
                          inherited, log.get(), node_environment());
  if (!process) return tl::unexpected<Error>(process.error());
  auto node = std::make_unique<NodeState>(loop_.context());
  node->name = deployment.node;
  node->socket.assign(sockets->first.release());
  node->control = std::make_unique<ControlSocket>(node->socket.native_handle());
  node->process = std::move(*process);
  node->pulse = &pulses_->of(deployment.id);
  const std::lock_guard lock(mutex_);
  nodes_.push_back(std::move(node));
  return {};
}

void Fleet::await_reports(NodeState& node) {
  node.socket.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                         [this, &node](const boost::system::error_code& error) {
                           if (error) return;
                           std::vector<Report> reports;
                           const bool open = node.control->take_reports(reports);
                           for (Report& report : reports) take(node, std::move(report));
                           if (open)
                             await_reports(node);
                           else
                             mark_closed(node);
                         });
}

void Fleet::await_children() {
  children_.async_wait([this](const boost::system::error_code& error, int) {
    if (error) return;
    note_stops();
    await_children();
  });
}

// Takes stops and continuations only; ended processes are reaped through ChildProcess.
void Fleet::note_stops() {
  const std::lock_guard lock(mutex_);
  siginfo_t info{};
  while (waitid(P_ALL, 0, &info, WSTOPPED | WCONTINUED | WNOHANG) == 0 && info.si_pid != 0) {
    for (const auto& node : nodes_)
      if (node->process->pid() == info.si_pid) node->stopped = info.si_code == CLD_STOPPED;
    info.si_pid = 0;
  }
}

void Fleet::watch() {
  const Milliseconds now = loop_.running_time();
  const Milliseconds passed = now - std::exchange(watched_, now);
  if (stopping_) return;
  const std::lock_guard lock(mutex_);
  for (const auto& node : nodes_)
    if (node->ready && !node->closed) watch_node(*node, passed);
}

// A node is silent if it is stopped, or has work but makes no progress.
void Fleet::watch_node(NodeState& node, Milliseconds passed) {
  const std::uint64_t beats = node.pulse->beats.load(std::memory_order_relaxed);
  const bool idle = node.pulse->idle.load(std::memory_order_relaxed) != 0;
  const bool moved = std::exchange(node.beats, beats) != beats;
  const bool silent = node.stopped || (!idle && !moved);
  node.silent = silent ? node.silent + passed : Milliseconds{0};
  if (node.silent < options_.silence) return;
  const pid_t pid = node.process->pid();
  // A node that stands at a breakpoint is silent on purpose.
  if (is_debugged(pid)) return;
  const std::string limit =
      fmt::format("{} s (limits.silence)", static_cast<double>(options_.silence.count()) / 1000);
  fail(node,
       {ErrorCode::kNoProgress,
        node.stopped
            ? fmt::format("{} (process {}) has been stopped by a signal for {}", node.name, pid,
                          limit)
            : fmt::format("{} (process {}) has work and has done nothing for {}; its state is {}{}",
                          node.name, pid, limit, status_field(pid, "State"),
                          last_log_lines(node.name))});
}

void Fleet::take(NodeState& node, Report report) {
  const std::lock_guard lock(mutex_);
  if (const Ready* ready = std::get_if<Ready>(&report)) {
    node.ready = true;
    node.port = ready->port;
    node.confined = ready->confined;
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
    fail(node, {error->code, fmt::format("{}: {}", node.name, error->message)});
  }
  changed_.notify_all();
}

// The first failure becomes the run's error. REQUIRES: mutex_ is held.
void Fleet::fail(NodeState& node, Error error) {
  node.failed = true;
  if (!failure_) failure_ = std::move(error);
  failed_ = true;
  changed_.notify_all();
}

void Fleet::mark_closed(NodeState& node) {
  const std::lock_guard lock(mutex_);
  node.closed = true;
  if (!node.stats && !stopping_ && !node.failed) {
    // The socket closes shortly before the process can be reaped; wait so that the message can name
    // the signal or exit status.
    const std::optional<ProcessEnd> end = node.process->wait(kReapMilliseconds);
    fail(node, {ErrorCode::kBroken,
                fmt::format("{} (process {}) ended by {}{}", node.name, node.process->pid(),
                            end ? end->text() : "closing its control socket",
                            last_log_lines(node.name))});
  }
  changed_.notify_all();
}

Status Fleet::wait_ready() {
  const Milliseconds limit = loop_.running_time() + options_.ready;
  std::unique_lock lock(mutex_);
  const auto all_ready = [this] {
    return std::all_of(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->ready; });
  };
  while (!all_ready() && !failed_ && loop_.signal() == 0 && loop_.running_time() < limit)
    // Short waits, because signals and running time do not notify `changed_`.
    changed_.wait_for(lock, Milliseconds(50));
  if (failed_) return tl::unexpected<Error>(*failure_);
  if (all_ready() || loop_.signal() != 0) return {};
  std::string missing;
  for (const auto& node : nodes_)
    if (!node->ready)
      missing += fmt::format("{}{} (process {}{})", missing.empty() ? "" : ", ", node->name,
                             node->process->pid(), node->stopped ? ", stopped by a signal" : "");
  return soliton::failure(ErrorCode::kNoProgress,
                          fmt::format("not ready after {} s: {}",
                                      static_cast<double>(options_.ready.count()) / 1000, missing));
}

void Fleet::send_start(std::int64_t start_ns) {
  StartCommand start;
  start.start_ns = start_ns;
  for (const auto& node : nodes_) start.ports.push_back(node->port);
  // A failed send needs no handling: a node that died is noticed by its closed socket.
  for (const auto& node : nodes_) static_cast<void>(node->control->send(Command{start}));
}

bool Fleet::wait_all_closed(Milliseconds most) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, most, [this] {
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
  // A stopped node could neither read the command nor report.
  signal_all(SIGCONT);
  for (const auto& node : nodes_) static_cast<void>(node->control->send(Command{StopCommand{}}));
  wait_all_closed(options_.drain);
  // A node that closed its socket is about to end; the others are killed below.
  for (const auto& node : nodes_)
    if (is_closed(*node)) node->process->wait(1000);
  kill();
}

void Fleet::kill() {
  stopping_ = true;
  watcher_.reset();
  loop_.call([this] {
    children_.cancel();
    children_.clear();
    for (const auto& node : nodes_) node->socket.cancel();
  });
  // Cancelled handlers still run once, and refer to the nodes.
  loop_.call([] {});  // what was cancelled has run by then
  signal_all(SIGKILL);
  for (const auto& node : nodes_) node->process->wait(-1);
}

std::optional<Error> Fleet::failure() const {
  const std::lock_guard lock(mutex_);
  return failure_;
}

bool Fleet::node_failed(std::size_t node) const {
  const std::lock_guard lock(mutex_);
  return nodes_[node]->failed;
}

std::optional<bool> Fleet::confined() const {
  const std::lock_guard lock(mutex_);
  std::optional<bool> all;
  for (const auto& node : nodes_)
    if (node->ready) all = all.value_or(true) && node->confined;
  return all;
}

std::size_t Fleet::nodes_lost() const {
  const std::lock_guard lock(mutex_);
  return static_cast<std::size_t>(
      std::count_if(nodes_.begin(), nodes_.end(), [](const auto& node) { return node->failed; }));
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

void Fleet::wait_change(Milliseconds most) {
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, most);
}

}  // namespace soliton
