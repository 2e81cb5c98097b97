// Toy machines and drivers for the engine's tests. A machine writes down every call, so two runs
// can be compared.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "fabric/machine.h"
#include "fabric/sim/cut_network.h"
#include "fabric/sim/engine.h"
#include "fabric/sim/local_node.h"
#include "protocol/base/rng.h"

namespace soliton {

class Toy : public Machine {
 public:
  explicit Toy(NodeId self) : self_(self) {}
  std::optional<Datagram> poll_output(Instant now) override;
  Instant next_deadline() const override { return deadline_; }
  const std::string& log() const { return log_; }

 protected:
  void note(const char* what, Instant now, const Datagram* datagram = nullptr);
  void send(std::uint32_t to, std::uint64_t real_bytes, std::uint64_t ghost, std::uint64_t fill);

  NodeId self_;
  Instant deadline_ = kNever;

 private:
  std::vector<Datagram> out_;
  std::size_t polled_ = 0;
  std::string log_;
};

// One token circulates; each node keeps it for a while.
class TokenRing : public Toy {
 public:
  TokenRing(NodeId self, std::uint32_t nodes, std::uint32_t rounds);
  void on_input(Datagram datagram, Instant now) override;
  void on_deadline(Instant now) override;

 private:
  std::uint32_t nodes_;
  std::uint32_t rounds_;
};

// Every node sends bursts to random peers at random times, and answers some of the messages it
// receives.
class Chatter : public Toy {
 public:
  Chatter(NodeId self, std::uint32_t nodes, std::uint32_t bursts, std::uint64_t seed);
  void on_input(Datagram datagram, Instant now) override;
  void on_deadline(Instant now) override;

 private:
  std::uint32_t peer(std::uint64_t ordinal) const;

  std::uint32_t nodes_;
  std::uint32_t bursts_;
  Random random_;
  std::uint64_t drawn_ = 0;
};

using MachineMaker = std::function<std::unique_ptr<Toy>(NodeId)>;

// A cluster of `nodes` toys in racks of `rack`, with faults and queues that matter.
struct Scenario {
  std::uint32_t nodes = 2;
  std::int64_t rack = 256;
  MachineMaker make;
  FaultPlan faults;
  Bytes queue{16 << 20};
  EngineOptions options;
  std::optional<PriorityPause> pause = std::nullopt;
  std::optional<TopologySpec> topology = std::nullopt;  // in place of racks
};

// Chatters whose packets pause cards and ports between switches, and are lost on some links.
Scenario pausing_chatter(std::uint32_t nodes, std::uint32_t bursts);

// Everything that must not depend on how the nodes are run.
struct Outcome {
  std::vector<std::string> logs;  // by node
  std::string fabric;             // counters and trace
  std::string end;                // reason, instant, numbers of events
  std::string pauses = {};        // of run_cut(), which looks for circles too
  EngineReport report;
  std::size_t hubs = 1;
  bool operator==(const Outcome& other) const {
    return logs == other.logs && fabric == other.fabric && end == other.end;
  }
};

// The network of a scenario.
struct ScenarioNetwork {
  explicit ScenarioNetwork(const Scenario& scenario);
  std::string describe();

  Topology topology;
  Routes routes;
  EarliestEvents trace;
  Network network;
};
Topology scenario_topology(const Scenario& scenario);
void describe_end(const EngineReport& report, Outcome& outcome);

// Gives its machine less time than was granted: windows of at most `most`, as if rings were always
// full.
class HastyNode : public EngineNode {
 public:
  HastyNode(Machine& machine, NodeId self, Duration most) : node_(machine, self), most_(most) {}
  void deliver(Frame frame) override { node_.deliver(std::move(frame)); }
  Instant next_event() const override { return node_.next_event(); }
  void grant(Instant until) override { node_.grant(std::min(until, node_.next_event() + most_)); }
  Status collect(std::vector<Frame>& sent) override { return node_.collect(sent); }
  Instant last_event() const override { return node_.last_event(); }
  std::uint64_t events() const override { return node_.events(); }
  RunEnd run_end() const override { return node_.run_end(); }

 private:
  LocalNode node_;
  Duration most_;
};

Outcome run_packed(const Scenario& scenario);
Outcome run_hasty(const Scenario& scenario, Duration most);
// The network cut into `parts`, whose hubs `team` plays.
Outcome run_cut(const Scenario& scenario, std::uint32_t parts, Team& team);
// Runs a forked process per node, over rings of this size.
Outcome run_processes(const Scenario& scenario, std::size_t ring_bytes);

}  // namespace soliton
