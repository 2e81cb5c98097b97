#include "cluster/chaos/forked_trials.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "protocol/base/shortage.h"

namespace soliton {
namespace {

// A result is a line behind this byte. In front of it is what the trial said on standard error.
constexpr char kResult = '\0';
constexpr char kRefused = '!';  // in front of an error's message
constexpr std::size_t kSaidMost = 400;
constexpr int kLookMs = 200;

void write_text(int to, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(to, text.data(), text.size());
    if (written <= 0) return;  // the parent is gone, or sees an end that comes too early
    text.remove_prefix(static_cast<std::size_t>(written));
  }
}

std::string line_of(const Result<ChaosTrial>& result) {
  std::string out{kResult};
  if (!result) out += kRefused;
  std::string text = result ? result->json() : result.error().message;
  std::ranges::replace(text, '\n', ' ');
  return (out += text) += '\n';
}

Result<ChaosTrial> result_of(const std::string& line) {
  if (line.starts_with(kRefused)) return invalid(line.substr(1));
  return ChaosTrial::from_json(line);
}

// An exception ends this process and does not unwind what it has of its parent's stack.
[[noreturn]] void be_worker(int parent, int to, std::chrono::seconds longest,
                            const std::deque<std::uint64_t>& numbers,
                            const ForkedTrials::Play& play) noexcept {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) std::signal(number, SIG_DFL);
  dup2(to, STDERR_FILENO);
  for (const std::uint64_t number : numbers) {
    alarm(static_cast<unsigned>(longest.count()));
    write_text(to, line_of(play(number)));
  }
  _exit(0);
}

ChaosTrial broken_trial(int status, const std::string& said, std::chrono::seconds longest) {
  ChaosTrial out;
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM) {
    out.violations.push_back({"hang", fmt::format("no end within {} s", longest.count())});
    return out;
  }
  std::string how = WIFSIGNALED(status) ? fmt::format("signal {}", strsignal(WTERMSIG(status)))
                                        : fmt::format("status {}", WEXITSTATUS(status));
  if (!said.empty()) how += ": " + said.substr(0, std::min(said.find('\n'), kSaidMost));
  out.violations.push_back({"crash", std::move(how)});
  return out;
}

}  // namespace

ForkedTrials::~ForkedTrials() {
  for (const auto& [pipe, running] : running_) {
    kill(running.pid, SIGKILL);
    waitpid(running.pid, nullptr, 0);
    close(pipe);
  }
}

Status ForkedTrials::start(std::deque<std::uint64_t> numbers) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return tl::unexpected<Error>(shortage("pipe", errno));
  const int parent = getpid();
  const int pid = fork();
  if (pid < 0) {
    const int problem = errno;
    close(ends[0]);
    close(ends[1]);
    return tl::unexpected<Error>(shortage("fork", problem));
  }
  if (pid == 0) be_worker(parent, ends[1], longest_, numbers, play_);
  close(ends[1]);
  running_[ends[0]] = {pid, std::move(numbers), ""};
  return {};
}

Result<std::optional<EndedTrial>> ForkedTrials::take(const volatile std::sig_atomic_t* stop) {
  while (ended_.empty() && !running_.empty()) {
    if (stop != nullptr && *stop != 0) return std::nullopt;
    std::vector<pollfd> all;
    for (const auto& [pipe, running] : running_) all.push_back({pipe, POLLIN, 0});
    // Not for ever: a signal may come between the look above and the call.
    if (poll(all.data(), all.size(), kLookMs) <= 0) continue;
    for (const pollfd& one : all) {
      if (one.revents == 0) continue;
      char block[16'384];
      const ssize_t got = ::read(one.fd, block, sizeof block);
      if (got < 0 && errno == EINTR) continue;
      Running& running = running_[one.fd];
      if (got > 0) running.text.append(block, static_cast<std::size_t>(got));
      take_results(running);
      if (got > 0) continue;
      if (Status finished = finish(one.fd); !finished)
        return tl::unexpected<Error>(finished.error());
    }
  }
  if (ended_.empty()) return std::nullopt;
  EndedTrial first = std::move(ended_.front());
  ended_.pop_front();
  return first;
}

// Those that have come as a whole.
void ForkedTrials::take_results(Running& running) {
  for (;;) {
    const std::size_t begin = running.text.find(kResult);
    const std::size_t end = begin == std::string::npos ? begin : running.text.find('\n', begin);
    if (end == std::string::npos || running.numbers.empty()) return;
    ended_.push_back(
        {running.numbers.front(), result_of(running.text.substr(begin + 1, end - begin - 1))});
    running.numbers.pop_front();
    running.text.erase(0, end + 1);
  }
}

// A trial without a result is the one in which the process ended; those behind it are played by another.
Status ForkedTrials::finish(int pipe) {
  Running ended = std::move(running_[pipe]);
  running_.erase(pipe);
  close(pipe);
  int status = 0;
  waitpid(ended.pid, &status, 0);
  if (ended.numbers.empty()) return {};
  ended_.push_back({ended.numbers.front(), broken_trial(status, ended.text, longest_)});
  ended.numbers.pop_front();
  return ended.numbers.empty() ? Status() : start(std::move(ended.numbers));
}

Result<ChaosTrial> play_forked(const std::function<Result<ChaosTrial>()>& trial,
                               std::chrono::seconds longest) {
  ForkedTrials one(1, longest, [&](std::uint64_t) { return trial(); });
  if (const Status started = one.start({0}); !started)
    return tl::unexpected<Error>(started.error());
  Result<std::optional<EndedTrial>> ended = one.take();
  if (!ended) return tl::unexpected<Error>(ended.error());
  return std::move((*ended)->trial);
}

}  // namespace soliton
