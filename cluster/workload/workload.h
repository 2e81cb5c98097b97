// The inputs of a run and the check of its answers.
//
// `load_workload` reads the .npy files of `workload:` into requests; `Reference` answers the same
// requests on one sufficiently large device, with the same functions and no network; `judge`
// compares the answers and fills in the results.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "cluster/file/spec.h"
#include "cluster/results/results.h"
#include "node/host/host_role.h"
#include "partition/ir/model.h"
#include "partition/ir/npy.h"

namespace soliton {

struct Workload {
  InputSource inputs;
  // By row of the input file: a class for each vector that the model returns, which is one per step
  // if it returns sequences.
  std::vector<std::vector<std::int64_t>> labels;
  std::vector<std::vector<float>> golden;  // by row: fp32 outputs of the original model, as many
                                           // values as an answer has
  std::int64_t classes = 0;                // elements of one vector the model returns
  bool each_step = false;                  // the model returns one for each step
  std::int64_t steps_max = 1;              // of any request; the plan is made for this many
  FilesRead files;
};

// Errors: a file that is not .npy, shapes that do not fit the model or each other, symbols outside
// the table.
Checked<Workload> load_workload(const ClusterSpec& spec, const Model& model);

// Answers the functional requests on one unsharded device, in a thread of its own: one after the
// other while the cluster runs, and afterwards those that are still missing.
class Reference {
 public:
  // `shard` is made by unsharded(); `host` is for the CPU part. All references must outlive the
  // object.
  Reference(const Shard& shard, const HostShard& host, const InputSource& inputs,
            std::uint32_t requests, std::uint32_t functional_every);
  ~Reference();

  // Call once, after the run, with the requests that the cluster answered. Waits until each has an
  // output, so that what is checked does not depend on the thread's progress. `stop`, which may be
  // empty, is called every few milliseconds; if it returns true this returns false with the outputs
  // so far. Rethrows what the thread threw (std::bad_alloc).
  bool finish(const std::vector<std::uint32_t>& answered, const std::function<bool()>& stop);
  // Outputs by request, empty where none was computed. REQUIRES: finish() has returned.
  const std::vector<std::vector<float>>& outputs() const { return outputs_; }

 private:
  void run();
  void answer_requests();
  // The request to compute next; nullopt: there will be none.
  std::optional<std::uint32_t> next(std::unique_lock<std::mutex>& lock);

  const Shard& shard_;
  const HostShard& host_;
  const InputSource& inputs_;
  std::uint32_t requests_;
  std::uint32_t every_;
  std::uint64_t ahead_ = 0;  // the next request while the cluster runs
  std::mutex mutex_;         // guards all that follows except `given_up_`
  std::condition_variable changed_;
  std::optional<std::vector<std::uint32_t>> wanted_;  // set after the run; taken from the back
  std::optional<std::uint32_t> current_;
  bool closing_ = false;
  std::atomic<bool> given_up_{false};  // `current_` is no longer wanted
  std::vector<std::vector<float>> outputs_;
  std::exception_ptr thrown_;
  std::thread thread_;
};

// A finished request as requests.csv shows it, except for whether it matches the reference.
RequestRecord request_row(const Workload& workload, const HostRecord& record);

// The answers of requests 0 to `requests` - 1. Axes: request, step (if answers are sequences),
// element. Steps after a request's last are 0; requests without an answer are NaN.
NpyArray outputs_of(const Workload& workload, const std::vector<HostRecord>& records,
                    std::int64_t requests);

// Fills results.requests and results.outputs. `records` may be in any order; `reference` is null if
// nothing was computed, else it has finished.
void judge(const Workload& workload, std::vector<HostRecord> records, Reference* reference,
           RunResults& results);

}  // namespace soliton
