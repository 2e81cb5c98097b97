#include "cluster/experiment/point_workers.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

#include "protocol/base/check.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr int kLookMs = 100;
// Left alone whatever points need.
constexpr std::size_t kSpareBytes = std::size_t{256} << 20;

void send_all(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t sent = ::send(to, text.data(), text.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent <= 0) return;  // the other end is gone, which its reader sees
    text.remove_prefix(static_cast<std::size_t>(sent));
  }
}

// A line without its end; nullopt: the other end is gone.
std::optional<std::string> receive_line(int from, std::string& rest) {
  while (true) {
    if (const std::size_t end = rest.find('\n'); end != std::string::npos) {
      std::string line = rest.substr(0, end);
      rest.erase(0, end + 1);
      return line;
    }
    char block[16'384];
    const ssize_t got = ::read(from, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return std::nullopt;
    rest.append(block, static_cast<std::size_t>(got));
  }
}

[[noreturn]] void be_worker(int parent, int socket,
                            const std::function<PointWorkers::Play()>& in_worker) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  {
    const PointWorkers::Play play = in_worker();
    std::string rest;
    while (const std::optional<std::string> line = receive_line(socket, rest)) {
      const Json job = Json::parse(*line);
      send_all(socket, outcome_line(play(job.at("cluster").get<std::string>(),
                                         job.at("set").get<Overrides>())));
    }
  }
  _exit(0);
}

// Of /proc/meminfo or /proc/PID/status, which have kB; 0: not said.
std::size_t kilobytes_in(const std::string& file, const std::string& key) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);)
    if (line.starts_with(key)) return std::strtoull(line.c_str() + key.size(), nullptr, 10);
  return 0;
}

}  // namespace

PointWorkers::PointWorkers(std::size_t count, const std::function<Play()>& in_worker) {
  while (workers_.size() < count && add(in_worker)) {
  }
}

bool PointWorkers::add(const std::function<Play()>& in_worker) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return false;
  const int parent = getpid();
  const pid_t pid = fork();
  if (pid == 0) {
    // The sockets of its siblings, which would not see their end otherwise.
    for (const Worker& other : workers_) close(other.socket);
    close(ends[0]);
    be_worker(parent, ends[1], in_worker);
  }
  close(ends[1]);
  if (pid < 0) {
    close(ends[0]);
    return false;
  }
  workers_.push_back({.pid = pid, .socket = ends[0]});
  return true;
}

PointWorkers::~PointWorkers() {
  for (Worker& worker : workers_) {
    if (worker.number) kill(worker.pid, SIGKILL);
    close(worker.socket);
  }
  for (Worker& worker : workers_) waitpid(worker.pid, nullptr, 0);
}

std::size_t PointWorkers::running() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(workers_, [](const Worker& w) { return w.number.has_value(); }));
}

bool PointWorkers::has_room() const {
  const std::size_t busy = running();
  if (busy == workers_.size()) return false;
  const std::size_t available = 1024 * kilobytes_in("/proc/meminfo", "MemAvailable:");
  return busy == 0 || available == 0 || available > kSpareBytes + largest_bytes_;
}

void PointWorkers::start(std::size_t number, const std::string& cluster,
                         const Overrides& overrides) {
  const auto idle =
      std::ranges::find_if(workers_, [](const Worker& w) { return !w.number.has_value(); });
  SOLITON_CHECK(idle != workers_.end());
  idle->number = number;
  idle->told = false;
  const Json job{{"cluster", cluster}, {"set", overrides}};
  send_all(idle->socket, json_text(job, JsonLayout::kLine) + "\n");
}

PointWorkers::Ended PointWorkers::take(const std::function<int()>& signal) {
  SOLITON_CHECK(running() > 0);
  while (true) {
    if (const int number = signal ? signal() : 0; number != 0)
      for (Worker& worker : workers_)
        if (worker.number && !std::exchange(worker.told, true)) kill(worker.pid, number);
    std::vector<pollfd> all;
    for (const Worker& worker : workers_) all.push_back({worker.socket, POLLIN, 0});
    // Not for ever: a signal may come between the look above and the call.
    if (poll(all.data(), all.size(), kLookMs) <= 0) continue;
    for (std::size_t i = 0; i < all.size(); ++i)
      if (all[i].revents != 0)
        if (std::optional<Ended> ended = receive(workers_[i])) return std::move(*ended);
    std::erase_if(workers_, [](const Worker& w) { return w.pid < 0; });
  }
}

// A part of its line, or the end of the process.
std::optional<PointWorkers::Ended> PointWorkers::receive(Worker& worker) {
  char block[65'536];
  const ssize_t got = ::read(worker.socket, block, sizeof block);
  if (got < 0 && errno == EINTR) return std::nullopt;
  if (got <= 0) {
    const bool played = worker.number.has_value();
    Ended ended = bury(worker);
    if (!played) return std::nullopt;
    std::erase_if(workers_, [](const Worker& w) { return w.pid < 0; });
    return ended;
  }
  worker.text.append(block, static_cast<std::size_t>(got));
  if (!worker.text.ends_with('\n') || !worker.number) return std::nullopt;
  const std::string status = fmt::format("/proc/{}/status", worker.pid);
  largest_bytes_ = std::max(largest_bytes_, 1024 * kilobytes_in(status, "VmHWM:"));
  Ended out{*worker.number, parse_outcome(worker.text)};
  worker.number.reset();
  worker.text.clear();
  return out;
}

PointWorkers::Ended PointWorkers::bury(Worker& worker) {
  close(worker.socket);
  int status = 0;
  waitpid(worker.pid, &status, 0);
  const std::string how = WIFSIGNALED(status) ? fmt::format("signal {} ({})", WTERMSIG(status),
                                                            strsignal(WTERMSIG(status)))
                                              : fmt::format("status {}", WEXITSTATUS(status));
  Diagnostics why;
  why.add(ErrorCode::kBroken, "the process that played this point ended with " + how);
  Ended out{worker.number.value_or(0), tl::unexpected<Diagnostics>(std::move(why))};
  worker.pid = -1;
  return out;
}

}  // namespace soliton
