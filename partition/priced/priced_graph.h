// A graph of operators whose times and transfers are known, and the nodes that may run them: what
// `soliton plan --graph` reads (docs/planner.md, "Priced graphs"). Plain values, no search and no
// costs: the search (partition/assign) and the checker (partition/verify) share nothing else.
#pragma once

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton::priced {

enum class NodeKind : std::uint8_t {
  kAccelerator,  // has a memory limit and pays for what crosses its border
  kCpu,          // neither; for objective latency, runs any operator as soon as it may start
};

// Nodes that can stand in for each other. They are called `prefix` and a number: fpga0, fpga1, …
struct NodeClass {
  std::string prefix;
  NodeKind kind = NodeKind::kAccelerator;
  std::int64_t count = 0;
  Bytes memory{std::numeric_limits<std::int64_t>::max()};  // of each; accelerators only
};

struct Operator {
  std::string id;  // unique; for the public format the number in decimal digits
  std::string name;
  // By class of nodes; nullopt: such nodes cannot run it.
  std::vector<std::optional<Duration>> times;
  // Time an accelerator needs to send the output to the host or to fetch it from there. The same
  // for every consumer.
  Duration transfer{};
  Bytes size{};  // memory it takes on an accelerator
  // Operators of one group stay on one node. Groups are numbered from 0 without gaps, in the order
  // of their first operator.
  std::size_t group = 0;
};

// `to` reads the output of `from`: indices of operators.
struct Edge {
  std::size_t from = 0;
  std::size_t to = 0;
};

// What every graph that read_priced() returns keeps: at least one operator; edges without cycles,
// self-loops and duplicates; at least one node; times for every class; each group can run on some
// node as far as kinds and memory of one node go; no time negative; the sums of all times of a
// class, with each transfer twice, and of all sizes stay below 2^62.
struct PricedGraph {
  std::vector<NodeClass> classes;
  std::vector<Operator> operators;
  std::vector<Edge> edges;
};

// The number of groups.
std::size_t group_count(const PricedGraph& graph);

enum class Objective : std::uint8_t { kThroughput, kLatency };
const char* objective_name(Objective objective);  // "throughput", "latency"
std::optional<Objective> parse_objective(const std::string& name);

}  // namespace soliton::priced
