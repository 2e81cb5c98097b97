// Communication workloads from the cluster file to results: no model, no plan.
#pragma once

#include "cluster/run/run.h"

namespace soliton {

// As execute_run(). REQUIRES: run.spec.workload.traffic.
FinishedRun execute_traffic(const PreparedRun& run, const RunControl& control);

// What the workload asks for, with seed and contents as the cluster file has them. REQUIRES:
// spec.workload.traffic.
Traffic traffic_of(const ClusterSpec& spec);

// A message's place among the records of a run: number * flows + flow.
std::size_t record_number(const Traffic& traffic, const TrafficRecord& record);
// What one end knows, into the message.
void join(const TrafficRecord& end, TrafficRecord& message);
bool is_whole(const TrafficRecord& message);  // both ends are known
RequestRecord request_row(const Traffic& traffic, std::size_t number, const TrafficRecord& message);

// The two ends of each message joined, in order of request; a request is number * flows + flow.
// Messages without an end are left out.
std::vector<RequestRecord> join_records(const Traffic& traffic,
                                        const std::vector<TrafficRecord>& records);

// What the records say about each flow. `line` is the rate of the receiver's cable, `packet_bytes`
// how a message is cut; both matter to incast and stream alone.
struct TrafficLine {
  BitRate rate{};
  std::uint64_t packet_payload = 1;
  std::uint64_t packet_overhead = 0;  // on the line, beside the payload
};
TrafficResult summarise(const Traffic& traffic, const std::vector<std::string>& node_names,
                        const std::vector<RequestRecord>& requests,
                        const std::optional<TrafficLine>& line);

}  // namespace soliton
