// What one CPU host runs of a graph: parts, each a graph of its own whose inputs and outputs are
// ports. Written by partition/place, run by node/cpu.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "partition/ir/graph.h"
#include "partition/ir/operator.h"
#include "protocol/base/quantity.h"
#include "protocol/isa/device.h"

namespace soliton {

// How an array goes to a port of an FPGA, which takes a message of fp16 values for each token. The
// array is seen as tokens x width, row-major, whatever its shape. Values are rounded to the nearest
// fp16 value, ties to even.
struct StreamCut {
  std::int64_t tokens = 1;    // 0: one for each step of the request
  std::int64_t offset = 0;    // of the values within a row
  std::int64_t elements = 0;  // of a message
  bool reversed = false;      // the last token goes first
  // Of every request, as the data header says to the NPU; 0: each has its own. Those of the next
  // request, to which state goes, are not known then, and the header says 0.
  std::int64_t steps = 1;
  bool operator==(const StreamCut&) const = default;
};

// A port of a node: where an array goes.
struct PartPort {
  std::string node;
  std::uint16_t port = 0;
  // The array belongs to the next request: state that is carried.
  bool next_request = false;
  // A port of an FPGA; absent: the array goes as one message.
  std::optional<StreamCut> stream = std::nullopt;
  bool operator==(const PartPort&) const = default;
};

// The same values of each row of an array, from one sender: a message of fp16 values for each
// token.
struct StreamSlice {
  std::int64_t offset = 0;    // of the values within a row
  std::int64_t elements = 0;  // of a message
  bool reversed = false;      // the last token comes first
  bool operator==(const StreamSlice&) const = default;
};

// An array that comes from FPGAs in slices of its rows, each to a port of its own. The slices hold
// every value of a row once. When it is complete it goes to `to`, as if a part had made it at no
// cost.
struct StreamIn {
  std::uint16_t first_port = 0;  // slice k comes to port first_port + k of its node
  std::vector<StreamSlice> slices;
  // Of the array, seen as tokens x width. One extent is kOpen if there is a token for each step of the
  // request, which is what `tokens` 0 says.
  ir::Shape shape;
  std::int64_t tokens = 1;
  std::vector<PartPort> to;
  ir::ElementType type = ir::ElementType::kFloat32;  // of the array: real numbers
  bool operator==(const StreamIn&) const = default;
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

// An array that the clients send when the first request begins, as part of it: the state with which
// FPGAs begin.
using InitialArray = std::pair<ir::Array, std::vector<PartPort>>;

// In a request of `steps` steps: how many tokens there are of `tokens`, 0 for one each step, and the
// extents of a StreamIn.
constexpr std::int64_t tokens_in(std::int64_t tokens, std::int64_t steps) {
  return tokens == 0 ? steps : tokens;
}
ir::Shape shape_in(const StreamIn& stream, std::int64_t steps);
// The array, without values.
ir::Array array_in(const StreamIn& stream, std::int64_t steps);
// Why the array of a request of `steps` steps cannot be sent as `cut` says; "" if it can.
std::string misfit(const StreamCut& cut, const ir::Array& array, std::int64_t steps);
// The rule of StreamIn that is broken; "" if none is.
std::string broken_rule(const StreamIn& stream);

// Time of one operator on the CPU: its overhead, plus the longer of its arithmetic and the bytes it
// reads and writes. A stated model, not a measurement (docs/timing.md).
Duration cpu_time(const CpuDevice& device, const ir::Work& work, std::int64_t bytes);
// Of one call, by the operator's own count of work.
Duration cpu_time(const CpuDevice& device, const ir::Operator& op, const ir::Call& call,
                  const ir::Outputs& outputs);

}  // namespace soliton
