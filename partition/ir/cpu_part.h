// What one CPU host runs of a graph: parts, each a graph of its own whose inputs and outputs are
// ports. Written by partition/place, run by node/cpu.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "partition/ir/graph.h"
#include "partition/ir/operator.h"
#include "protocol/base/quantity.h"
#include "protocol/isa/device.h"

namespace soliton {

// A port of a node: where an array goes.
struct PartPort {
  std::string node;
  std::uint16_t port = 0;
  // The array belongs to the next request: state that is carried.
  bool next_request = false;
  bool operator==(const PartPort&) const = default;
};

// A part runs once for each request, in order of requests, when all its inputs are there.
struct CpuPart {
  std::string name;  // "conv0 to softmax", for messages
  ir::Graph graph;
  std::uint16_t first_port = 0;  // input k of the graph is port first_port + k of its node
  std::vector<std::vector<PartPort>> outputs;  // by output of the graph: where it goes
  // By input of the graph: what the first request finds there; absent if every request brings its
  // own.
  std::vector<ir::Array> initial;
};

// Time of one operator on the CPU: its overhead, plus the longer of its arithmetic and the bytes it
// reads and writes. A stated model, not a measurement (docs/timing.md).
Duration cpu_time(const CpuDevice& device, const ir::Work& work, std::int64_t bytes);
// Of one call, by the operator's own count of work.
Duration cpu_time(const CpuDevice& device, const ir::Operator& op, const ir::Call& call,
                  const ir::Outputs& outputs);

}  // namespace soliton
