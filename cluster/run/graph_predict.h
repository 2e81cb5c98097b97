// Predicts a request of a placed graph on an idle cluster: what its CPU hosts do becomes times and
// sizes (priced_host.h), and the cost model plays them over the transport and network of a run.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "partition/cost/cost_model.h"
#include "partition/place/place_graph.h"
#include "protocol/base/result.h"

namespace soliton {

struct PriceRequest {
  const PlacedGraph* placed = nullptr;
  std::string clients;                       // their node
  std::size_t outputs = 0;                   // of the model
  std::map<std::string, CpuDevice> devices;  // of the hosts, by node
  // Of a request, known or not; absent where the model's input is carried state.
  std::vector<ir::Array> inputs;
  std::int64_t steps = 1;  // of that request
};

struct PricedGraph {
  std::vector<PricedHost> hosts;         // those of the placed graph, and the clients'
  std::map<std::string, Duration> busy;  // CPU time of one request, by node
  ir::Work work;                         // of one request, on CPUs
};

// Parts are evaluated on the shapes of their inputs, and on what values are known: those that come
// from FPGAs are not. Error: kInvalid, an operator that cannot run on them, or a part that never gets
// its inputs.
Result<PricedGraph> price_graph(const PriceRequest& request);

}  // namespace soliton
