// Writes what a run has measured so far to disk while it continues. If the controller is killed,
// the folder is valid up to the last second and says that it is incomplete.
//
// requests.csv grows by whole lines, in order of completion (the final file is in order of
// request), and so does events.csv where there are faults, in order of time, with those of nodes at the end;
// results.json is replaced, computed from sums; progress.jsonl gets a line. All this happens once a
// second on the control loop's thread.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "cluster/engine/cluster_run.h"
#include "cluster/results/run_folder.h"
#include "cluster/run/message_records.h"
#include "cluster/run/rates.h"
#include "cluster/run/run.h"

namespace soliton {

struct RunProgress {
  const char* state = "launching";  // launching | running | writing | complete | incomplete
  double wall_seconds = 0;
  std::uint64_t completed = 0, asked = 0;
  RunPulse pulse;
  double lag_seconds = 0;  // wall time since a request was last answered
  RunRates rates;
  std::optional<Duration> p50, p99;  // of the requests so far, within 1.6 %
  std::uint64_t fault_hits = 0;      // decisions of fault rules so far, as lines of events.csv
};
// A line of progress.jsonl, with its line end.
std::string progress_line(const RunProgress& progress);
// Whether the run leaves events.csv.
bool leaves_firings(const PreparedRun& run);

class LiveResults : public RunObserver {
 public:
  using Show = std::function<void(const RunProgress&)>;

  // Writes the first results.json and starts. `run`, `folder` and `loop` must outlive the object.
  // `show`, which may be empty, is called several times a second on the loop's thread. Errors:
  // kNotWritten.
  static Result<std::unique_ptr<LiveResults>> start(const PreparedRun& run, RunFolder& folder,
                                                    ControlLoop& loop, Show show);
  ~LiveResults() override;

  void on_records(std::span<const HostRecord> records) override;
  void on_records(std::span<const TrafficRecord> records) override;
  void on_firings(std::span<const FaultFiring> firings) override;
  void on_troubles(std::span<const NodeFiring> troubles) override;
  Status on_progress(const RunPulse& pulse) override;

  // stop() ends writing, so that the final files can replace these; finish() then adds the final
  // state to progress.jsonl.
  void stop();
  void finish(bool complete);

 private:
  LiveResults(const PreparedRun& run, RunFolder& folder, ControlLoop& loop, Show show);
  Status open();
  std::span<const CsvColumn<RequestRecord>> columns() const;
  void add(const RequestRecord& row);
  RunProgress progress();
  RunResults results_so_far() const;
  void each_tick();
  void write_second();
  void keep(const Status& status);

  const PreparedRun& run_;
  RunFolder& folder_;
  ControlLoop& loop_;
  Show show_;
  std::vector<const PreparedRun*> services_;

  std::chrono::steady_clock::time_point started_;
  std::chrono::steady_clock::time_point answered_;
  std::optional<GrowingFile> rows_file_, progress_file_, firings_file_;

  mutable std::mutex mutex_;    // guards what follows, which both threads write
  std::string rows_, firings_;  // lines that are not on disk yet
  RunningStatistics sums_;
  std::uint64_t highest_request_ = 0;  // plus 1; requests are numbered as they are sent
  Instant first_sent_ = kNever, last_completed_{};
  RunProgress progress_;
  std::optional<MessageRecords> messages_;  // of communication workloads
  std::optional<Error> failure_;
  int ticks_ = 0;
  std::optional<ControlLoop::Repeating> ticker_;
};

}  // namespace soliton
