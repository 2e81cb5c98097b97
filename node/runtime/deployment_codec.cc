#include "node/runtime/deployment_codec.h"

#include <capnp/message.h>
#include <capnp/serialize.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "node/roles/role_bytes.h"
#include "node/runtime/firing_codec.h"
#include "protocol/base/shortage.h"
#include "protocol/control/control.capnp.h"
#include "protocol/control/settings.h"

namespace soliton {
namespace {

void write_identity(const LtlIdentity& who, wire::Deployment::Identity::Builder out) {
  out.setRunId(who.run_id);
  out.setEpoch(who.epoch);
  out.setImageHash(who.image_hash);
  out.setKey(kj::arrayPtr(reinterpret_cast<const kj::byte*>(who.key.data()), who.key.size()));
}

LtlIdentity read_identity(wire::Deployment::Identity::Reader in) {
  LtlIdentity who;
  who.run_id = in.getRunId();
  who.epoch = in.getEpoch();
  who.image_hash = in.getImageHash();
  const auto key = in.getKey();
  if (key.size() == who.key.size()) std::memcpy(who.key.data(), key.begin(), key.size());
  return who;
}

template <typename T>
T struct_of(const FieldTable& table, wire::Settings::Reader in) {
  T out;
  const Status assigned = assign(table, read_settings(in), &out);
  SOLITON_CHECK_MSG(assigned.has_value(), "{}", assigned.error().message);
  return out;
}

// A rule is its kind's name and a list of settings, so a new kind of fault needs no schema of its
// own. The node finds the kind in the same list as the controller did.
void write_rule(const FaultRule& rule, wire::Faults::Rule::Builder out) {
  out.setId(rule.id);
  out.setKind(std::string(rule.kind->name));
  write_settings(rule.options, out.initOptions());
  out.setLinks(kj::arrayPtr(rule.links.data(), rule.links.size()));
  out.setTarget(rule.target);
  out.setForward(rule.forward);
  out.setBackward(rule.backward);
  write_settings(collect(kFaultScheduleFields, &rule.when), out.initWhen());
  write_settings(collect(kResolvedMatchFields, &rule.match), out.initMatch());
  auto sets = out.initSets(static_cast<unsigned>(rule.sets.size()));
  for (unsigned i = 0; i < sets.size(); ++i) {
    auto nodes = sets.init(i, static_cast<unsigned>(rule.sets[i].size()));
    for (unsigned n = 0; n < nodes.size(); ++n) nodes.set(n, rule.sets[i][n]);
  }
  auto events = out.initEvents(static_cast<unsigned>(rule.events.size()));
  for (unsigned i = 0; i < events.size(); ++i) write_event(rule.events[i], events[i]);
  out.setNodes(kj::arrayPtr(rule.nodes.data(), rule.nodes.size()));
  auto of_nodes = out.initNodeEvents(static_cast<unsigned>(rule.node_events.size()));
  for (unsigned i = 0; i < of_nodes.size(); ++i) write_event(rule.node_events[i], of_nodes[i]);
}

FaultRule read_rule(wire::Faults::Rule::Reader in) {
  FaultRule rule;
  rule.id = in.getId().cStr();
  rule.kind = find_fault_kind(in.getKind().cStr());
  SOLITON_CHECK_MSG(rule.kind != nullptr, "there is no fault kind \"{}\"", in.getKind().cStr());
  rule.options = read_settings(in.getOptions());
  for (const std::uint32_t link : in.getLinks()) rule.links.push_back(link);
  rule.target = in.getTarget().cStr();
  rule.forward = in.getForward();
  rule.backward = in.getBackward();
  rule.when = struct_of<FaultSchedule>(kFaultScheduleFields, in.getWhen());
  rule.match = struct_of<PacketMatch>(kResolvedMatchFields, in.getMatch());
  for (const auto set : in.getSets()) {
    std::vector<std::uint32_t>& nodes = rule.sets.emplace_back();
    for (const std::uint32_t node : set) nodes.push_back(node);
  }
  for (const auto event : in.getEvents()) rule.events.push_back(read_event(event));
  for (const std::uint32_t node : in.getNodes()) rule.nodes.push_back(node);
  for (const auto event : in.getNodeEvents()) rule.node_events.push_back(read_event(event));
  return rule;
}

// Hops travel as port numbers, 2 * link + direction.
constexpr std::uint32_t kNoHop = UINT32_MAX;

std::uint32_t port_or_none(const std::optional<Hop>& hop) {
  return hop ? static_cast<std::uint32_t>(port_of(*hop)) : kNoHop;
}
std::optional<Hop> hop_or_none(std::uint32_t port) {
  return port == kNoHop ? std::optional<Hop>{} : hop_of(port);
}

void write_ways(const TimedWays& ways, wire::Faults::Ways::Builder out) {
  out.setFromPs(ways.from.time_since_epoch().count());
  auto forks = out.initForks(static_cast<unsigned>(ways.forks.size()));
  for (unsigned f = 0; f < forks.size(); ++f) {
    forks[f].setName(ways.forks[f].name);
    auto exits = forks[f].initExits(static_cast<unsigned>(ways.forks[f].exits.size()));
    for (unsigned e = 0; e < exits.size(); ++e) {
      const WayFork::Exit& exit = ways.forks[f].exits[e];
      exits[e].setHop(static_cast<std::uint32_t>(port_of(exit.hop)));
      exits[e].setCable(exit.cable);
      exits[e].setTo(exit.to);
    }
  }
}

TimedWays read_ways(wire::Faults::Ways::Reader in) {
  TimedWays ways{.from = Instant{Duration{in.getFromPs()}}, .forks = {}};
  for (const auto fork : in.getForks()) {
    WayFork& read = ways.forks.emplace_back();
    read.name = fork.getName();
    for (const auto exit : fork.getExits())
      read.exits.push_back({hop_of(exit.getHop()), exit.getCable(), exit.getTo()});
  }
  return ways;
}

void write_routes(const std::vector<PeerRoute>& routes,
                  capnp::List<wire::Faults::Route>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    const PeerRoute& route = routes[i];
    out[i].setPeer(index(route.peer));
    out[i].setFlow(static_cast<std::uint64_t>(route.flow));
    auto to = out[i].initTo(static_cast<unsigned>(route.to.size()));
    for (unsigned w = 0; w < to.size(); ++w) write_ways(route.to[w], to[w]);
    out[i].setLastTo(port_or_none(route.last_to));
    out[i].setLastFrom(port_or_none(route.last_from));
  }
}

std::vector<PeerRoute> read_routes(capnp::List<wire::Faults::Route>::Reader in) {
  std::vector<PeerRoute> routes;
  for (const auto route : in) {
    PeerRoute& read = routes.emplace_back();
    read.peer = NodeId{route.getPeer()};
    read.flow = FlowKey{route.getFlow()};
    for (const auto ways : route.getTo()) read.to.push_back(read_ways(ways));
    read.last_to = hop_or_none(route.getLastTo());
    read.last_from = hop_or_none(route.getLastFrom());
  }
  return routes;
}

void write_faults(const NodeFaults& faults, wire::Faults::Builder out) {
  out.setSeed(faults.plan.seed);
  auto rules = out.initRules(static_cast<unsigned>(faults.plan.rules.size()));
  for (unsigned i = 0; i < rules.size(); ++i) write_rule(faults.plan.rules[i], rules[i]);
  out.setLinks(static_cast<std::uint32_t>(faults.routes.links));
  out.setSpray(faults.routes.spray);
  auto rates = out.initRates(static_cast<unsigned>(faults.routes.rates.size()));
  for (unsigned i = 0; i < rates.size(); ++i) {
    rates[i].setLink(faults.routes.rates[i].first);
    rates[i].setBitsPerSecond(faults.routes.rates[i].second.bits_per_second);
  }
  write_routes(faults.routes.peers,
               out.initRoutes(static_cast<unsigned>(faults.routes.peers.size())));
}

NodeFaults read_faults(wire::Faults::Reader in, NodeId self) {
  NodeFaults faults;
  faults.plan.seed = in.getSeed();
  for (const auto rule : in.getRules()) faults.plan.rules.push_back(read_rule(rule));
  faults.routes = {self, in.getLinks(), in.getSpray(), read_routes(in.getRoutes()), {}};
  for (const auto rate : in.getRates())
    faults.routes.rates.emplace_back(rate.getLink(), BitRate{rate.getBitsPerSecond()});
  return faults;
}

void write_node_rules(const NodeRules& rules, wire::NodeRules::Builder out) {
  out.setSeed(rules.seed);
  out.setUntilPs(rules.until.time_since_epoch().count());
  auto list = out.initRules(static_cast<unsigned>(rules.rules.size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    list[i].setNumber(rules.rules[i].number);
    list[i].setSubject(index(rules.rules[i].subject));
    write_rule(rules.rules[i].rule, list[i].initRule());
  }
}

NodeRules read_node_rules(wire::NodeRules::Reader in) {
  NodeRules out{.seed = in.getSeed(), .until = Instant{Duration{in.getUntilPs()}}, .rules = {}};
  for (const auto rule : in.getRules())
    out.rules.push_back({rule.getNumber(), NodeId{rule.getSubject()}, read_rule(rule.getRule())});
  return out;
}

// Only names that this node's role and messages can use are written, so a deployment does not grow
// with the cluster. The others read back as empty.
void write_names(const Deployment& deployment, wire::Deployment::Builder out) {
  std::vector<NodeId> known = peers_of(deployment);
  known.push_back(deployment.id);
  std::erase_if(known, [&](NodeId id) { return index(id) >= deployment.node_names->size(); });
  auto names = out.initNodeNames(static_cast<unsigned>(known.size()));
  for (unsigned i = 0; i < names.size(); ++i) {
    names[i].setNode(index(known[i]));
    names[i].setName((*deployment.node_names)[index(known[i])]);
  }
}

// A table by NodeId, with gaps: only the nodes that are named have an entry that is not empty.
std::shared_ptr<const std::vector<std::string>> read_names(wire::Deployment::Reader in) {
  auto names = std::make_shared<std::vector<std::string>>();
  for (const auto known : in.getNodeNames()) {
    if (known.getNode() >= names->size()) names->resize(known.getNode() + 1);
    (*names)[known.getNode()] = known.getName().cStr();
  }
  return names;
}

using Kinds = std::span<const RoleKind* const>;

// Options go as lists of settings, by the tables beside their structs, so that a new option needs
// no line here. Connections have fields of their own, as there may be thousands.
void write_deployment(const Deployment& deployment, wire::Deployment::Builder out) {
  out.setNode(deployment.node);
  out.setId(index(deployment.id));
  out.setWallTime(deployment.time == TimeBase::kWall);
  out.setSampleEvery(deployment.functional_every);
  out.setTraceRequests(deployment.trace_requests);
  out.setTraceEvents(deployment.trace_events);
  write_fields(kLtlFields, &deployment.ltl, out.initLtl());
  write_identity(deployment.identity, out.initIdentity());
  write_fields(kWallFields, &deployment.wall, out.initWall());
  auto connections = out.initConnections(static_cast<unsigned>(deployment.connections.size()));
  for (unsigned i = 0; i < connections.size(); ++i) {
    connections[i].setPeer(index(deployment.connections[i].peer));
    connections[i].setRemoteIndex(deployment.connections[i].remote_index);
    connections[i].setCookie(deployment.connections[i].cookie);
    connections[i].setChannel(deployment.connections[i].channel);
    const LtlPath& path = deployment.connections[i].path;
    connections[i].setRoundTripPs(path.round_trip.count());
    connections[i].setHoldPs(path.hold.count());
    connections[i].setLineRate(path.line.bits_per_second);
    connections[i].setPort(path.port);
  }
  write_names(deployment, out);
  if (deployment.role.kind() != nullptr) write_role(deployment.role, out.initRole());
}

Result<Deployment> read_deployment(wire::Deployment::Reader in, Kinds kinds) {
  Deployment deployment;
  deployment.node = in.getNode().cStr();
  deployment.id = NodeId{in.getId()};
  deployment.time = in.getWallTime() ? TimeBase::kWall : TimeBase::kEmulated;
  deployment.functional_every = in.getSampleEvery();
  deployment.trace_requests = in.getTraceRequests();
  deployment.trace_events = in.getTraceEvents();
  read_fields(kLtlFields, in.getLtl(), &deployment.ltl);
  deployment.identity = read_identity(in.getIdentity());
  read_fields(kWallFields, in.getWall(), &deployment.wall);
  for (const auto connection : in.getConnections())
    deployment.connections.push_back(
        {NodeId{connection.getPeer()}, connection.getRemoteIndex(), connection.getCookie(),
         connection.getChannel(),
         LtlPath{Duration{connection.getRoundTripPs()}, Duration{connection.getHoldPs()},
                 BitRate{connection.getLineRate()}, connection.getPort()}});
  deployment.node_names = read_names(in);
  if (in.hasRole()) {
    Result<RoleSpec> role = read_role(in.getRole(), kinds);
    if (!role) return tl::unexpected<Error>(role.error());
    deployment.role = std::move(*role);
  }
  return deployment;
}

NodeAssignment assignment_of(Deployment deployment, wire::Deployment::Reader root) {
  NodeAssignment assignment;
  if (root.hasFaults()) assignment.faults = read_faults(root.getFaults(), deployment.id);
  if (root.hasRules()) assignment.rules = read_node_rules(root.getRules());
  assignment.deployment = std::move(deployment);
  return assignment;
}

}  // namespace

// A node inherits the descriptor; the file has no name in any file system and is gone with its last
// user, however that ends.
Result<int> write_assignment(const NodeAssignment& assignment) {
  const int descriptor =
      memfd_create(("soliton-" + assignment.deployment.node).c_str(), MFD_CLOEXEC);
  if (descriptor < 0) return tl::unexpected<Error>(shortage("shard file: memfd_create", errno));
  // Cap'n Proto reports errors by exceptions; they become values here and in read_assignment().
  try {
    capnp::MallocMessageBuilder message;
    const wire::Deployment::Builder root = message.initRoot<wire::Deployment>();
    write_deployment(assignment.deployment, root);
    if (!assignment.faults.plan.rules.empty()) {
      wire::Deployment::Builder with_faults = root;
      write_faults(assignment.faults, with_faults.initFaults());
    }
    if (!assignment.rules.empty()) {
      wire::Deployment::Builder with_rules = root;
      write_node_rules(assignment.rules, with_rules.initRules());
    }
    const std::size_t size = capnp::computeSerializedSizeInWords(message) * sizeof(capnp::word);
    if (ftruncate(descriptor, static_cast<off_t>(size)) != 0) {
      const Error error = shortage(fmt::format("shard file of {} bytes", size), errno);
      close(descriptor);
      return tl::unexpected<Error>(error);
    }
    capnp::writeMessageToFd(descriptor, message);
  } catch (const kj::Exception& error) {
    close(descriptor);
    return failure(ErrorCode::kEnvironment,
                   std::string("shard file: ") + error.getDescription().cStr());
  }
  return descriptor;
}

// Cap'n Proto limits the bytes that may be visited in all, and every access to a list counts again,
// so the limit is a small multiple of the size.
Result<NodeAssignment> read_assignment(int descriptor, Kinds kinds) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0)
    return invalid(fmt::format("shard file: {}", std::strerror(errno)));
  const auto size = static_cast<std::size_t>(status.st_size);
  // Read where it lies: only what a deployment keeps is copied.
  void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) return tl::unexpected<Error>(shortage("shard file: mmap", errno));
  Result<NodeAssignment> out = invalid("shard file: empty");
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = 4 * size / sizeof(capnp::word) + 64;
    options.nestingLimit = 256;  // graphs in graphs: bodies of operators, some levels each
    capnp::FlatArrayMessageReader reader(
        kj::arrayPtr(static_cast<const capnp::word*>(mapped), size / sizeof(capnp::word)), options);
    const wire::Deployment::Reader root = reader.getRoot<wire::Deployment>();
    Result<Deployment> deployment = read_deployment(root, kinds);
    if (deployment)
      out = assignment_of(std::move(*deployment), root);
    else
      out = tl::unexpected<Error>(deployment.error());
  } catch (const kj::Exception& error) {
    out = invalid(std::string("shard file: ") + error.getDescription().cStr());
  }
  munmap(mapped, size);
  return out;
}

}  // namespace soliton
