// Runs the CPU parts of a placed graph once, for one request, to find out how long they work and what
// they make: the same whatever plan the FPGAs get.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "partition/ir/operator.h"
#include "partition/place/place_graph.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"

namespace soliton {

struct PartsRequest {
  const PlacedGraph* placed = nullptr;       // with or without streams
  std::map<std::string, CpuDevice> devices;  // of the hosts, by node
  // Of a request, known or not; absent where the model's input is carried state.
  std::vector<ir::Array> inputs;
  // What FPGAs make of it, by FpgaPlaces::Reader::result, known or not.
  std::vector<ir::Array> results;
};

struct PartRun {
  Duration work{};
  std::vector<ir::Array> outputs;  // without their elements
};

struct HostRun {
  std::vector<PartRun> parts;  // as HostParts::parts
  Duration busy{};             // with all of them
};

struct PartsRun {
  std::map<std::string, HostRun> hosts;  // by node
  ir::Work work;                         // of all
};

// Error: kInvalid, an operator that cannot run on its inputs, as far as they are known, or a part that
// never gets its inputs.
Result<PartsRun> run_parts(const PartsRequest& request);

}  // namespace soliton
