// The check of every service's answers against its model on one device, while the run goes on.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "cluster/run/run.h"
#include "cluster/workload/graph_judge.h"
#include "cluster/workload/split_reference.h"

namespace soliton {

class ServiceChecks {
 public:
  // Begins to compute, one thread a service, unless the run computes nothing. `error`: set if a model has
  // no reference.
  enum class Compare : std::uint8_t { kAll, kNothing };
  ServiceChecks(const PreparedRun& run, std::optional<Error>& error,
                Compare compare = Compare::kAll);

  // Waits for the answers to `records`; `stop` as GraphReference::finish().
  void finish(const std::vector<HostRecord>& records, const std::function<bool()>& stop);
  // Fills results.requests, by service and then by number, and results.outputs; and of each service what
  // its own answers are. REQUIRES: finish(); results.services has them all.
  void judge(std::vector<HostRecord> records, RunResults& results) const;

 private:
  struct One {
    const PreparedRun* service = nullptr;
    std::unique_ptr<SplitReference> split;
    std::unique_ptr<GraphReference> reference;
  };
  std::vector<One> services_;
};

}  // namespace soliton
