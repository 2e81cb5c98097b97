// A process per node must give what one process gives, byte for byte; and a killed node an error.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstring>

#include "fabric/shm/channel.h"
#include "fabric/shm/remote_node.h"
#include "fabric/shm/serve.h"
#include "tests/sim/engine/toys.h"

namespace soliton {
namespace {

// One forked node: its channel, its process, and memory in which it leaves its log when it is done.
class NodeProcess {
 public:
  static constexpr std::size_t kLogBytes = 4 << 20;
  static constexpr std::size_t kSharedBytes = kLogBytes + sizeof(Instant);

  NodeProcess(NodeId self, const MachineMaker& make, std::size_t ring_bytes)
      : self_(self),
        channel_(std::move(*Channel::create(fmt::format("node{}", index(self)), ring_bytes))) {
    log_ = static_cast<char*>(
        mmap(nullptr, kSharedBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    EXPECT_NE(log_, MAP_FAILED);
    pid_ = fork();
    EXPECT_GE(pid_, 0);
    if (pid_ == 0) _exit(serve(self, make));
    remote_ = std::make_unique<RemoteNode>(
        channel_, fmt::format("fpga{}", index(self)),
        WaitOptions{.slice = milliseconds(5), .alive = [this] { return alive(); }});
  }
  ~NodeProcess() {
    if (pid_ > 0) {
      kill(pid_, SIGKILL);
      join();
    }
    munmap(log_, kSharedBytes);
  }
  EngineNode& node() { return *remote_; }
  pid_t pid() const { return pid_; }
  // The log of a node that ended well, and was told that `end` was the last instant.
  std::string finish(Instant end) {
    channel_.close();
    EXPECT_EQ(join(), 0);
    Instant told{};
    std::memcpy(&told, log_ + kLogBytes, sizeof told);
    EXPECT_EQ(told, end);
    return log_;
  }

 private:
  int serve(NodeId self, const MachineMaker& make) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const auto machine = make(self);
    const Result<Instant> end = serve_channel(channel_, *machine, self, {.slice = {}});
    if (!end) return 1;
    std::memcpy(log_ + kLogBytes, &*end, sizeof *end);
    if (machine->log().size() >= kLogBytes) return 2;
    std::memcpy(log_, machine->log().c_str(), machine->log().size() + 1);
    return 0;
  }
  Status alive() const {
    siginfo_t info{};
    waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    if (info.si_pid == 0) return {};
    return failure(ErrorCode::kBroken,
                   fmt::format("{} was killed by signal {}", index(self_), info.si_status));
  }
  int join() {
    int status = 0;
    waitpid(pid_, &status, 0);
    pid_ = -1;
    return status;
  }

  NodeId self_;
  Channel channel_;
  char* log_ = nullptr;
  pid_t pid_ = -1;
  std::unique_ptr<RemoteNode> remote_;
};

struct Processes {
  Processes(const Scenario& scenario, std::size_t ring_bytes) {
    for (std::uint32_t i = 0; i < scenario.nodes; ++i) {
      nodes.push_back(std::make_unique<NodeProcess>(NodeId{i}, scenario.make, ring_bytes));
      references.push_back(&nodes.back()->node());
    }
  }
  std::vector<std::unique_ptr<NodeProcess>> nodes;
  std::vector<EngineNode*> references;
};

}  // namespace

Outcome run_processes(const Scenario& scenario, std::size_t ring_bytes) {
  ScenarioNetwork world(scenario);
  Processes processes(scenario, ring_bytes);
  const auto report = Engine(world.network, processes.references, scenario.options).run();
  EXPECT_TRUE(report) << report.error().message;
  Outcome outcome;
  for (const auto& node : processes.nodes) outcome.logs.push_back(node->finish(report->now));
  outcome.fabric = world.describe();
  describe_end(*report, outcome);
  return outcome;
}

namespace {

void expect_same(const Outcome& a, const Outcome& b) {
  EXPECT_EQ(a.logs, b.logs);
  EXPECT_EQ(a.fabric, b.fabric);
  EXPECT_EQ(a.end, b.end);
}

Scenario talk(std::uint32_t nodes, std::uint32_t bursts) {
  return {.nodes = nodes,
          .rack = 3,
          .make = [=](NodeId id) { return std::make_unique<Chatter>(id, nodes, bursts, 4242); },
          .faults = {.seed = 9,
                     .rules = {{.id = "loss",
                                .links = {0, 1},
                                .options = loss_settings({.p = {50'000'000}})},
                               {.id = "late",
                                .kind = &kDelayFault,
                                .links = {1},
                                .options = delay_settings({{}, microseconds(4)})},
                               {.id = "cut",
                                .kind = &kLinkDownFault,
                                .links = {2},
                                .when = {.from = kRunStart + microseconds(20),
                                         .until = kRunStart + microseconds(50)}}}},
          .queue = Bytes{4000}};
}

TEST(Processes, ATokenRingIsTheSameAsPacked) {
  const Scenario scenario{.nodes = 5,
                          .make = [](NodeId id) { return std::make_unique<TokenRing>(id, 5, 20); }};
  expect_same(run_packed(scenario), run_processes(scenario, Channel::kRingBytes));
}

TEST(Processes, HeavyTalkWithFaultsIsTheSameAsPacked) {
  const Scenario scenario = talk(7, 60);
  const Outcome packed = run_packed(scenario);
  expect_same(packed, run_processes(scenario, Channel::kRingBytes));
  expect_same(packed, run_processes(scenario, Channel::kRingBytes));
  EXPECT_GT(packed.report.node_events, 2000u);
}

// Rings of one page are full all the time: nodes stop early, the hub keeps frames back, and nothing
// changes.
TEST(Processes, TinyRingsChangeNothing) {
  const Scenario scenario = talk(4, 100);
  const Outcome packed = run_packed(scenario);
  const Outcome tiny = run_processes(scenario, 4096);
  expect_same(packed, tiny);
  EXPECT_GT(tiny.report.windows, packed.report.windows);
}

TEST(Processes, PausesAreTheSameAsPacked) {
  Scenario scenario = pausing_chatter(7, 60);
  for (const Instant limit : {kNever, kRunStart + microseconds(77)}) {
    scenario.options.time_limit = limit;
    const Outcome packed = run_packed(scenario);
    expect_same(packed, run_processes(scenario, Channel::kRingBytes));
    expect_same(packed, run_processes(scenario, 4096));
    EXPECT_THAT(packed.fabric, testing::ContainsRegex("paused [1-9]"));
  }
}

TEST(Processes, ATimeLimitIsTheSameAsPacked) {
  Scenario scenario = talk(4, 100);
  scenario.options.time_limit = kRunStart + microseconds(77);
  expect_same(run_packed(scenario), run_processes(scenario, Channel::kRingBytes));
}

TEST(Processes, AKilledNodeEndsTheRunAndIsNamed) {
  Scenario scenario{.nodes = 4, .make = [](NodeId id) {
                      return std::make_unique<TokenRing>(id, 4, 1'000'000'000);
                    }};
  Processes processes(scenario, Channel::kRingBytes);
  std::uint64_t windows = 0;
  scenario.options.stop = [&] {
    if (++windows == 500) kill(processes.nodes[2]->pid(), SIGKILL);
    return windows > 100'000;
  };
  ScenarioNetwork world(scenario);
  const auto report = Engine(world.network, processes.references, scenario.options).run();
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, ErrorCode::kBroken);
  EXPECT_EQ(report.error().message, "2 was killed by signal 9");
  EXPECT_LT(windows, 5'000u);
}

}  // namespace
}  // namespace soliton
