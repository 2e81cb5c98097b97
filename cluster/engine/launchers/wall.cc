// Wall time, a process for each node on this machine: UDP on an address of this machine, or shared
// memory.
#include <algorithm>
#include <chrono>
#include <iterator>

#include "cluster/engine/elapsed.h"
#include "cluster/engine/explain.h"
#include "cluster/engine/fleet.h"
#include "cluster/engine/launcher.h"
#include "cluster/engine/udp_check.h"
#include "fabric/shm/inbox.h"

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kPoll{50};
// For nodes to report what they measured, after a signal.
constexpr std::chrono::milliseconds kDrainInterrupted{2000};
// Header and security block of a packet, at most.
constexpr std::uint32_t kPacketHeadMax = 64;
// Between the order to start and run time 0, so that every node has its peers' ports first.
constexpr std::int64_t kStartDelayNs = 2'000'000;

std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

void take_records(Fleet& fleet, const RunControl& control, ClusterOutcome& outcome) {
  add_records(fleet.take_records(), control.observer, outcome);
  add_records(fleet.take_traffic(), control.observer, outcome);
}

// Waits until the workload is done, a node is lost, a signal came or the time is over: time in
// which this process ran, since the nodes stop with it when its terminal stops them all.
void watch(Fleet& fleet, const RunControl& control, ClusterOutcome& outcome) {
  const std::chrono::milliseconds started = control.loop->running_time();
  while (!fleet.workload_finished() && !fleet.failed() && !fleet.gave_up() &&
         control.loop->signal() == 0) {
    fleet.wait_change(kPoll);
    take_records(fleet, control, outcome);
    const Duration elapsed = control.loop->running_time() - started;
    if (control.observer != nullptr)
      if (Status status = control.observer->on_progress(
              {.now = kRunStart + elapsed, .nodes_lost = fleet.nodes_lost()});
          !status)
        return void(outcome.error = status.error());
    if (elapsed < control.time_limit) continue;
    outcome.end = kRunStart + elapsed;
    outcome.error = Error{ErrorCode::kNoProgress, ""};
    return;
  }
}

// One inbox per node if the carrier is shared memory.
Result<std::vector<Inbox>> make_inboxes(const std::vector<NodeAssignment>& nodes) {
  std::vector<Inbox> inboxes;
  for (const NodeAssignment& node : nodes) {
    const Deployment& d = node.deployment;
    if (d.wall.carrier != CarrierKind::kShm) continue;
    InboxShape shape;
    shape.nodes = static_cast<std::uint32_t>(nodes.size());
    shape.ring.packet_bytes = d.ltl.mtu + kPacketHeadMax;
    Result<Inbox> inbox = Inbox::create("soliton-" + d.node, shape);
    if (!inbox) return tl::unexpected<Error>(inbox.error());
    inboxes.push_back(std::move(*inbox));
  }
  return inboxes;
}

// Whether packets to the nodes' address come back to this machine, before a node waits for them.
Status check_loopback(const std::vector<NodeAssignment>& nodes) {
  for (const NodeAssignment& node : nodes)
    if (node.deployment.wall.carrier == CarrierKind::kUdp)
      return check_udp_arrives(node.deployment.wall.listen);
  return {};
}

// For each node its own inbox, then those it writes to.
std::vector<std::vector<int>> inherited(const std::vector<NodeAssignment>& nodes,
                                        const std::vector<Inbox>& inboxes) {
  std::vector<std::vector<int>> out(nodes.size());
  if (inboxes.empty()) return out;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    out[i].push_back(inboxes[i].descriptor());
    for (const NodeId peer : peers_of(nodes[i].deployment))
      out[i].push_back(inboxes[index(peer)].descriptor());
  }
  return out;
}

// Each node has judged its own packets. A node's word is not taken for what exists.
void take_firings(const FabricInputs& fabric, const RunControl& control, ClusterOutcome& outcome) {
  std::vector<FaultFiring> all;
  for (std::optional<NodeStats>& stats : outcome.stats) {
    if (!stats) continue;
    std::ranges::copy_if(stats->firings, std::back_inserter(all), [&](const FaultFiring& firing) {
      return firing.rule < fabric.faults->rules.size() &&
             firing.hop.link < fabric.topology->links.size();
    });
    stats->firings.clear();
  }
  std::ranges::sort(all, [](const auto& a, const auto& b) { return before(a, b); });
  add_firings(all, control, outcome);
}

ClusterOutcome run_wall(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                        const RunControl& control) {
  ClusterOutcome outcome = outcome_before(nodes.size());
  outcome.processes = static_cast<std::int64_t>(nodes.size());
  const Clock::time_point launched = Clock::now();
  Fleet fleet(
      *control.loop,
      {.node_program = control.node_program, .logs = control.logs, .silence = control.silence});
  const Result<std::vector<Inbox>> inboxes = make_inboxes(nodes);
  Status ready = check_loopback(nodes);
  if (ready && !inboxes) ready = tl::unexpected<Error>(inboxes.error());
  if (ready) ready = fleet.start(nodes, inherited(nodes, *inboxes));
  if (ready) ready = fleet.wait_ready();
  outcome.launch_seconds = seconds_since(launched);
  outcome.confined = fleet.confined();
  if (ready) {
    fleet.send_start(monotonic_ns() + kStartDelayNs);
    watch(fleet, control, outcome);
  }
  const bool timed_out = outcome.error && outcome.error->message.empty();
  if (timed_out) outcome.error.reset();
  outcome.interrupted_by = control.loop->signal();
  if (!ready)
    outcome.error = ready.error();
  else if (!outcome.error)
    outcome.error = fleet.failure();
  if (outcome.interrupted_by != 0) {
    outcome.error.reset();
    fleet.shorten_drain(kDrainInterrupted);
  }
  fleet.stop();
  take_records(fleet, control, outcome);
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    outcome.stats[i] = fleet.stats(i);
    outcome.node_failed[i] = fleet.node_failed(i);
    if (outcome.stats[i]) outcome.events += outcome.stats[i]->ltl.packets_sent;
  }
  take_firings(fabric, control, outcome);
  if (timed_out && !outcome.error && outcome.interrupted_by == 0)
    explain_stall(true, requests_of(nodes), outcome);
  return outcome;
}

}  // namespace

const Launcher kWallLauncher = {"wall", {TimeBase::kWall, false, "local"}, run_wall};

}  // namespace soliton
