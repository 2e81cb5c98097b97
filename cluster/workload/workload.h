// What a run is fed and what its answers are held against.
//
// `load_workload` reads the .npy files of `workload:` into requests; `Reference` answers the same
// requests on one device that is large enough, with the same functions and no network; `judge`
// compares and fills in the results.
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
  // By row of the input file: a class for each vector the model returns, so one of each of the
  // request's steps where it returns sequences.
  std::vector<std::vector<std::int64_t>> labels;
  std::vector<std::vector<float>> golden;  // by row: fp32 outputs of the original model, as many
                                           // values as an answer has
  std::int64_t classes = 0;                // elements of one vector the model returns
  bool each_step = false;                  // it returns one for each step
  std::int64_t steps_max = 1;              // of any request: what the plan is made for
  FilesRead files;
};

// Errors: a file that is no .npy, shapes that do not fit the model or each other, symbols outside
// the table.
Checked<Workload> load_workload(const ClusterSpec& spec, const Model& model);

// The requests that are functional, answered by one unsharded device in a thread of its own: while
// the cluster runs one after the other, afterwards those that are still missing.
class Reference {
 public:
  // `shard`: unsharded(); `host`: for the CPU part. All references outlive the object.
  Reference(const Shard& shard, const HostShard& host, const InputSource& inputs,
            std::uint32_t requests, std::uint32_t functional_every);
  ~Reference();

  // The run is over, and the cluster answered these: waits until each of them has an output, so
  // that what is checked does not depend on how far the thread had come. `stop`, which may be
  // empty, is asked every few milliseconds; once it says true this returns false, with what there
  // is. Throws what the thread threw: memory that was not there. To be called once.
  bool finish(const std::vector<std::uint32_t>& answered, const std::function<bool()>& stop);
  // By request, empty where none was computed. REQUIRES: finish() has returned.
  const std::vector<std::vector<float>>& outputs() const { return outputs_; }

 private:
  void run();
  void answer_requests();
  // The request to compute next; nothing: none will come.
  std::optional<std::uint32_t> next(std::unique_lock<std::mutex>& lock);

  const Shard& shard_;
  const HostShard& host_;
  const InputSource& inputs_;
  std::uint32_t requests_;
  std::uint32_t every_;
  std::uint64_t ahead_ = 0;  // the next request while the cluster runs
  std::mutex mutex_;         // of all that follows but `given_up_`
  std::condition_variable changed_;
  std::optional<std::vector<std::uint32_t>> wanted_;  // once the run is over; the last comes next
  std::optional<std::uint32_t> current_;
  bool closing_ = false;
  std::atomic<bool> given_up_{false};  // `current_` is not wanted any more
  std::vector<std::vector<float>> outputs_;
  std::exception_ptr thrown_;
  std::thread thread_;
};

// A finished request as requests.csv shows it, but for whether it matches the reference.
RequestRecord request_row(const Workload& workload, const HostRecord& record);

// The answers of requests 0 to `requests` - 1 along the first axis, then of a sequence its steps,
// then the elements of a vector. What lies behind a request's last step is 0; requests without an
// answer are NaN.
NpyArray outputs_of(const Workload& workload, const std::vector<HostRecord>& records,
                    std::int64_t requests);

// Fills results.requests, results.outputs. `records` in any order; `reference` may be null (nothing
// computed), and has finished.
void judge(const Workload& workload, std::vector<HostRecord> records, Reference* reference,
           RunResults& results);

}  // namespace soliton
