// Predicts a request of a placed graph on an idle cluster: parts fire when their inputs are there,
// on CPUs that do one thing at a time, with messages as long as the cost model says.
#pragma once

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "node/cpu/cpu_spec.h"
#include "partition/place/place_graph.h"
#include "protocol/base/breakdown.h"
#include "protocol/base/result.h"

namespace soliton {

struct GraphPrediction {
  Duration latency{};
  Breakdown path;
  std::map<std::string, Duration> busy;  // by node
  ir::Work work;
  std::int64_t cut_bytes = 0;  // array bytes between nodes, clients included
};

// From one node to another, for a message of that many bytes of arrays.
using MessageTime =
    std::function<Duration(const std::string& from, const std::string& to, std::int64_t bytes)>;

// `devices`: of the hosts, by node. `inputs`: of a request, known or not; state is taken from where
// parts begin. Error: kInvalid, an operator that cannot run on them.
Result<GraphPrediction> predict_graph(const PlacedGraph& placed, const std::string& clients,
                                      std::size_t outputs,
                                      const std::map<std::string, CpuDevice>& devices,
                                      const std::vector<ir::Array>& inputs,
                                      const MessageTime& message_time);

}  // namespace soliton
