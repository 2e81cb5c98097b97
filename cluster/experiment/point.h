// One point of a sweep on disk: its results and the fingerprint of what they were made from.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "cluster/experiment/experiment.h"
#include "cluster/results/results.h"

namespace soliton {

// The numbers of a results.json that a sweep's table needs; unset where it has null.
struct PointNumbers {
  std::optional<double> latency_mean_us, latency_p99_us, network_us, queue_us;
  std::optional<double> throughput_rps, effective_tflops, utilization, predicted_latency_us;
  std::int64_t completed = 0;
  std::int64_t failed = 0;
  std::int64_t nodes_used = 0;
  std::int64_t cut_bytes_per_request = 0;
  std::int64_t fabric_bytes = 0;
  std::int64_t mismatched = 0;
  bool complete = false;

  // Bytes on the fabric, headers and acknowledgements included, over completed requests.
  std::optional<double> moved_bytes_per_request() const;
  // Of the mean latency. Queue: waiting for a batch to fill, and for a busy device.
  std::optional<double> network_share() const;
  std::optional<double> queue_share() const;
};

// kInvalid: not a results.json of ours.
Result<PointNumbers> parse_point(const std::string& results_json);

// SHA-256 over the version, the base cluster file's content, the overrides and whatever else the
// caller depends on.
std::string point_fingerprint(const std::string& base_content, const Overrides& overrides,
                              const std::string& also);

// FOLDER/points/SERIES-X
std::string point_folder(const std::string& folder, const ExperimentSeries& series,
                         const ExperimentPoint& point);

// The numbers of an earlier sweep's point: only when it is complete and was made from the same
// inputs.
std::optional<PointNumbers> kept_point(const std::string& folder, const std::string& fingerprint);

// Writes results.json, then the fingerprint: a point without one does not count. kNotWritten.
Status store_point(const std::string& folder, const std::string& fingerprint,
                   const RunResults& results);

}  // namespace soliton
