// What a run has measured so far, on disk while it goes on: whoever kills the controller finds a
// folder that is valid up to the last second and says that it is not complete.
//
// requests.csv grows by whole lines, in order of completion (the final file is in order of
// request); results.json is replaced, from sums; progress.jsonl gets a line. All once a second, on
// the control loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/engine/cluster_run.h"
#include "cluster/results/run_folder.h"
#include "cluster/run/run.h"

namespace soliton {

struct RunProgress {
  const char* state = "launching";  // launching | running | writing | complete | incomplete
  double wall_seconds = 0;
  Instant now{};  // run time reached
  std::uint64_t completed = 0, asked = 0;
  std::uint64_t events = 0;  // virtual time
  double lag_seconds = 0;    // wall time since a request was last answered
  std::size_t nodes_lost = 0;
};
// A line of progress.jsonl, with its end.
std::string progress_line(const RunProgress& progress);

class LiveResults : public RunObserver {
 public:
  using Show = std::function<void(const RunProgress&)>;

  // `run`, `folder` and `loop` outlive the object. `show` is called some times a second on the
  // loop's thread; may be empty. Writes the first results.json. kNotWritten.
  static Result<std::unique_ptr<LiveResults>> start(const PreparedRun& run, RunFolder& folder,
                                                    ControlLoop& loop, Show show);
  ~LiveResults() override;

  void on_records(std::span<const HostRecord> records) override;
  void on_records(std::span<const TrafficRecord> records) override;
  Status on_progress(Instant now, std::uint64_t events, std::size_t nodes_lost) override;

  // Stops writing, for the final files to take their place; then only the state of progress.jsonl.
  void stop();
  void finish(bool complete);

 private:
  LiveResults(const PreparedRun& run, RunFolder& folder, ControlLoop& loop, Show show);
  Status open();
  void add(const RequestRecord& row);
  RunProgress progress() const;
  RunResults results_so_far() const;
  void each_tick();
  void write_second();
  void keep(const Status& status);

  const PreparedRun& run_;
  RunFolder& folder_;
  ControlLoop& loop_;
  Show show_;
  std::optional<Traffic> traffic_;  // of a communication workload
  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point answered_;
  std::optional<GrowingFile> rows_file_, progress_file_;

  mutable std::mutex mutex_;  // what follows is written by both threads
  std::string rows_;          // lines that are not on disk yet
  RunningStatistics sums_;
  std::uint64_t highest_request_ = 0;  // + 1; requests are numbered as they are sent
  Instant first_sent_ = kNever, last_completed_{};
  RunProgress progress_;
  std::vector<TrafficRecord> ends_;  // of messages, as far as they are known, by number and flow
  std::optional<Error> failure_;
  int ticks_ = 0;
  std::optional<ControlLoop::Repeating> ticker_;
};

}  // namespace soliton
