#include "cluster/engine/launch_bench.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <fstream>
#include <sstream>
#include <thread>

#include "cluster/engine/elapsed.h"
#include "cluster/engine/fleet.h"
#include "fabric/shm/channel.h"

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;

// User and system time so far, milliseconds (proc(5), fields 14 and 15 of stat).
double cpu_ms(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/stat", pid));
  std::string text((std::istreambuf_iterator<char>(file)), {});
  const std::size_t after_name = text.rfind(')');
  if (after_name == std::string::npos) return 0;
  std::istringstream fields(text.substr(after_name + 2));
  std::string skipped;
  for (int i = 3; i < 14; ++i) fields >> skipped;
  double user = 0, system = 0;
  fields >> user >> system;
  return (user + system) * 1000.0 / static_cast<double>(sysconf(_SC_CLK_TCK));
}

double private_mib(pid_t pid) {
  std::ifstream file(fmt::format("/proc/{}/smaps_rollup", pid));
  double kib = 0;
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string name;
    double value = 0;
    words >> name >> value;
    if (name == "Private_Clean:" || name == "Private_Dirty:") kib += value;
  }
  return kib / 1024;
}

struct IdleCluster {
  std::vector<NodeAssignment> assignments;
  std::vector<Channel> channels;
  ControlLoop loop;
  Fleet fleet;

  IdleCluster(const std::string& node_program, int nodes)
      : fleet(loop, {.node_program = node_program}) {
    for (int i = 0; i < nodes; ++i) {
      NodeAssignment assignment;
      assignment.deployment.node = fmt::format("fpga{}", i);
      assignment.deployment.id = NodeId{static_cast<std::uint32_t>(i)};
      assignments.push_back(std::move(assignment));
    }
  }

  Status up() {
    std::vector<std::vector<int>> descriptors;
    for (const NodeAssignment& assignment : assignments) {
      Result<Channel> channel = Channel::create(assignment.deployment.node);
      if (!channel) return tl::unexpected<Error>(channel.error());
      descriptors.push_back({channel->descriptor()});
      channels.push_back(std::move(*channel));
    }
    if (Status started = fleet.start(assignments, descriptors); !started) return started;
    return fleet.wait_ready();
  }

  void down() {
    for (Channel& channel : channels) channel.close();
    fleet.stop();
  }
};

}  // namespace

Result<LaunchFigures> measure_launch(const std::string& node_program, int nodes) {
  LaunchFigures figures;
  {
    IdleCluster one(node_program, 1);
    const Clock::time_point started = Clock::now();
    if (Status up = one.up(); !up) return tl::unexpected<Error>(up.error());
    figures.first_ready_ms = seconds_since(started) * 1e3;
    one.fleet.send_start(0);
    one.down();
  }
  IdleCluster cluster(node_program, nodes);
  const Clock::time_point started = Clock::now();
  if (Status up = cluster.up(); !up) return tl::unexpected<Error>(up.error());
  figures.ready_seconds = seconds_since(started);
  cluster.fleet.send_start(0);
  std::this_thread::sleep_for(
      std::chrono::milliseconds(200));  // let them settle; this is a measurement, not a test
  double before = 0, after = 0;
  for (const pid_t pid : cluster.fleet.pids()) before += cpu_ms(pid);
  std::this_thread::sleep_for(std::chrono::seconds(1));
  for (const pid_t pid : cluster.fleet.pids()) {
    after += cpu_ms(pid);
    figures.node_mib = std::max(figures.node_mib, private_mib(pid));
  }
  figures.idle_cpu_ms = after - before;
  const Clock::time_point stopping = Clock::now();
  cluster.down();
  figures.gone_seconds = seconds_since(stopping);
  return figures;
}

}  // namespace soliton
