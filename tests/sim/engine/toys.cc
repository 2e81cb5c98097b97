#include "tests/sim/engine/toys.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "fabric/faults/outages.h"
#include "tests/sim/engine/end_reason.h"

namespace soliton {

std::optional<Datagram> Toy::poll_output(Instant) {
  if (polled_ == out_.size()) {
    out_.clear();
    polled_ = 0;
    return std::nullopt;
  }
  return std::move(out_[polled_++]);
}

void Toy::note(const char* what, Instant now, const Datagram* datagram) {
  log_ += fmt::format("{}@{}", what, now.time_since_epoch().count());
  if (datagram) {
    std::uint64_t sum = 0;
    for (const std::byte b : datagram->payload.bytes)
      sum = mix64(sum ^ static_cast<std::uint64_t>(b));
    log_ += fmt::format(" from {} {}+{} B {:x}", index(datagram->source),
                        datagram->payload.bytes.size(), datagram->payload.ghost, sum);
  }
  log_ += '\n';
}

void Toy::send(std::uint32_t to, std::uint64_t real_bytes, std::uint64_t ghost,
               std::uint64_t fill) {
  Datagram datagram{.source = self_, .destination = NodeId{to}};
  datagram.payload.bytes.resize(real_bytes, static_cast<std::byte>(fill));
  datagram.payload.ghost = ghost;
  datagram.traffic_class = static_cast<std::uint8_t>(fill % 2);
  out_.push_back(std::move(datagram));
}

TokenRing::TokenRing(NodeId self, std::uint32_t nodes, std::uint32_t rounds)
    : Toy(self), nodes_(nodes), rounds_(rounds) {
  if (index(self) == 0) deadline_ = kRunStart;
}

void TokenRing::on_input(Datagram datagram, Instant now) {
  note("token", now, &datagram);
  deadline_ = now + nanoseconds(250 + 10 * index(self_));
}

void TokenRing::on_deadline(Instant now) {
  note("pass", now);
  deadline_ = kNever;
  if (rounds_ == 0) return;
  --rounds_;
  send((index(self_) + 1) % nodes_, 64, 0, rounds_);
}

Chatter::Chatter(NodeId self, std::uint32_t nodes, std::uint32_t bursts, std::uint64_t seed)
    : Toy(self),
      nodes_(nodes),
      bursts_(bursts),
      random_(Random(seed, "chatter").child(index(self))) {
  deadline_ = kRunStart + nanoseconds(static_cast<std::int64_t>(random_.below(drawn_++, 3000)));
}

std::uint32_t Chatter::peer(std::uint64_t ordinal) const {
  return (index(self_) + 1 + static_cast<std::uint32_t>(random_.below(ordinal, nodes_ - 1))) %
         nodes_;
}

void Chatter::on_input(Datagram datagram, Instant now) {
  note("in", now, &datagram);
  // An answer to every other burst packet; answers (ghosts) are not answered, so the talk ends.
  if (datagram.payload.ghost == 0 && random_.below(drawn_++, 2) == 0)
    send(index(datagram.source), 32, 200, 1);
  if (random_.below(drawn_++, 8) == 0) deadline_ = std::min(deadline_, now + nanoseconds(40));
}

void Chatter::on_deadline(Instant now) {
  note("due", now);
  deadline_ = kNever;
  if (bursts_ == 0) return;
  --bursts_;
  const std::uint64_t count = 1 + random_.below(drawn_++, 6);
  const std::uint32_t to = peer(drawn_++);
  for (std::uint64_t i = 0; i < count; ++i) send(to, 32 + random_.below(drawn_++, 1400), 0, i);
  deadline_ = now + nanoseconds(static_cast<std::int64_t>(random_.below(drawn_++, 6000)));
}

Topology scenario_topology(const Scenario& scenario) {
  std::vector<PlacedNode> nodes;
  for (std::uint32_t i = 0; i < scenario.nodes; ++i)
    nodes.push_back({fmt::format("fpga{}", i), ""});
  const TopologySpec racks{.name = "dc",
                           .kind = "datacenter",
                           .options = {{"hosts_per_rack", {scenario.rack}}},
                           .pause = scenario.pause};
  auto topology = build_topology(scenario.topology.value_or(racks), nodes);
  EXPECT_TRUE(topology) << topology.error().text();
  for (TopologyLink& link : topology->links) link.queue = scenario.queue;
  return std::move(*topology);
}

namespace {

std::string describe_counts(const NetworkCounters& c, const std::vector<FaultCounters>& faults) {
  std::string out =
      fmt::format("packets {} bytes {} delivered {} queue {} fault {} longest {}\n", c.packets,
                  c.bytes, c.delivered, c.dropped_queue, c.dropped_fault, c.queue_max.count);
  for (const FaultCounters& f : faults)
    out += fmt::format("{}/{}/{}\n", f.hits, f.dropped, f.delayed);
  return out;
}

std::string describe_pauses(const Network& network, const Topology& topology) {
  std::string out;
  for (std::size_t port = 0; network.pauses() && port < 2 * topology.links.size(); ++port)
    out += fmt::format("port {} paused {} times, {} ps\n", port, network.pauses()->pauses(port),
                       network.pauses()->paused(port, network.last_event()).count());
  return out;
}

std::string describe_report(const std::optional<PauseReport>& report) {
  std::string out;
  if (!report) return out;
  for (const PortPauses& port : report->ports)
    out += fmt::format("port {} paused {} times, {} ps, held {} B, dropped {} and {}\n",
                       port_of(port.hop), port.pauses, port.paused.count(), port.held_max.count,
                       port.counters.dropped_queue, port.counters.dropped_watchdog);
  for (const Deadlock& deadlock : report->deadlocks) {
    out += fmt::format("circle at {}:", deadlock.at.time_since_epoch().count());
    for (const Hop hop : deadlock.circle) out += fmt::format(" {}", port_of(hop));
    out += '\n';
  }
  return out;
}

std::string describe_trace(const std::vector<TraceEvent>& trace) {
  std::string out;
  for (const TraceEvent& event : trace)
    out += fmt::format("{} {} {} {}\n", event.at.time_since_epoch().count(),
                       static_cast<int>(event.kind), event.a, event.b);
  return out;
}

template <typename MakeNode>
Outcome run_here(const Scenario& scenario, MakeNode make_node) {
  ScenarioNetwork world(scenario);
  std::vector<std::unique_ptr<Toy>> machines;
  std::vector<std::unique_ptr<EngineNode>> nodes;
  std::vector<EngineNode*> references;
  for (std::uint32_t i = 0; i < scenario.nodes; ++i) {
    machines.push_back(scenario.make(NodeId{i}));
    nodes.push_back(make_node(*machines.back(), NodeId{i}));
    references.push_back(nodes.back().get());
  }
  const auto report = Engine(world.network, references, scenario.options).run();
  EXPECT_TRUE(report) << report.error().message;
  Outcome outcome;
  for (const auto& machine : machines) outcome.logs.push_back(machine->log());
  outcome.fabric = world.describe();
  describe_end(*report, outcome);
  return outcome;
}

}  // namespace

Scenario pausing_chatter(std::uint32_t nodes, std::uint32_t bursts) {
  return {.nodes = nodes,
          .rack = 5,
          .make = [=](NodeId id) { return std::make_unique<Chatter>(id, nodes, bursts, 42); },
          .faults = {.seed = 9,
                     .rules = {{.id = "loss",
                                .links = {0, 1, 2, 8},
                                .options = loss_settings({.p = {50'000'000}})},
                               {.id = "cut",
                                .kind = &kLinkDownFault,
                                .links = {3},
                                .when = {.from = kRunStart + microseconds(10),
                                         .until = kRunStart + microseconds(30)}}}},
          .pause = PriorityPause{.xoff = Bytes{3'100}, .frame = Bytes{1'432 + 66}}};
}

ScenarioNetwork::ScenarioNetwork(const Scenario& scenario)
    : topology(scenario_topology(scenario)),
      routes(topology, outages_of(scenario.faults)),
      trace(100'000),
      network(topology, routes, scenario.faults, &trace) {}

std::string ScenarioNetwork::describe() {
  return describe_counts(network.counters(), network.fault_counters()) +
         describe_pauses(network, topology) + describe_trace(trace.take());
}

void describe_end(const EngineReport& report, Outcome& outcome) {
  outcome.report = report;
  outcome.end =
      fmt::format("{} at {}, {} node events, {} network events", end_reason_name(report.end),
                  report.now.time_since_epoch().count(), report.node_events, report.network_events);
}

Outcome run_packed(const Scenario& scenario) {
  return run_here(scenario,
                  [](Machine& m, NodeId id) { return std::make_unique<LocalNode>(m, id); });
}

Outcome run_cut(const Scenario& scenario, std::uint32_t parts, Team& team) {
  const Topology topology = scenario_topology(scenario);
  const Routes routes(topology, outages_of(scenario.faults));
  CutNetwork network(topology, routes, scenario.faults, parts, 100'000);
  std::vector<std::unique_ptr<Toy>> machines;
  std::vector<std::unique_ptr<LocalNode>> nodes;
  std::vector<EngineNode*> references;
  for (std::uint32_t i = 0; i < scenario.nodes; ++i) {
    machines.push_back(scenario.make(NodeId{i}));
    nodes.push_back(std::make_unique<LocalNode>(*machines.back(), NodeId{i}));
    references.push_back(nodes.back().get());
  }
  std::vector<std::unique_ptr<LocalHub>> hubs;
  std::vector<Hub*> hub_references;
  for (std::uint32_t part = 0; part < network.cut().parts; ++part) {
    hubs.push_back(network.make_hub(part, references));
    hub_references.push_back(hubs.back().get());
  }
  EngineOptions options = scenario.options;
  options.team = &team;
  options.meeting = &network;
  const auto report = Engine(network.cut(), hub_references, network.least_path(), options).run();
  EXPECT_TRUE(report) << report.error().message;
  Outcome outcome;
  for (const auto& machine : machines) outcome.logs.push_back(machine->log());
  describe_end(*report, outcome);
  outcome.pauses = describe_report(network.pause_report(report->now));
  outcome.fabric = describe_counts(network.counters(), network.fault_counters()) +
                   describe_trace(network.take_trace());
  outcome.hubs = hubs.size();
  return outcome;
}

Outcome run_hasty(const Scenario& scenario, Duration most) {
  return run_here(scenario,
                  [&](Machine& m, NodeId id) { return std::make_unique<HastyNode>(m, id, most); });
}

}  // namespace soliton
