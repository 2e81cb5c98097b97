// summary.txt and what `soliton run` prints (docs/results.md). Every number follows from the
// results or the plan.
#pragma once

#include <string>
#include <vector>

#include "cluster/results/critical_path.h"
#include "partition/plan/plan.h"

namespace soliton {

// What a summary or a report states besides the results.
struct SummaryContext {
  std::string model;               // "language-gru"
  std::string topology;            // "rack"
  std::string precision;           // "ms-fp9"
  std::string layout;              // "a process per node", "packed in one process"
  std::string arrival = "closed";  // workload.arrival
  std::int64_t clients = 1;
  std::string compute = "functional";  // functional | timing | sampled
  const Plan* plan = nullptr;          // nullptr: the plan is not described
  std::vector<CriticalPath> paths;
  std::string remark;     // explains the utilization; "" = how busy devices were
  std::string folder;     // "" = no `wrote` line
  bool terminal = false;  // colours
};

// Whether the nodes' sockets accept packets from any sender.
bool is_open_to_forgery(const RunResults& results);
inline constexpr const char* kForgeryWarning =
    "packets were not authenticated: anybody on this host could have changed what came out "
    "(ltl.auth: none)";

// Ends with a newline.
std::string summary_text(const RunResults& results, const SummaryContext& context);

}  // namespace soliton
