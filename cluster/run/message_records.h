// The records of a run's communication workloads: their numbers, and how the two ends of a message,
// which come from different nodes, become one row of results.
#pragma once

#include <span>
#include <vector>

#include "cluster/results/results.h"
#include "node/traffic/traffic.h"

namespace soliton {

// Of several workloads the records of the first have the lowest numbers, and so have its flows. Within a
// workload a record is number * flows + flow.
class MessageRecords {
 public:
  explicit MessageRecords(std::span<const Traffic> traffics);

  // Records that are expected of all of them.
  std::uint64_t expected() const { return ends_.size(); }
  // Takes what a node saw of a message. Returns its row when both of its ends are known for the first
  // time.
  std::optional<RequestRecord> add(const TrafficRecord& record);
  // The rows of a workload, in order of their numbers; messages with an unknown end are left out.
  std::vector<RequestRecord> rows(std::size_t workload) const;
  // Number of the workload's messages of which a beginning is known.
  std::int64_t sent(std::size_t workload) const;

 private:
  struct Workload {
    std::uint64_t first = 0, records = 0;
    std::uint32_t first_flow = 0, flows = 1;
    bool contents = true;
  };

  RequestRecord row(const Workload& workload, std::uint64_t number) const;

  std::vector<Workload> workloads_;
  std::vector<TrafficRecord> ends_;  // by number, as far as they are known
};

}  // namespace soliton
