// What is left of a run whose controller is killed: nothing, at once. A few times here, many with
// SOLITON_DEATHS=N.
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <thread>

#include "tests/process/cluster/program.h"

namespace soliton {
namespace {

constexpr std::size_t kNodes = 64;
constexpr double kGoneSeconds = 0.1;

int rounds() {
  const char* const asked = std::getenv("SOLITON_DEATHS");
  return asked == nullptr ? 2 : std::max(1, std::atoi(asked));
}

// Two of the nodes talk, the others wait for something to do.
std::string cluster(const TemporaryFolder& folder) {
  return folder.write("cluster.yaml",
                      "name: deaths\ntopology: full-mesh\n"
                      "nodes: [{name: \"fpga[0-63]\", device: bw-s10}]\n"
                      "workload: {kind: ping, from: fpga0, to: fpga63, bytes: 64, count: 1000000}\n"
                      "trace: {requests: 0}\n");
}

// Waits until all nodes have said that they are ready.
void wait_until_ready(const Running& running, const std::string& log) {
  const auto ready = [&log] {
    std::size_t count = 0;
    std::error_code none_yet;
    for (const auto& entry : std::filesystem::directory_iterator(log, none_yet))
      count += read_text(entry.path()).find("ready as process") != std::string::npos ? 1 : 0;
    return count;
  };
  while (ready() < kNodes && process_exists(running.pid()))
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
}

// The kernel's handles of processes, readable when they have ended.
struct Handles {
  std::vector<pollfd> all;

  explicit Handles(const std::vector<std::pair<std::string, pid_t>>& nodes) {
    for (const auto& [name, pid] : nodes)
      all.push_back({static_cast<int>(syscall(SYS_pidfd_open, pid, 0)), POLLIN, 0});
  }
  ~Handles() {
    for (const pollfd& one : all) close(std::abs(one.fd));
  }
  // Whether all ended within the time.
  bool wait(int milliseconds) {
    for (pollfd& one : all)
      if (poll(&one, 1, milliseconds) != 1) return false;
    return true;
  }
};

// Seconds from the signal until the last of the nodes is gone.
double seconds_to_vanish(const std::string& file, const char* time) {
  const TemporaryFolder folder;
  Running running({"run", file, "--quiet", "--time", time, "--out", folder.file("run")});
  wait_until_ready(running, folder.file("run") + "/log");
  const auto nodes = running.wait_for_nodes(kNodes);
  EXPECT_EQ(nodes.size(), kNodes);
  Handles handles(nodes);
  const auto killed = std::chrono::steady_clock::now();
  ::kill(running.pid(), SIGKILL);
  EXPECT_TRUE(handles.wait(5'000));
  const std::chrono::duration<double> gone = std::chrono::steady_clock::now() - killed;
  EXPECT_TRUE(all_gone(nodes, 0));
  running.wait();
  return gone.count();
}

class SuddenDeath : public testing::TestWithParam<const char*> {};

// Whether 100 ms are enough is a question of the machine; that nothing stays is not.
TEST_P(SuddenDeath, OfAControllerLeavesNoneOf64Nodes) {
  const TemporaryFolder folder;
  const std::string file = cluster(folder);
  int in_time = 0;
  double longest = 0;
  for (int round = 0; round < rounds(); ++round) {
    const double seconds = seconds_to_vanish(file, GetParam());
    in_time += seconds <= kGoneSeconds ? 1 : 0;
    longest = std::max(longest, seconds);
  }
  std::cout << GetParam() << ": " << in_time << " of " << rounds() << " within "
            << kGoneSeconds * 1e3 << " ms, longest " << longest * 1e3 << " ms\n";
}

INSTANTIATE_TEST_SUITE_P(Times, SuddenDeath, testing::Values("virtual", "wall"));

}  // namespace
}  // namespace soliton
