// Predicts a request of a placed graph on an idle cluster: what its CPU hosts do becomes times and
// sizes (priced_host.h), and the cost model plays them over the transport and network of a run.
#pragma once

#include <string>
#include <vector>

#include "cluster/run/run_parts.h"
#include "partition/cost/cost_model.h"
#include "partition/place/place_graph.h"

namespace soliton {

struct PriceRequest {
  const PlacedGraph* placed = nullptr;  // joined with the FPGAs of a plan
  const PartsRun* parts = nullptr;      // of the request
  std::string clients;                  // their node
  std::size_t outputs = 0;              // of the model
  std::vector<ir::Array> inputs;        // of the request, as PartsRequest has them
  std::int64_t steps = 1;               // of that request
  std::uint32_t batch = 1;              // requests that run together
};

// The hosts of the placed graph, and the clients'.
std::vector<PricedHost> price_graph(const PriceRequest& request);

}  // namespace soliton
