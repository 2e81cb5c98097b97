// What it costs to give a node process a window, beside the bare futex hand-over of the same
// minute.
//
//   bench_handover            prints one line a case: microseconds, the best of a hundred rounds
#include <fmt/format.h>
#include <linux/futex.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "fabric/shm/channel.h"
#include "fabric/shm/remote_node.h"
#include "fabric/shm/serve.h"
#include "fabric/sim/engine.h"

namespace soliton {
namespace {

constexpr std::uint32_t kSpin = 1'000'000;

void pin(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(static_cast<unsigned>(core), &cores);
  sched_setaffinity(0, sizeof cores, &cores);
}

pid_t child(const std::function<void()>& body) {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  body();
  _exit(0);
}

double seconds() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// Best of many short rounds, in microseconds a call: a round that lost its core to somebody else
// does not count.
double best_us(int count, const std::function<void()>& once) {
  double best = 1e9;
  for (int round = 0; round < 100; ++round) {
    const double start = seconds();
    for (int i = 0; i < count; ++i) once();
    best = std::min(best, (seconds() - start) / count * 1e6);
  }
  return best;
}

// Has an event every 500 ns and sends nothing.
class Ticker : public Machine {
 public:
  void on_input(Datagram, Instant) override {}
  std::optional<Datagram> poll_output(Instant) override { return std::nullopt; }
  Instant next_deadline() const override { return next_; }
  void on_deadline(Instant now) override { next_ = now + nanoseconds(500); }

 private:
  Instant next_ = kRunStart;
};

long futex(std::atomic<std::uint32_t>& word, int operation, std::uint32_t value) {
  return syscall(SYS_futex, reinterpret_cast<std::uint32_t*>(&word), operation, value, nullptr,
                 nullptr, 0);
}

// A word each way, nothing else: there and back.
double bare_futex_us(bool spin) {
  struct Words {
    alignas(64) std::atomic<std::uint32_t> there{0};
    alignas(64) std::atomic<std::uint32_t> back{0};
  };
  auto* words =
      new (mmap(nullptr, sizeof(Words), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0))
          Words;
  const auto await = [spin](std::atomic<std::uint32_t>& word, std::uint32_t old) {
    while (word.load(std::memory_order_acquire) == old) {
      if (!spin) futex(word, FUTEX_WAIT, old);
    }
  };
  const auto tell = [spin](std::atomic<std::uint32_t>& word) {
    word.fetch_add(1, std::memory_order_release);
    if (!spin) futex(word, FUTEX_WAKE, 1);
  };
  const pid_t peer = child([&] {
    if (spin) pin(1);
    for (std::uint32_t i = 0;; ++i) {
      await(words->there, i);
      tell(words->back);
    }
  });
  std::uint32_t i = 0;
  const double us = best_us(1'000, [&] {
    tell(words->there);
    await(words->back, i++);
  });
  kill(peer, SIGKILL);
  waitpid(peer, nullptr, 0);
  return us;
}

// One window for each of `count` nodes, all woken, then all collected; per node.
double channel_us(int count, bool spin) {
  const WaitOptions wait{.spin = spin ? kSpin : 0, .slice = milliseconds(20), .alive = {}};
  std::vector<std::unique_ptr<Channel>> channels;
  std::vector<std::unique_ptr<RemoteNode>> nodes;
  std::vector<pid_t> processes;
  for (int n = 0; n < count; ++n) {
    channels.push_back(std::make_unique<Channel>(std::move(*Channel::create("bench"))));
    Channel& channel = *channels.back();
    processes.push_back(child([&] {
      if (spin) pin(1);
      Ticker ticker;
      if (!serve_channel(channel, ticker, NodeId{0}, {.spin = wait.spin, .slice = {}, .alive = {}}))
        _exit(1);
    }));
    nodes.push_back(std::make_unique<RemoteNode>(channel, "bench", wait));
  }
  std::vector<Frame> sent;
  Instant until = kRunStart;
  const double us = best_us(std::max(1'000 / count, 20), [&] {
    until += nanoseconds(500);
    for (const auto& node : nodes) node->grant(until);
    for (auto node = nodes.rbegin(); node != nodes.rend(); ++node) {
      if (!(*node)->collect(sent)) _exit(1);
    }
  });
  for (const auto& channel : channels) channel->close();
  for (const pid_t process : processes) waitpid(process, nullptr, 0);
  return us / count;
}

}  // namespace
}  // namespace soliton

int main() {
  using namespace soliton;
  pin(0);
  const double bare = bare_futex_us(false);
  const double bare_spin = bare_futex_us(true);
  fmt::print("bare futex, there and back, one core      {:6.2f} us\n", bare);
  for (const int nodes : {1, 8, 64}) {
    const double ours = channel_us(nodes, false);
    fmt::print("granted node, {:2} nodes, one core           {:6.2f} us  {:.2f} x\n", nodes, ours,
               ours / bare);
  }
  fmt::print("bare word, there and back, spinning       {:6.2f} us\n", bare_spin);
  const double ours = channel_us(1, true);
  fmt::print("granted node, spinning on two cores       {:6.2f} us  {:.2f} x\n", ours,
             ours / bare_spin);
  return 0;
}
