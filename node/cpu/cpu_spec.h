// What a CPU host does in a run of models, as values: parts of their graphs, clients, or both.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "node/cpu/client_workload.h"
#include "partition/ir/cpu_part.h"
#include "partition/ir/request_shapes.h"

namespace soliton {

// Where the inputs of a run come from: given requests, used again from the first when they run out,
// or random ones that are a function of (seed, request).
struct GraphInputs {
  std::vector<std::vector<ir::Array>> given;  // by request and input of the model
  // Of random ones: type and shape of each input; absent where it is state that is carried.
  std::vector<ir::Array> kinds;
  // Random integers are less than this, by input of the model, and than its type can hold; without: 2.
  std::vector<std::int64_t> symbols;
  std::uint64_t seed = 1;
  // How many steps a given request has is an extent of one of its inputs, or all have as many.
  std::optional<ir::StepAxis> step_axis;
  std::int64_t steps_of_all = 1;
  // By input of the model. Random real numbers are uniform in [-1, 1).
  std::vector<ir::Array> request(std::uint32_t number) const;
  std::int64_t steps(std::uint32_t number) const;
  // The first request that has the most steps.
  std::uint32_t longest() const;
};

// Another host whose batches a copy of the model takes from this one.
struct CopyGuest {
  std::string node;
  std::uint16_t first_port = 0;  // input k of the model comes to port first_port + k of this host
  std::uint16_t reply_port = 0;  // output k goes to port reply_port + k of the guest
  bool operator==(const CopyGuest&) const = default;
};

// A copy of a service's model, as seen from a host that sends to it. Its batches are numbered densely by
// one host, its front. The others are guests of that: to them it is a copy whose inputs all go there.
struct ModelCopy {
  std::vector<std::vector<PartPort>> sends;  // by input of the model: where it goes
  std::uint16_t first_port = 0;              // output k of the model comes to port first_port + k
  std::vector<InitialArray> initial;
  std::vector<CopyGuest> guests;
};

// The clients of a service on this host, and the copies of its model.
struct GraphClients {
  ClientWorkload workload;
  std::vector<Duration> instants;  // of a trace: of this host's requests, after the start
  GraphInputs inputs;
  std::uint16_t service = 0;
  std::uint16_t replies = 0;  // outputs of the model
  std::vector<ModelCopy> copies = std::vector<ModelCopy>(1);
  // A request needs what the one before left, on hosts or in an FPGA.
  bool carries_state = false;
};

// The ports of a node are numbered by who made the spec: of each copy of a model those of the parts, then
// those of the streams, then the clients' replies; behind them those of guests.
struct CpuSpec {
  CpuDevice device;
  std::uint32_t batch = 1;  // the most requests that run together, each in a lane of its own
  std::vector<CpuPart> parts;
  std::vector<StreamIn> streams;
  std::vector<GraphClients> clients;  // by service
};

}  // namespace soliton
