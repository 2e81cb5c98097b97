#include "cluster/run/deploy.h"

#include <sys/random.h>

#include <algorithm>
#include <functional>
#include <set>
#include <string_view>
#include <thread>

#include "cluster/run/deploy_managed.h"
#include "cluster/run/run.h"
#include "cluster/run/traffic.h"
#include "fabric/ltl/wall_floors.h"
#include "fabric/udp/udp_carrier.h"
#include "node/roles/roles.h"
#include "node/roles/several.h"
#include "partition/cost/connections.h"
#include "partition/cost/paths.h"
#include "protocol/base/check.h"
#include "protocol/base/rng.h"
#include "protocol/wire/handshake.h"

namespace soliton {
namespace {

// Bounds the memory of a trace: about 60 bytes an event, kept until the run ends.
constexpr std::uint32_t kTraceEventsPerNode = 200'000;

// What is known of the paths between nodes; nothing in wall time.
std::optional<PathTimes> known_paths(const ClusterSpec& spec, const Topology& topology,
                                     const Routes& routes, const FaultPlan& faults,
                                     const std::set<NodePair>& pairs) {
  if (spec.time == TimeMode::kWall) return std::nullopt;
  LtlOptions ltl = spec.ltl;
  ltl.auth = auth_of(spec);
  return PathTimes(ltl, topology, routes, faults, pairs);
}

// `paths`: null where nothing is known.
void connect(const Random& cookies, const std::set<NodePair>& pairs,
             const std::function<std::uint8_t(const NodePair&)>& channel, const PathTimes* paths,
             std::vector<NodeAssignment>& nodes) {
  std::uint64_t ordinal = 0;
  for (const NodePair& pair : pairs) {
    const auto& [a, b] = pair;
    std::vector<LtlConnection>& of_a = nodes[a].deployment.connections;
    std::vector<LtlConnection>& of_b = nodes[b].deployment.connections;
    const auto cookie = static_cast<std::uint16_t>(cookies.bits(ordinal++));
    const auto row_a = static_cast<std::uint16_t>(of_a.size());
    const auto row_b = static_cast<std::uint16_t>(of_b.size());
    const auto path = [&](std::uint32_t from, std::uint32_t to) {
      return paths == nullptr ? LtlPath{} : paths->between(NodeId{from}, NodeId{to});
    };
    of_a.push_back({NodeId{b}, row_b, cookie, channel(pair), path(a, b)});
    of_b.push_back({NodeId{a}, row_a, cookie, channel(pair), path(b, a)});
  }
}

// A lasting key is never used directly: packet numbers restart in every run, and a number must not
// be used twice under one key.
Key key_of_run(const Key& lasting, const Key& chance) {
  static constexpr std::string_view kPurpose = "key of a run";
  std::vector<std::byte> purpose;
  for (const char c : kPurpose) purpose.push_back(static_cast<std::byte>(c));
  purpose.insert(purpose.end(), chance.begin(), chance.end());
  return derive_key(lasting, purpose);
}

// One key per run. It comes from the kernel if other processes could write into the network; in
// virtual time they cannot, and the run must be a function of its file.
LtlIdentity make_identity(const ClusterSpec& spec) {
  LtlIdentity who;
  const Random chance(spec.seed, "ltl identity");
  who.run_id = chance.bits(0);
  who.epoch = 1;
  who.image_hash = mix64(kLtlProtocol);
  if (spec.time == TimeMode::kWall) {
    SOLITON_CHECK(getrandom(&who.run_id, sizeof who.run_id, 0) == sizeof who.run_id);
    SOLITON_CHECK(getrandom(who.key.data(), who.key.size(), 0) ==
                  static_cast<ssize_t>(who.key.size()));
    if (spec.key) who.key = key_of_run(*spec.key, who.key);
    return who;
  }
  for (std::size_t i = 0; i < who.key.size(); ++i)
    who.key[i] = static_cast<std::byte>(chance.bits(1 + i));
  return who;
}

std::shared_ptr<const std::vector<std::string>> names_of(const ClusterSpec& spec) {
  std::vector<std::string> names;
  for (const NodeSpec& node : spec.nodes) names.push_back(node.name);
  return std::make_shared<const std::vector<std::string>>(std::move(names));
}

void fill_common(const ClusterSpec& spec, const LtlIdentity& identity,
                 std::shared_ptr<const std::vector<std::string>> names, std::uint32_t number,
                 Deployment& deployment) {
  deployment.identity = identity;
  deployment.node = spec.nodes[number].name;
  deployment.id = NodeId{number};
  deployment.time = spec.time == TimeMode::kWall ? TimeBase::kWall : TimeBase::kEmulated;
  deployment.functional_every = functional_every(spec);
  deployment.trace_requests = static_cast<std::uint32_t>(spec.trace_requests);
  deployment.trace_events = spec.trace_requests > 0 ? kTraceEventsPerNode : 0;
  deployment.ltl = spec.ltl;
  deployment.ltl.auth = auth_of(spec);
  if (spec.time == TimeMode::kWall) deployment.ltl = with_wall_floors(deployment.ltl);
  deployment.wall = spec.wall;
  if (spec.wall.wait == WaitMode::kAuto)
    deployment.wall.wait = spec.nodes.size() <= std::thread::hardware_concurrency()
                               ? WaitMode::kSpinThenBlock
                               : WaitMode::kBlock;
  deployment.node_names = std::move(names);
}

// Senders pass on a message when the previous ones have nearly left: often enough to keep a line
// busy, and late enough that a message's time is that of the network.
constexpr Bytes kTrafficQueue{64 << 10};

void add_faults(const ClusterSpec& spec, const Topology& topology, const Routes& routes,
                const FaultPlan& faults, std::vector<NodeAssignment>& nodes) {
  if (spec.time != TimeMode::kWall || faults.rules.empty()) return;
  for (std::uint32_t i = 0; i < nodes.size(); ++i)
    nodes[i].faults = {faults,
                       node_routes(topology, routes, NodeId{i}, peers_of(nodes[i].deployment))};
}

// Over UDP, what all connections of a node may have under way fits the receive buffer this kernel
// grants, because it silently drops the rest.
void fit_receive_buffers(const ClusterSpec& spec, std::vector<NodeAssignment>& nodes) {
  if (spec.time != TimeMode::kWall || spec.wall.carrier != CarrierKind::kUdp) return;
  const Result<Bytes> buffer = granted_receive_buffer();
  if (!buffer) return;  // the nodes will say so
  std::size_t most = 1;
  for (const NodeAssignment& node : nodes)
    most = std::max(most, node.deployment.connections.size());
  const Bytes packet{spec.ltl.mtu};
  const Bytes overhead = udp_charge(packet) - packet;
  for (NodeAssignment& node : nodes) {
    LtlOptions& ltl = node.deployment.ltl;
    const Bytes share{buffer->count / static_cast<std::int64_t>(most)};
    ltl.credit_overhead = std::max(ltl.credit_overhead, overhead);
    ltl.credit = std::max(std::min(ltl.credit, share), packet + ltl.credit_overhead);
  }
}

// What nodes are joined by.
struct Fabric {
  const ClusterSpec& spec;
  const Topology& topology;
  const Routes& routes;
  const FaultPlan& faults;
};
Fabric fabric_of(const PreparedRun& run) {
  return {run.spec, run.topology, *run.live_routes, run.faults};
}

std::uint8_t control_channel(const NodePair&) { return 0; }

// Joins nodes that have their roles.
void wire(const Fabric& fabric, const TalkingNodes& pairs,
          const std::function<std::uint8_t(const NodePair&)>& channel,
          std::vector<NodeAssignment>& nodes) {
  std::set<NodePair> all = pairs.data;
  all.insert(pairs.control.begin(), pairs.control.end());
  const std::optional<PathTimes> paths =
      known_paths(fabric.spec, fabric.topology, fabric.routes, fabric.faults, all);
  const PathTimes* const known = paths ? &*paths : nullptr;
  const std::uint64_t seed = fabric.spec.seed;
  connect(Random(seed, "ltl cookie"), pairs.data, channel, known, nodes);
  connect(Random(seed, "ltl control cookie"), pairs.control, control_channel, known, nodes);
  fit_receive_buffers(fabric.spec, nodes);
  add_faults(fabric.spec, fabric.topology, fabric.routes, fabric.faults, nodes);
  add_node_rules(fabric.spec, fabric.faults, nodes);
}
std::uint8_t exchange_channel(const NodePair&) { return kExchangeChannel; }

std::vector<NodeAssignment> idle_nodes(const ClusterSpec& spec) {
  std::vector<NodeAssignment> nodes(spec.nodes.size());
  const LtlIdentity identity = make_identity(spec);
  const auto names = names_of(spec);
  for (std::uint32_t i = 0; i < nodes.size(); ++i)
    fill_common(spec, identity, names, i, nodes[i].deployment);
  return nodes;
}

// The first node with a measured part is the judge of when all of these are done.
void add_ending(std::vector<SeveralRoles>& roles, std::set<NodePair>& pairs) {
  const auto takes_part = [](const SeveralRoles::Part& part) { return part.role.takes_part(); };
  SeveralRoles::Ending ending{NodeId{UINT32_MAX}, 0, {}};
  for (std::uint32_t i = 0; i < roles.size(); ++i) {
    const auto& parts = roles[i].parts;
    if (!std::any_of(parts.begin(), parts.end(), takes_part)) continue;
    if (ending.awaited++ == 0) ending.judge = NodeId{i};
  }
  const std::uint32_t judge = index(ending.judge);
  for (std::uint32_t i = 0; i < roles.size(); ++i) {
    if (roles[i].parts.empty() || i == judge) continue;
    roles[i].ending = SeveralRoles::Ending{ending.judge, 0, {}};
    ending.told.push_back(NodeId{i});
    pairs.insert({std::min(i, judge), std::max(i, judge)});
  }
  roles[judge].ending = std::move(ending);
}

// Gives every node that has a part in anything one role for all its parts: the last byte of a message
// says whose it is.
void add_workloads(const std::vector<NamedTraffic>& workloads, std::set<NodePair>& pairs,
                   std::vector<NodeAssignment>& nodes) {
  std::vector<SeveralRoles> roles(nodes.size());
  for (std::uint32_t i = 0; i < nodes.size(); ++i)
    if (nodes[i].deployment.role.kind() != nullptr)
      roles[i].parts.push_back({nodes[i].deployment.role, 0, {}});
  for (std::size_t i = 0; i < workloads.size(); ++i) {
    const RoleSpec role(kTrafficRole, workloads[i].traffic);
    for (const auto& [a, b] : talking_pairs(workloads[i].traffic))
      pairs.insert({index(a), index(b)});
    for (const NodeId node : nodes_of(workloads[i].traffic)) {
      roles[index(node)].parts.push_back(
          {role, static_cast<std::uint8_t>(i + 1), workloads[i].start});
      LtlOptions& ltl = nodes[index(node)].deployment.ltl;
      ltl.queue_limit = std::min(ltl.queue_limit, kTrafficQueue);
    }
  }
  const bool endless =
      std::any_of(workloads.begin(), workloads.end(),
                  [](const NamedTraffic& workload) { return !is_measured(workload.traffic); });
  if (endless) add_ending(roles, pairs);
  for (std::uint32_t i = 0; i < nodes.size(); ++i)
    if (!roles[i].parts.empty()) nodes[i].deployment.role = {kSeveralRoles, std::move(roles[i])};
}

std::vector<NodeAssignment> model_assignments(const PreparedRun& run) {
  const ClusterSpec& spec = run.spec;
  std::vector<NodeAssignment> nodes = idle_nodes(spec);
  ModelRoles model = model_roles(run);
  for (std::uint32_t node = 0; node < nodes.size(); ++node)
    nodes[node].deployment.role = model.roles[node];
  if (!spec.workloads.empty()) add_workloads(traffics_of(run), model.pairs, nodes);
  for (NodeAssignment& node : nodes) node.deployment.ltl = before_replies(node.deployment.ltl);
  TalkingNodes talking{model.pairs, {}};
  if (is_managed(spec)) add_manager(run, model, talking, nodes);
  wire(
      fabric_of(run), talking, [&](const NodePair& pair) { return channel_of(pair, model.hosts); },
      nodes);
  return nodes;
}

std::vector<NodeAssignment> workloads_assignments(const PreparedRun& run) {
  std::vector<NodeAssignment> nodes = idle_nodes(run.spec);
  std::set<NodePair> pairs;
  add_workloads(traffics_of(run), pairs, nodes);
  wire(fabric_of(run), {std::move(pairs), {}}, exchange_channel, nodes);
  return nodes;
}

}  // namespace

ClientWorkload client_workload(const ClusterSpec& spec) {
  ClientWorkload workload;
  workload.clients = static_cast<std::uint32_t>(spec.workload.clients);
  workload.requests = static_cast<std::uint32_t>(spec.workload.requests);
  workload.think = spec.workload.think;
  workload.burst = static_cast<std::uint32_t>(spec.workload.burst);
  for (const FieldWord& arrival : kArrivals)
    if (arrival.spelling == spec.workload.arrival)
      workload.arrivals = static_cast<Arrivals>(arrival.number);
  if (spec.workload.rate.per_second > 0)
    workload.mean_gap = milliseconds(1000) / spec.workload.rate.per_second;
  workload.balance = spec.service.balance;
  workload.queue_limit = static_cast<std::uint32_t>(spec.service.queue_limit);
  workload.batch = static_cast<std::uint32_t>(spec.service.batch);
  workload.batch_wait = spec.service.batch_wait;
  return workload;
}

std::uint32_t functional_every(const ClusterSpec& spec) {
  switch (spec.compute) {
    case ComputeKind::kFunctional:
      return 1;
    case ComputeKind::kTiming:
      return 0;
    case ComputeKind::kSampled:
      return static_cast<std::uint32_t>(spec.sample_every);
  }
  return 1;
}

std::vector<NodeAssignment> make_assignments(const ClusterSpec& spec, const Traffic& traffic,
                                             const Topology& topology, const Routes& routes,
                                             const FaultPlan& faults) {
  std::vector<NodeAssignment> nodes = idle_nodes(spec);
  for (NodeAssignment& node : nodes)
    node.deployment.ltl.queue_limit = std::min(spec.ltl.queue_limit, kTrafficQueue);
  // One for all: it names every node that takes part.
  const RoleSpec role(kTrafficRole, traffic);
  std::set<NodePair> pairs;
  for (const auto& [a, b] : talking_pairs(traffic)) {
    pairs.insert({index(a), index(b)});
    for (const NodeId node : {a, b}) nodes[index(node)].deployment.role = role;
  }
  wire({spec, topology, routes, faults}, {std::move(pairs), {}}, exchange_channel, nodes);
  return nodes;
}

std::vector<NodeAssignment> make_assignments(const PreparedRun& run) {
  if (run.spec.workload.traffic)
    return make_assignments(run.spec, traffics_of(run).front().traffic, run.topology,
                            *run.live_routes, run.faults);
  return has_model(run.spec) ? model_assignments(run) : workloads_assignments(run);
}

}  // namespace soliton
