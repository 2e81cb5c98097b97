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

void write_rule(const FaultRule& rule, wire::Faults::Rule::Builder out) {
  out.setId(rule.id);
  out.setKind(static_cast<std::uint8_t>(rule.kind));
  out.setLinks(kj::arrayPtr(rule.links.data(), rule.links.size()));
  out.setTarget(rule.target);
  out.setForward(rule.forward);
  out.setBackward(rule.backward);
  out.setFromPs(rule.from.time_since_epoch().count());
  out.setUntilPs(rule.until.time_since_epoch().count());
  out.setLossPpb(rule.loss.parts_per_billion);
  out.setMaxBurst(rule.max_burst);
  out.setDelayPs(rule.delay.count());
  out.setJitterPs(rule.jitter.count());
}

FaultRule read_rule(wire::Faults::Rule::Reader in) {
  FaultRule rule;
  rule.id = in.getId().cStr();
  rule.kind = static_cast<FaultKind>(in.getKind());
  for (const std::uint32_t link : in.getLinks()) rule.links.push_back(link);
  rule.target = in.getTarget().cStr();
  rule.forward = in.getForward();
  rule.backward = in.getBackward();
  rule.from = Instant{Duration{in.getFromPs()}};
  rule.until = Instant{Duration{in.getUntilPs()}};
  rule.loss = Probability{in.getLossPpb()};
  rule.max_burst = in.getMaxBurst();
  rule.delay = Duration{in.getDelayPs()};
  rule.jitter = Duration{in.getJitterPs()};
  return rule;
}

void write_routes(const std::vector<std::vector<Hop>>& routes,
                  capnp::List<wire::Faults::Route>::Builder out) {
  for (unsigned peer = 0; peer < out.size(); ++peer) {
    out[peer].setPeer(peer);
    auto links = out[peer].initLinks(static_cast<unsigned>(routes[peer].size()));
    auto directions = out[peer].initDirections(static_cast<unsigned>(routes[peer].size()));
    for (unsigned hop = 0; hop < links.size(); ++hop) {
      links.set(hop, routes[peer][hop].link);
      directions.set(hop, routes[peer][hop].direction);
    }
  }
}

std::vector<std::vector<Hop>> read_routes(capnp::List<wire::Faults::Route>::Reader in) {
  std::vector<std::vector<Hop>> routes;
  for (const auto route : in) {
    std::vector<Hop>& hops = routes.emplace_back();
    const auto links = route.getLinks();
    const auto directions = route.getDirections();
    for (unsigned hop = 0; hop < links.size(); ++hop) hops.push_back({links[hop], directions[hop]});
  }
  return routes;
}

void write_faults(const NodeFaults& faults, wire::Faults::Builder out) {
  out.setSeed(faults.plan.seed);
  auto rules = out.initRules(static_cast<unsigned>(faults.plan.rules.size()));
  for (unsigned i = 0; i < rules.size(); ++i) write_rule(faults.plan.rules[i], rules[i]);
  out.setLinks(static_cast<std::uint32_t>(faults.routes.links));
  write_routes(faults.routes.to, out.initSends(static_cast<unsigned>(faults.routes.to.size())));
  write_routes(faults.routes.from,
               out.initReceives(static_cast<unsigned>(faults.routes.from.size())));
}

NodeFaults read_faults(wire::Faults::Reader in, NodeId self) {
  NodeFaults faults;
  faults.plan.seed = in.getSeed();
  for (const auto rule : in.getRules()) faults.plan.rules.push_back(read_rule(rule));
  faults.routes = {self, in.getLinks(), read_routes(in.getSends()), read_routes(in.getReceives())};
  return faults;
}

using Kinds = std::span<const RoleKind* const>;

void write_role(const RoleSpec& role, wire::Role::Builder out) {
  out.setKind(role.name());
  RoleBytesOut bytes{out.initOptions(), out.initBody()};
  role.kind()->write(role, bytes);
}

Result<RoleSpec> read_role(wire::Role::Reader in, Kinds kinds) {
  const RoleKind* const kind = find_role_kind(in.getKind().cStr(), kinds);
  if (kind == nullptr)
    return invalid(fmt::format("shard file: no role called \"{}\"", in.getKind().cStr()));
  return kind->read({in.getOptions(), in.getBody()});
}

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
  auto names = out.initNodeNames(static_cast<unsigned>(deployment.node_names.size()));
  for (unsigned i = 0; i < names.size(); ++i) names.set(i, deployment.node_names[i]);
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
  for (const auto name : in.getNodeNames()) deployment.node_names.emplace_back(name.cStr());
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
  assignment.deployment = std::move(deployment);
  return assignment;
}

}  // namespace

Result<int> write_assignment(const NodeAssignment& assignment) {
  const int descriptor =
      memfd_create(("soliton-" + assignment.deployment.node).c_str(), MFD_CLOEXEC);
  if (descriptor < 0) return tl::unexpected<Error>(shortage("shard file: memfd_create", errno));
  try {
    capnp::MallocMessageBuilder message;
    const wire::Deployment::Builder root = message.initRoot<wire::Deployment>();
    write_deployment(assignment.deployment, root);
    if (!assignment.faults.plan.rules.empty()) {
      wire::Deployment::Builder with_faults = root;
      write_faults(assignment.faults, with_faults.initFaults());
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

Result<NodeAssignment> read_assignment(int descriptor, Kinds kinds) {
  struct stat status {};
  if (fstat(descriptor, &status) != 0)
    return invalid(fmt::format("shard file: {}", std::strerror(errno)));
  const auto size = static_cast<std::size_t>(status.st_size);
  void* const mapped = mmap(nullptr, size, PROT_READ, MAP_SHARED, descriptor, 0);
  if (mapped == MAP_FAILED) return tl::unexpected<Error>(shortage("shard file: mmap", errno));
  Result<NodeAssignment> out = invalid("shard file: empty");
  try {
    capnp::ReaderOptions options;
    options.traversalLimitInWords = 4 * size / sizeof(capnp::word) + 64;
    options.nestingLimit = 16;
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
