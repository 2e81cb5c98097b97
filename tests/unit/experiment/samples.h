// Runs and experiments whose numbers can be checked by hand.
#pragma once

#include "cluster/experiment/sweep.h"

namespace soliton::sample {

// Four requests of `latency_us`, a quarter of it on the network.
inline RunResults run(std::int64_t latency_us) {
  RunResults r;
  r.name = "point";
  r.time = "virtual";
  for (std::uint32_t i = 0; i < 4; ++i) {
    RequestRecord one;
    one.request = RequestId{i};
    one.sent = kRunStart + microseconds(latency_us) * i;
    one.completed = one.sent + microseconds(latency_us);
    one.path.network = microseconds(latency_us) / 4;
    one.path.compute = microseconds(latency_us) * 3 / 4;
    r.requests.push_back(one);
  }
  r.sent = 4;
  r.last_completed = kRunStart + microseconds(latency_us) * 4;
  r.fabric.bytes = 4000;
  r.partition.nodes_used = 2;
  r.partition.cut_bytes_per_request = 640;
  return r;
}

inline ExperimentSeries series(const std::string& name, Scaling scaling,
                               const std::vector<std::int64_t>& xs) {
  ExperimentSeries s{name, "title of " + name, "nodes", scaling, {}};
  for (const std::int64_t x : xs)
    s.points.push_back({x, {"partition.max_nodes=" + std::to_string(x)}});
  return s;
}

}  // namespace soliton::sample
