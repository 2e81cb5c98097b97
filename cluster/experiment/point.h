// One point of a sweep on disk: its results in a folder of its own, and in sweep.db the record of the
// inputs they were made from.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>

#include "cluster/experiment/experiment.h"
#include "cluster/experiment/identity.h"
#include "cluster/experiment/point_store.h"
#include "cluster/experiment/scalars.h"
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
  Scalars scalars;  // all there are

  // Bytes on the fabric, headers and acknowledgements included, over completed requests.
  std::optional<double> moved_bytes_per_request() const;
  // Shares of the mean latency. Queue is waiting for a batch to fill and for a busy device.
  std::optional<double> network_share() const;
  std::optional<double> queue_share() const;
};

// kInvalid: not a results.json of this version.
Result<PointNumbers> parse_point(const std::string& results_json);

// Gives each point of a sweep a folder of its own: points/SERIES-X. Equal names, compared without
// case because some file systems ignore it, get "~2", "~3" … appended.
class PointFolders {
 public:
  explicit PointFolders(std::string folder) : folder_(std::move(folder)) {}
  std::string next(const std::string& series, std::int64_t x);
  std::string next(const std::string& name);

 private:
  std::string folder_;
  std::set<std::string> used_;  // in small letters
};

// The numbers of an earlier sweep's point, if it is complete and its inputs are unchanged.
// `cluster` is cluster_identity() of `spec`. `folder` is the point's.
std::optional<PointNumbers> kept_point(const std::string& folder,
                                       const std::optional<PointRecord>& record,
                                       const ClusterSpec& spec, const std::string& cluster,
                                       FileDigests& digests);

// Creates the folder and removes the results of an earlier run, so that it only ever holds results
// of the present point. kNotWritten.
Status clear_point(const std::string& folder);
// Writes results.json and returns its digest, for the record. kNotWritten.
Result<std::string> write_results(const std::string& folder, const std::string& results_json);

}  // namespace soliton
