// What results tell of one service: the fields of a run, of its own requests.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/breakdown.h"
#include "protocol/base/fields.h"
#include "protocol/base/time.h"

namespace soliton {

struct ServiceResult {
  // A copy of its model.
  struct Replica {
    std::string host;                // through which it is asked
    std::vector<std::string> nodes;  // its accelerators
    std::int64_t completed = 0;
    double busy_fraction = 0;  // mean of its accelerators
  };
  // Something that is promised to clients, and what became of it.
  struct Promise {
    std::string key, said;  // as in the file
    std::string measured;
    bool met = false;
  };
  std::string name;  // "" if the file has one without a name
  std::string model;
  std::int64_t sent = 0, completed = 0, failed = 0, refused = 0;
  std::int64_t warm_up = 0;         // of those completed: not in what follows
  std::vector<Duration> latencies;  // ascending
  double throughput_rps = 0;
  Breakdown breakdown;  // mean of a request
  std::optional<std::string> sha256;
  std::int64_t checked = 0, mismatched = 0;
  Duration predicted_latency{};
  std::int64_t nodes_used = 0;  // of one copy
  std::vector<Replica> replicas;
  std::vector<Promise> sla;
};

inline constexpr Field kReplicaResultRows[] = {
    field<&ServiceResult::Replica::host>("host", "The host that numbers its requests."),
    field<&ServiceResult::Replica::completed>("completed", "Requests that it has answered."),
    field<&ServiceResult::Replica::busy_fraction>("busy_fraction",
                                                  "Mean over its accelerators, of the run."),
};
inline constexpr FieldTable kReplicaResultFields =
    fields_of<ServiceResult::Replica>("services.replicas", kReplicaResultRows);
inline constexpr Field kPromiseRows[] = {
    field<&ServiceResult::Promise::key>("promised", "What is promised: a key of `sla:`."),
    field<&ServiceResult::Promise::said>("said", "Its value in the cluster file."),
    field<&ServiceResult::Promise::measured>("measured", "What was, in words."),
    field<&ServiceResult::Promise::met>("met", "Whether the promise was kept."),
};
inline constexpr FieldTable kPromiseFields =
    fields_of<ServiceResult::Promise>("services.sla", kPromiseRows);
inline constexpr Field kServiceRequestRows[] = {
    field<&ServiceResult::sent>("sent", "Requests sent, those refused included."),
    field<&ServiceResult::completed>("completed", "Of these, answered."),
    field<&ServiceResult::failed>("failed", "Of these, without an answer."),
    field<&ServiceResult::refused>("refused",
                                   "Of these, refused because `queue_limit` others were open."),
    field<&ServiceResult::warm_up>("warm_up", "Of those answered, left out of statistics."),
};
inline constexpr FieldTable kServiceRequestFields =
    fields_of<ServiceResult>("services.requests", kServiceRequestRows);
inline constexpr Field kServiceOutputRows[] = {
    field<&ServiceResult::sha256>("sha256", "Of all output bytes in order of request."),
    field<&ServiceResult::checked>("checked", "Outputs that were computed a second time."),
    field<&ServiceResult::mismatched>("mismatched",
                                      "Of these, how many differ from one unsharded device."),
};
inline constexpr FieldTable kServiceOutputFields =
    fields_of<ServiceResult>("services.outputs", kServiceOutputRows);
inline constexpr Field kServicePartitionRows[] = {
    field<&ServiceResult::nodes_used>("nodes_used", "Accelerators of one copy."),
    field<&ServiceResult::predicted_latency>("predicted_latency_us", "Of one request."),
};
inline constexpr FieldTable kServicePartitionFields =
    fields_of<ServiceResult>("services.partition", kServicePartitionRows);

}  // namespace soliton
