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

#include "protocol/base/shortage.h"
#include "protocol/control/control.capnp.h"
#include "protocol/control/shard_codec.h"

namespace soliton {
namespace {

void write_congestion(const CongestionOptions& o, wire::Deployment::Congestion::Builder out) {
  out.setEnabled(o.enabled);
  out.setLineRate(o.line_rate.bits_per_second);
  out.setRateMin(o.rate_min.bits_per_second);
  out.setCnpIntervalPs(o.cnp_interval.count());
  out.setAlphaGain(o.alpha_gain);
  out.setAlphaTimerPs(o.alpha_timer.count());
  out.setRateTimerPs(o.rate_timer.count());
  out.setByteCounter(o.byte_counter.count);
  out.setRecoverySteps(o.recovery_steps);
  out.setAdditiveStep(o.additive_step.bits_per_second);
}

CongestionOptions read_congestion(wire::Deployment::Congestion::Reader in) {
  CongestionOptions o;
  o.enabled = in.getEnabled();
  o.line_rate = {in.getLineRate()};
  o.rate_min = {in.getRateMin()};
  o.cnp_interval = Duration{in.getCnpIntervalPs()};
  o.alpha_gain = in.getAlphaGain();
  o.alpha_timer = Duration{in.getAlphaTimerPs()};
  o.rate_timer = Duration{in.getRateTimerPs()};
  o.byte_counter = Bytes{in.getByteCounter()};
  o.recovery_steps = in.getRecoverySteps();
  o.additive_step = {in.getAdditiveStep()};
  return o;
}

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

void write_ltl(const LtlOptions& ltl, wire::Deployment::LtlOptions::Builder out) {
  out.setMtu(ltl.mtu);
  out.setWindow(ltl.window);
  out.setCredit(ltl.credit.count);
  out.setTimeoutPs(ltl.timeout.count());
  out.setTimeoutMaxPs(ltl.timeout_max.count());
  out.setReorderTolerancePs(ltl.reorder_tolerance.count());
  out.setAckEvery(ltl.ack_every);
  out.setQueueLimit(ltl.queue_limit.count);
  out.setGoBackN(ltl.recovery == RecoveryMode::kGoBackN);
  out.setFirstSequence(ltl.first_sequence);
  out.setAckDelayPs(ltl.ack_delay.count());
  out.setTimeoutRtts(ltl.timeout_rtts);
  out.setSampleEvery(ltl.sample_every);
  out.setCreditOverhead(ltl.credit_overhead.count);
  out.setPacking(ltl.packing.count);
  out.setCrc(ltl.crc);
  out.setStore(ltl.store.count);
  out.setWeights(kj::arrayPtr(ltl.weights.data(), ltl.weights.size()));
  out.setHandshake(ltl.handshake);
  out.setAuth(static_cast<std::uint8_t>(ltl.auth));
  out.setMisses(ltl.misses);
  out.setSilenceMinPs(ltl.silence_min.count());
  write_congestion(ltl.congestion, out.initCongestion());
}

LtlOptions read_ltl(wire::Deployment::LtlOptions::Reader in) {
  LtlOptions ltl;
  ltl.mtu = in.getMtu();
  ltl.window = in.getWindow();
  ltl.credit = Bytes{in.getCredit()};
  ltl.timeout = Duration{in.getTimeoutPs()};
  ltl.timeout_max = Duration{in.getTimeoutMaxPs()};
  ltl.reorder_tolerance = Duration{in.getReorderTolerancePs()};
  ltl.ack_every = in.getAckEvery();
  ltl.queue_limit = Bytes{in.getQueueLimit()};
  ltl.recovery = in.getGoBackN() ? RecoveryMode::kGoBackN : RecoveryMode::kSelective;
  ltl.first_sequence = in.getFirstSequence();
  ltl.ack_delay = Duration{in.getAckDelayPs()};
  ltl.timeout_rtts = in.getTimeoutRtts();
  ltl.sample_every = in.getSampleEvery();
  ltl.credit_overhead = Bytes{in.getCreditOverhead()};
  ltl.packing = Bytes{in.getPacking()};
  ltl.crc = in.getCrc();
  ltl.store = Bytes{in.getStore()};
  const auto weights = in.getWeights();
  if (weights.size() == ltl.weights.size())
    std::copy(weights.begin(), weights.end(), ltl.weights.begin());
  ltl.handshake = in.getHandshake();
  ltl.auth = static_cast<AuthMode>(in.getAuth());
  ltl.misses = in.getMisses();
  ltl.silence_min = Duration{in.getSilenceMinPs()};
  ltl.congestion = read_congestion(in.getCongestion());
  return ltl;
}

void write_workload(const Deployment& deployment, wire::Workload::Builder out) {
  out.setClients(deployment.clients);
  out.setRequests(deployment.requests);
  out.setThinkPs(deployment.think.count());
  out.setArrivals(static_cast<std::uint8_t>(deployment.arrivals));
  out.setMeanGapPs(deployment.mean_gap.count());
  out.setBatch(deployment.batch);
  out.setBatchWaitPs(deployment.batch_wait.count());
  out.setSeed(deployment.inputs.seed);
  out.setSteps(static_cast<std::uint32_t>(deployment.inputs.random_steps));
  std::vector<std::int32_t> symbols;
  std::vector<float> values;
  std::vector<std::uint32_t> lengths;
  for (const RequestInput& input : deployment.inputs.given) {
    symbols.insert(symbols.end(), input.symbols.begin(), input.symbols.end());
    values.insert(values.end(), input.values.begin(), input.values.end());
    lengths.push_back(static_cast<std::uint32_t>(input.steps));
  }
  out.setSymbols(kj::arrayPtr(symbols.data(), symbols.size()));
  out.setValues(kj::arrayPtr(values.data(), values.size()));
  out.setLengths(kj::arrayPtr(lengths.data(), lengths.size()));
}

void read_workload(wire::Workload::Reader in, Deployment& deployment) {
  deployment.clients = in.getClients();
  deployment.requests = in.getRequests();
  deployment.think = Duration{in.getThinkPs()};
  deployment.arrivals = static_cast<Arrivals>(in.getArrivals());
  deployment.mean_gap = Duration{in.getMeanGapPs()};
  deployment.batch = in.getBatch();
  deployment.batch_wait = Duration{in.getBatchWaitPs()};
  deployment.inputs.seed = in.getSeed();
  deployment.inputs.random_steps = in.getSteps();
  const std::int64_t width = deployment.host ? deployment.host->input : 0;
  // Got once: every access to a list of a message counts against its traversal limit.
  const auto symbols = in.getSymbols();
  const auto values = in.getValues();
  unsigned symbol = 0, value = 0;
  for (const std::uint32_t steps : in.getLengths()) {
    RequestInput input;
    input.steps = steps;
    if (symbols.size() > 0)
      for (std::uint32_t i = 0; i < steps; ++i) input.symbols.push_back(symbols[symbol++]);
    else
      for (std::int64_t i = 0; i < steps * width; ++i) input.values.push_back(values[value++]);
    deployment.inputs.given.push_back(std::move(input));
  }
}

void write_traffic(const Traffic& traffic, wire::Traffic::Builder out) {
  out.setKind(static_cast<std::uint8_t>(traffic.kind));
  out.setSchedule(static_cast<std::uint8_t>(traffic.schedule));
  auto senders = out.initSenders(static_cast<unsigned>(traffic.senders.size()));
  for (unsigned i = 0; i < senders.size(); ++i) senders.set(i, index(traffic.senders[i]));
  out.setReceiver(index(traffic.receiver));
  out.setBytes(traffic.bytes);
  out.setCount(traffic.count);
  out.setSeed(traffic.seed);
  out.setContents(traffic.contents);
}

Traffic read_traffic(wire::Traffic::Reader in) {
  Traffic traffic;
  traffic.kind = static_cast<TrafficKind>(in.getKind());
  traffic.schedule = static_cast<GatherSchedule>(in.getSchedule());
  for (const std::uint32_t sender : in.getSenders()) traffic.senders.push_back(NodeId{sender});
  traffic.receiver = NodeId{in.getReceiver()};
  traffic.bytes = in.getBytes();
  traffic.count = in.getCount();
  traffic.seed = in.getSeed();
  traffic.contents = in.getContents();
  return traffic;
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

void write_routes(const std::vector<PeerRoute>& routes,
                  capnp::List<wire::Faults::Route>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    const PeerRoute& route = routes[i];
    out[i].setPeer(index(route.peer));
    auto to = out[i].initTo(static_cast<unsigned>(route.to.size()));
    for (unsigned hop = 0; hop < to.size(); ++hop)
      to.set(hop, static_cast<std::uint32_t>(port_of(route.to[hop])));
    out[i].setLast(static_cast<std::uint32_t>(port_of(route.last)));
  }
}

std::vector<PeerRoute> read_routes(capnp::List<wire::Faults::Route>::Reader in) {
  std::vector<PeerRoute> routes;
  for (const auto route : in) {
    PeerRoute& read = routes.emplace_back();
    read.peer = NodeId{route.getPeer()};
    for (const std::uint32_t port : route.getTo()) read.to.push_back(hop_of(port));
    read.last = hop_of(route.getLast());
  }
  return routes;
}

void write_faults(const NodeFaults& faults, wire::Faults::Builder out) {
  out.setSeed(faults.plan.seed);
  auto rules = out.initRules(static_cast<unsigned>(faults.plan.rules.size()));
  for (unsigned i = 0; i < rules.size(); ++i) write_rule(faults.plan.rules[i], rules[i]);
  out.setLinks(static_cast<std::uint32_t>(faults.routes.links));
  write_routes(faults.routes.peers,
               out.initRoutes(static_cast<unsigned>(faults.routes.peers.size())));
}

NodeFaults read_faults(wire::Faults::Reader in, NodeId self) {
  NodeFaults faults;
  faults.plan.seed = in.getSeed();
  for (const auto rule : in.getRules()) faults.plan.rules.push_back(read_rule(rule));
  faults.routes = {self, in.getLinks(), read_routes(in.getRoutes())};
  return faults;
}

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

std::shared_ptr<const std::vector<std::string>> read_names(wire::Deployment::Reader in) {
  auto names = std::make_shared<std::vector<std::string>>();
  for (const auto known : in.getNodeNames()) {
    if (known.getNode() >= names->size()) names->resize(known.getNode() + 1);
    (*names)[known.getNode()] = known.getName().cStr();
  }
  return names;
}

void write_deployment(const Deployment& deployment, wire::Deployment::Builder out) {
  out.setNode(deployment.node);
  out.setId(index(deployment.id));
  out.setWall(deployment.time == TimeBase::kWall);
  out.setSampleEvery(deployment.functional_every);
  out.setTraceRequests(deployment.trace_requests);
  out.setTraceEvents(deployment.trace_events);
  write_ltl(deployment.ltl, out.initLtl());
  write_identity(deployment.identity, out.initIdentity());
  out.setCarrier(static_cast<std::uint8_t>(deployment.wall.carrier));
  out.setWait(static_cast<std::uint8_t>(deployment.wall.wait));
  out.setSpinPs(deployment.wall.spin.count());
  out.setListen(deployment.wall.listen);
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
  if (deployment.shard) write_shard(*deployment.shard, out.initShard());
  if (deployment.host) {
    write_host_shard(*deployment.host, out.initHost());
    write_workload(deployment, out.initWorkload());
  }
  if (deployment.traffic) write_traffic(*deployment.traffic, out.initTraffic());
}

Result<Deployment> read_deployment(wire::Deployment::Reader in) {
  Deployment deployment;
  deployment.node = in.getNode().cStr();
  deployment.id = NodeId{in.getId()};
  deployment.time = in.getWall() ? TimeBase::kWall : TimeBase::kEmulated;
  deployment.functional_every = in.getSampleEvery();
  deployment.trace_requests = in.getTraceRequests();
  deployment.trace_events = in.getTraceEvents();
  deployment.ltl = read_ltl(in.getLtl());
  deployment.identity = read_identity(in.getIdentity());
  deployment.wall = {static_cast<CarrierKind>(in.getCarrier()), static_cast<WaitMode>(in.getWait()),
                     Duration{in.getSpinPs()}, in.getListen()};
  for (const auto connection : in.getConnections())
    deployment.connections.push_back(
        {NodeId{connection.getPeer()}, connection.getRemoteIndex(), connection.getCookie(),
         connection.getChannel(),
         LtlPath{Duration{connection.getRoundTripPs()}, Duration{connection.getHoldPs()},
                 BitRate{connection.getLineRate()}, connection.getPort()}});
  deployment.node_names = read_names(in);
  if (in.hasShard()) {
    Result<Shard> shard = read_shard(in.getShard());
    if (!shard) return tl::unexpected<Error>(shard.error());
    deployment.shard = std::move(*shard);
  }
  if (in.hasHost()) {
    deployment.host = read_host_shard(in.getHost());
    read_workload(in.getWorkload(), deployment);
  }
  if (in.hasTraffic()) deployment.traffic = read_traffic(in.getTraffic());
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

Result<NodeAssignment> read_assignment(int descriptor) {
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
    Result<Deployment> deployment = read_deployment(root);
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
