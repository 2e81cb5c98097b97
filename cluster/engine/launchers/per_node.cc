// Virtual time, a process for each node on this machine.
#include <sched.h>

#include <algorithm>
#include <chrono>

#include "cluster/engine/elapsed.h"
#include "cluster/engine/fleet.h"
#include "cluster/engine/launcher.h"
#include "cluster/engine/profile.h"
#include "cluster/engine/virtual_run.h"
#include "fabric/shm/remote_node.h"

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::uint32_t kSpin = 4000;  // looks at a doorbell, a few microseconds
// Waking a sleeper on another core costs 25 to 50 us, on the same core 3. Below this many weights a
// node's share of a step is computed in less time than that, so hub and nodes share a core; above,
// more cores are faster.
constexpr std::size_t kWeightsWorthACore = 1 << 19;
// After a signal: for the nodes to finish what they compute, so that the run ends between windows.
constexpr std::chrono::milliseconds kWindowGrace{1000};
// And for them to report what they measured. Together below the 5 s in which a signal ends a run.
constexpr std::chrono::milliseconds kDrainInterrupted{2000};

std::size_t cores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  return sched_getaffinity(0, sizeof set, &set) == 0 ? static_cast<std::size_t>(CPU_COUNT(&set))
                                                     : 1;
}

// Weights of the largest shard whose values are computed.
std::size_t largest_shard(const std::vector<NodeAssignment>& nodes) {
  std::size_t largest = 0;
  for (const NodeAssignment& node : nodes)
    if (node.deployment.functional_every != 0)
      largest = std::max(largest, node.deployment.role.weights());
  return largest;
}

// Keeps this thread and the processes it starts on the core it is on, until the end of the scope.
class OneCore {
 public:
  explicit OneCore(bool wanted)
      : pinned_(wanted && sched_getaffinity(0, sizeof before_, &before_) == 0) {
    if (!pinned_) return;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(static_cast<std::size_t>(std::max(sched_getcpu(), 0)), &one);
    sched_setaffinity(0, sizeof one, &one);
  }
  ~OneCore() {
    if (pinned_) sched_setaffinity(0, sizeof before_, &before_);
  }
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t before_;
  bool pinned_;
};

Result<std::vector<Channel>> make_channels(const std::vector<NodeAssignment>& nodes) {
  std::vector<Channel> channels;
  if (const Status enough = Fleet::check_limits(nodes.size()); !enough)
    return tl::unexpected<Error>(enough.error());
  for (const NodeAssignment& node : nodes) {
    Result<Channel> channel = Channel::create("soliton-" + node.deployment.node);
    if (!channel) return tl::unexpected<Error>(channel.error());
    channels.push_back(std::move(*channel));
  }
  return channels;
}

void collect_stats(const Fleet& fleet, ClusterOutcome& outcome) {
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    outcome.stats[i] = fleet.stats(i);
    outcome.node_failed[i] = fleet.node_failed(i);
  }
}

struct ProcessRun {
  const std::vector<NodeAssignment>& nodes;
  const RunControl& control;
  ClusterOutcome& outcome;
  std::uint32_t spin;
  Fleet fleet;
  // When the hub first waited after a signal, in real time, because somebody is waiting for the
  // end.
  std::optional<Clock::time_point> interrupted_at{};

  bool interrupted() const { return control.loop->signal() != 0; }

  bool launch(std::vector<Channel>& channels) {
    const Clock::time_point launched = Clock::now();
    std::vector<std::vector<int>> descriptors;
    for (const Channel& channel : channels) descriptors.push_back({channel.descriptor()});
    Status ready = fleet.start(nodes, descriptors);
    if (ready) ready = fleet.wait_ready();
    outcome.launch_seconds = seconds_since(launched);
    outcome.confined = fleet.confined();
    if (!ready && !interrupted()) outcome.error = ready.error();
    return ready.has_value() && !interrupted();
  }

  // Asked while the hub waits for a node: an error ends the wait.
  Status go_on() {
    if (fleet.failed()) return tl::unexpected<Error>(*fleet.failure());
    if (!interrupted()) return {};
    if (!interrupted_at) interrupted_at = Clock::now();
    if (Clock::now() - *interrupted_at < kWindowGrace) return {};
    return failure(ErrorCode::kBroken, "interrupted");
  }

  void play(const FabricInputs& fabric, std::vector<Channel>& channels) {
    WaitOptions wait;
    wait.spin = spin;
    wait.alive = [this] { return go_on(); };
    std::vector<std::unique_ptr<RemoteNode>> remote;
    std::vector<EngineNode*> engine_nodes;
    for (std::size_t i = 0; i < nodes.size(); ++i) {
      remote.push_back(std::make_unique<RemoteNode>(channels[i], nodes[i].deployment.node, wait));
      engine_nodes.push_back(remote.back().get());
    }
    VirtualRun virtual_run(fabric, control);
    const auto each_tick = [this] {
      take_records();
      return fleet.nodes_lost();
    };
    const ProfiledNodes profiled(engine_nodes, Activity::kWaiting, control.profile);
    virtual_run.run(profiled.nodes(), each_tick, outcome);
    end(channels);
    virtual_run.explain(requests_of(nodes), outcome);
  }

  void end(std::vector<Channel>& channels) {
    for (Channel& channel : channels) channel.close();
    if (interrupted()) fleet.shorten_drain(kDrainInterrupted);
    fleet.stop();
    if (!outcome.error && !interrupted()) outcome.error = fleet.failure();
    outcome.interrupted_by = control.loop->signal();
    take_records();
    collect_stats(fleet, outcome);
  }

  void take_records() {
    add_records(fleet.take_records(), control.observer, outcome);
    add_records(fleet.take_traffic(), control.observer, outcome);
  }
};

ClusterOutcome run_per_node(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                            const RunControl& control) {
  const Doing doing(Activity::kLaunch);
  ClusterOutcome outcome = outcome_before(nodes.size());
  outcome.processes = static_cast<std::int64_t>(nodes.size());
  Result<std::vector<Channel>> channels = make_channels(nodes);
  if (!channels) {
    outcome.error = channels.error();
    return outcome;
  }
  const bool spinning = nodes.size() + 1 <= cores();
  const OneCore one_core(!spinning && largest_shard(nodes) < kWeightsWorthACore);
  ProcessRun run{nodes, control, outcome, spinning ? kSpin : 0,
                 Fleet(*control.loop, {.node_program = control.node_program,
                                       .logs = control.logs,
                                       .silence = control.silence})};
  if (run.launch(*channels)) {
    run.fleet.send_start(0);
    run.play(fabric, *channels);
  } else {
    run.end(*channels);
  }
  return outcome;
}

}  // namespace

const Launcher kPerNodeLauncher = {"per-node", {TimeBase::kEmulated, false, "local"}, run_per_node};

}  // namespace soliton
