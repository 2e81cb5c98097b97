// What a run is fed and what its answers are held against.
//
// `load_workload` reads the .npy files of `workload:` into requests; `Reference` answers the same
// requests on one device that is large enough, with the same functions and no network; `judge`
// compares and fills in the results.
#pragma once

#include <atomic>
#include <exception>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cluster/results/results.h"
#include "cluster/spec/spec.h"
#include "node/host/host_role.h"
#include "partition/ir/model.h"

namespace soliton {

struct Workload {
  InputSource inputs;
  std::vector<std::int64_t>
      labels;  // by row of the input file; of sequence outputs: steps values a row
  std::vector<std::vector<float>>
      golden;                  // by row of the input file: fp32 outputs of the original model
  std::int64_t steps_max = 1;  // of any request: what the plan is made for
};

// Errors: a file that is no .npy, shapes that do not fit the model or each other, symbols outside
// the table.
Checked<Workload> load_workload(const ClusterSpec& spec, const Model& model);

// The requests that are functional, answered by one unsharded device in a thread of its own, while
// the cluster runs.
class Reference {
 public:
  // `shard`: unsharded(); `host`: for the CPU part. All references outlive the object.
  Reference(const Shard& shard, const HostShard& host, const InputSource& inputs,
            std::uint32_t requests, std::uint32_t functional_every);
  ~Reference();

  // Waits for the thread; outputs by request, empty where none was computed. Throws what the thread
  // threw: memory that was not there.
  const std::vector<std::vector<float>>& outputs();
  void abandon() { stop_ = true; }

 private:
  void run();

  const Shard& shard_;
  const HostShard& host_;
  const InputSource& inputs_;
  std::uint32_t requests_;
  std::uint32_t every_;
  std::atomic<bool> stop_{false};
  std::vector<std::vector<float>> outputs_;
  std::exception_ptr thrown_;
  std::thread thread_;
};

// Fills results.requests, results.outputs. `records` in any order; `reference` may be null (nothing
// computed).
void judge(const Workload& workload, std::vector<HostRecord> records, Reference* reference,
           RunResults& results);

}  // namespace soliton
