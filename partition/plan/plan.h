// A plan: which shard runs on which node, what crosses the network, predicted times, and a
// certificate. It is all that `partition` hands to `cluster`. Values only; no search code here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "partition/ir/host_ports.h"
#include "partition/ir/stage_option.h"
#include "protocol/base/breakdown.h"
#include "protocol/isa/shard.h"

namespace soliton {

// What a plan is optimised for: low latency of a request, many requests per second, or few nodes
// that meet the SLA.
enum class Objective : std::uint8_t { kLatency, kThroughput, kNodes };
constexpr const char* objective_name(Objective objective) {
  return objective == Objective::kLatency      ? "latency"
         : objective == Objective::kThroughput ? "throughput"
                                               : "nodes";
}

// One step of one node's part of the model (docs/timing.md), or one request of one step for parts
// that run once a request: lower bounds, and the modelled time if all inputs are there.
struct StepReport {
  std::int64_t udm_cycles = 0;  // limited by dependences alone
  double sdm_cycles = 0;        // limited also by the number of multipliers
  double cycles = 0;            // as modelled
  Duration duration{};          // the same as time
  double mvu_cycles = 0;        // the matrix-vector unit is reserved ...
  double tile_cycles = 0;       // ... for tiles, and not to fill the minimum slot of a chain
  std::int64_t macs = 0;
  Duration with_exchanges{};  // of the stage on this network; zero if no step follows another
  std::string limit;          // "dependence", "MVU", "dispatch floor", "DRAM", "network"
  bool operator==(const StepReport&) const = default;
};

// What one node holds, in words a user can check: "rows 0-63 of gru0".
struct Placement {
  std::string node;
  std::string device;
  std::string place;  // "rack0"
  std::vector<std::string> holds;
  std::vector<MemoryUse> memory;  // per memory
  Duration busy_per_step{};       // slots and depths on its own critical path
  StepReport step;
};

// A run of consecutive layers on nodes of their own, by name: what it takes to make the same plan
// again.
struct PlanStage {
  std::vector<std::string> layers;
  std::vector<std::string> nodes;  // in order of slices
  StageOption option;
  bool operator==(const PlanStage&) const = default;
};

struct Certificate {
  std::string objective;         // latency | throughput | nodes
  Duration value{};              // predicted: the interval for throughput, otherwise the latency
  Duration lower_bound{};        // holds for every plan of the class; 0: none is known
  std::int64_t nodes_bound = 1;  // minimum nodes of any plan of the class that meets the SLA
  // Of the objective; of the number of nodes if that is minimised and an SLA can be met.
  std::string verdict;  // "optimal" | "within X %" | "no proof"
  // What the bounds cover: "contiguous", stages of whole layers; "contiguous within constraints",
  // those of them that keep to what was asked for; "given plan", nothing else.
  std::string plan_class;
  std::string method;       // "every plan played or bounded; 12 plans played, 34 branches"
  std::string cost_model;   // version
  std::int64_t states = 0;  // branches that the search examined
};

struct Plan {
  std::string model;
  std::string host;           // name of the CPU host
  std::vector<Shard> shards;  // one for each used node, in order of NodeId
  HostPorts host_ports;
  std::vector<Placement> placements;
  std::vector<PlanStage> stages;  // of the layers that are on shards, in order
  Certificate certificate;
  std::int64_t batch = 1;  // requests that run together; times below are those of a full batch
  Duration predicted_latency{};  // one request on an idle cluster, host to host
  Breakdown predicted_path;
  Duration predicted_interval{};  // between completions of batches, all stages busy
  std::int64_t steps = 0;         // steps of a request that the predictions assume
  std::int64_t nodes_used = 0;
  std::int64_t cut_bytes_per_request = 0;  // tensor bytes that cross between nodes, host included
  std::int64_t operations = 0;             // per request at `steps`
  std::string missed;  // the SLA, if the plan does not meet it; "": nothing is missed
  // "one device would need 1.9 MiB more memory than it has", or "fits one device".
  std::string one_device;
  // Lines for `soliton plan`: critical path, why not fewer, why not more, notes (why.h).
  std::vector<std::string> explanation;
};

}  // namespace soliton
