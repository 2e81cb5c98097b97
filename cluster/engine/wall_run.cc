#include <algorithm>
#include <chrono>

#include "cluster/engine/cluster_run.h"
#include "cluster/engine/fleet.h"
#include "cluster/engine/virtual_run.h"
#include "fabric/shm/inbox.h"

namespace soliton {
namespace {

using Clock = std::chrono::steady_clock;

constexpr int kPollMilliseconds = 50;
// Header and security block of a packet, at most.
constexpr std::uint32_t kPacketHeadMax = 64;
// Between the order to start and run time 0, so that every node has its peers' ports first.
constexpr std::int64_t kStartDelayNs = 2'000'000;

std::int64_t monotonic_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(Clock::now().time_since_epoch())
      .count();
}

void take_records(Fleet& fleet, const RunControl& control, ClusterOutcome& outcome) {
  add_records(fleet.take_records(), outcome);
  add_records(fleet.take_traffic(), outcome);
  if (control.progress) control.progress(completed(outcome), outcome.end);
}

// Waits until the workload is done, a node is lost, a signal came or the time is over.
void watch(Fleet& fleet, const RunControl& control, std::int64_t start_ns,
           ClusterOutcome& outcome) {
  while (!fleet.workload_finished() && !fleet.failed() && !fleet.gave_up() &&
         *control.signal == 0) {
    fleet.wait_change(kPollMilliseconds);
    take_records(fleet, control, outcome);
    const Duration elapsed = nanoseconds(monotonic_ns() - start_ns);
    if (elapsed < control.time_limit) continue;
    outcome.end = kRunStart + elapsed;
    outcome.error = Error{ErrorCode::kNoProgress, ""};
    return;
  }
}

// An inbox a node, when they speak over shared memory.
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

// To each node its own, then those it writes.
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

}  // namespace

ClusterOutcome run_wall(const std::vector<NodeAssignment>& nodes, const RunControl& control) {
  ClusterOutcome outcome;
  outcome.stats.resize(nodes.size());
  outcome.node_failed.assign(nodes.size(), false);
  outcome.processes = static_cast<std::int64_t>(nodes.size());
  const Clock::time_point launched = Clock::now();
  Fleet fleet({control.node_program, control.log_folder});
  const Result<std::vector<Inbox>> inboxes = make_inboxes(nodes);
  Status ready = inboxes ? fleet.start(nodes, inherited(nodes, *inboxes))
                         : Status(tl::unexpected<Error>(inboxes.error()));
  if (ready) ready = fleet.wait_ready(*control.signal);
  outcome.launch_seconds = std::chrono::duration<double>(Clock::now() - launched).count();
  const std::int64_t start_ns = monotonic_ns() + kStartDelayNs;
  if (ready) {
    fleet.send_start(start_ns);
    watch(fleet, control, start_ns, outcome);
  }
  const bool timed_out = outcome.error.has_value();
  outcome.error = ready ? fleet.failure() : std::optional(ready.error());
  outcome.interrupted_by = *control.signal;
  fleet.stop();
  take_records(fleet, control, outcome);
  for (std::size_t i = 0; i < fleet.size(); ++i) {
    outcome.stats[i] = fleet.stats(i);
    outcome.node_failed[i] = fleet.node_failed(i);
    if (outcome.stats[i]) outcome.events += outcome.stats[i]->ltl.packets_sent;
  }
  if (timed_out && !outcome.error) explain_stall(true, requests_of(nodes), outcome);
  return outcome;
}

}  // namespace soliton
