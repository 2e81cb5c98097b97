#include "cluster/engine/process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <string_view>
#include <utility>

namespace soliton {
namespace {

constexpr int kFirstInherited = 3;
// All that is passed on to nodes. The rest of an environment says nothing to them, and may hold what
// is nobody's business, like passwords.
constexpr std::string_view kPassedOn[] = {
    "SOLITON_LOG",    "SOLITON_DEBUG_NODES",  // how it logs, and may be debugged
    "ASAN_OPTIONS",   "LSAN_OPTIONS",        "TSAN_OPTIONS", "UBSAN_OPTIONS",  // of sanitizers
    "GLIBC_TUNABLES", "LD_LIBRARY_PATH",  // the same libraries as the controller has, set alike
};

// Sources are moved above the numbers they become, so that no dup2 overwrites one that is still
// needed.
constexpr int kAboveTargets = 64;

Result<std::vector<Descriptor>> moved_up(const std::vector<int>& descriptors) {
  std::vector<Descriptor> out;
  for (const int descriptor : descriptors) {
    const int copy = fcntl(descriptor, F_DUPFD_CLOEXEC, kAboveTargets);
    if (copy < 0)
      return failure(
          ErrorCode::kEnvironment,
          fmt::format("cannot copy the descriptors of a new process: {}", std::strerror(errno)));
    out.emplace_back(copy);
  }
  return out;
}

// What posix_spawn() takes: pointers to the texts, and a null behind them.
std::vector<char*> pointers(const std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (const std::string& text : texts) out.push_back(const_cast<char*>(text.c_str()));
  out.push_back(nullptr);
  return out;
}

// posix_spawn's attribute objects as a resource.
struct SpawnActions {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  SpawnActions() {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    sigset_t blocked;
    sigemptyset(&blocked);
    for (const int number : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&blocked, number);
    // A terminal signals the whole process group. The child must not die of that before it has
    // installed its handlers, or its statistics would be lost.
    posix_spawnattr_setsigmask(&attributes, &blocked);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  }
  ~SpawnActions() {
    posix_spawn_file_actions_destroy(&actions);
    posix_spawnattr_destroy(&attributes);
  }
};

}  // namespace

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    fd_ = other.release();
  }
  return *this;
}

int Descriptor::release() { return std::exchange(fd_, -1); }

void Descriptor::reset() {
  if (fd_ >= 0) close(fd_);
  fd_ = -1;
}

std::string ProcessEnd::text() const {
  if (!by_signal) return fmt::format("status {}", status);
  const char* const more = status == SIGSYS ? ": it made a system call that no node may make" : "";
  return fmt::format("signal {} ({}){}", status, strsignal(status), more);
}

Result<ChildProcess> ChildProcess::start(const std::string& program,
                                         const std::vector<std::string>& arguments,
                                         const std::vector<int>& inherited, int log,
                                         const std::vector<std::string>& environment) {
  Result<std::vector<Descriptor>> sources = moved_up(inherited);
  Result<std::vector<Descriptor>> log_source = moved_up({log});
  if (!sources) return tl::unexpected<Error>(sources.error());
  if (!log_source) return tl::unexpected<Error>(log_source.error());
  SpawnActions spawn;
  // dup2() clears close-on-exec of the copy alone, so the child has these descriptors and no others
  // of the controller.
  posix_spawn_file_actions_addopen(&spawn.actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&spawn.actions, log_source->front().get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&spawn.actions, log_source->front().get(), STDERR_FILENO);
  for (std::size_t i = 0; i < sources->size(); ++i)
    posix_spawn_file_actions_adddup2(&spawn.actions, (*sources)[i].get(),
                                     kFirstInherited + static_cast<int>(i));
  std::vector<char*> words = pointers(arguments);
  words.insert(words.begin(), const_cast<char*>(program.c_str()));
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.c_str(), &spawn.actions, &spawn.attributes,
                                words.data(), pointers(environment).data());
  if (error != 0)
    return failure(ErrorCode::kEnvironment,
                   fmt::format("cannot start {}: {}", program, std::strerror(error)));
  // The child cannot have been reaped yet, so the pid still means this child.
  const int pidfd = static_cast<int>(syscall(SYS_pidfd_open, pid, 0));
  if (pidfd >= 0) fcntl(pidfd, F_SETFD, FD_CLOEXEC);
  return ChildProcess(pid, Descriptor(pidfd));
}

// No child outlives its object, and none is left as a zombie.
ChildProcess::~ChildProcess() {
  if (!pidfd_ || end_) return;
  signal(SIGKILL);
  wait(-1);
}

void ChildProcess::signal(int number) const {
  if (pidfd_ && !end_) syscall(SYS_pidfd_send_signal, pidfd_.get(), number, nullptr, 0);
}

std::optional<ProcessEnd> ChildProcess::poll() { return wait(0); }

std::optional<ProcessEnd> ChildProcess::wait(int milliseconds) {
  if (end_) return end_;
  pollfd readable{pidfd_.get(), POLLIN, 0};
  while (::poll(&readable, 1, milliseconds) < 0 && errno == EINTR) {
  }
  int status = 0;
  // Not reaped: the child still runs.
  if (waitpid(pid_, &status, WNOHANG) != pid_) return std::nullopt;
  end_ = WIFSIGNALED(status) ? ProcessEnd{true, WTERMSIG(status)}
                             : ProcessEnd{false, WEXITSTATUS(status)};
  return end_;
}

std::vector<std::string> own_environment() {
  std::vector<std::string> out;
  for (char** entry = environ; *entry != nullptr; ++entry) out.emplace_back(*entry);
  return out;
}

std::vector<std::string> node_environment() {
  std::vector<std::string> out;
  for (std::string& entry : own_environment())
    if (std::ranges::find(kPassedOn, std::string_view(entry).substr(0, entry.find('='))) !=
        std::end(kPassedOn))
      out.push_back(std::move(entry));
  return out;
}

Result<std::pair<Descriptor, Descriptor>> socket_pair() {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
    return failure(ErrorCode::kEnvironment,
                   fmt::format("cannot create a control socket: {}", std::strerror(errno)));
  return std::pair{Descriptor(ends[0]), Descriptor(ends[1])};
}

}  // namespace soliton
