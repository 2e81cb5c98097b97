// Communication workloads from the cluster file to results: no model, no plan.
#pragma once

#include "cluster/run/run.h"

namespace soliton {

// Like execute_run(). REQUIRES: the run has no model.
FinishedRun execute_traffic(const PreparedRun& run, const RunControl& control);

// The communication workloads of a run as they are deployed: the one of `workload:`, or those of
// `workloads:`.
std::vector<NamedTraffic> traffics_of(const PreparedRun& run);
std::vector<NamedTraffic> traffics_of(const ClusterSpec& spec, const Topology& topology);
// Results of `workloads:`, each for itself, and of background traffic.
void fill_workloads(const PreparedRun& run, const ClusterOutcome& outcome, RunResults& results);

// The workload's traffic with the cluster file's seed and contents. REQUIRES: spec.workload.traffic
// is set.
Traffic traffic_of(const ClusterSpec& spec);

// Joins the two ends of each message, in order of request (number * flows + flow). Messages with an
// unknown end are left out.
std::vector<RequestRecord> join_records(const Traffic& traffic,
                                        const std::vector<TrafficRecord>& records);

// The receiver's cable, and how messages are cut into packets for it. Used by incast and stream
// only.
struct TrafficLine {
  BitRate rate{};
  std::uint64_t packet_payload = 1;
  std::uint64_t packet_overhead = 0;  // on the line, beside the payload
};
// Goodput and fairness of the flows; with `line`, also the share of the cable that goodput fills.
TrafficResult summarise(const Traffic& traffic, const std::vector<std::string>& node_names,
                        const std::vector<RequestRecord>& requests,
                        const std::optional<TrafficLine>& line);

}  // namespace soliton
