// Runs the points of an experiment, keeps what is finished, and writes the table, the CSV and the
// page of curves.
//
// A sweep's folder: points/SERIES-X/results.json and fingerprint, table.txt, sweep.csv, sweep.json,
// report.html, and a `lock` while it runs. Running the same experiment into the same folder again
// runs only what is missing or would come out otherwise (identity.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/experiment/experiment.h"
#include "cluster/experiment/point.h"
#include "cluster/results/folder_lock.h"

namespace soliton {

struct SweepPoint {
  std::int64_t x = 0;
  bool kept = false;                    // from an earlier sweep
  std::optional<PointNumbers> numbers;  // unset: not run, or nothing was measured
  std::string error;                    // why it failed or was interrupted, or ""
  Scalars set = {};                     // the keys set for it, in order, each once
  bool interrupted = false;             // while it ran
};
// "done", "failed", "interrupted" or "not run"
const char* state_name(const SweepPoint& point);

struct SweepSeries {
  ExperimentSeries series;
  std::vector<SweepPoint> points;  // in order of series.points
};

struct Sweep {
  std::string name;
  std::string description;
  std::vector<SweepSeries> series;
  bool complete = true;  // every point was run or kept, and none failed
  bool interrupted = false;
  std::optional<Error> not_written;  // why it ended early: what was measured could not be kept
  std::size_t ran = 0;
  std::size_t kept = 0;
  std::optional<ErrorCode> first_failure;  // of a point: what the sweep's exit status should say
};

struct SweepOptions {
  std::string folder;          // made with its parents
  Overrides overrides;         // for every point, after its own (--set, --seed)
  DataRoot data;               // of shipped devices and topologies
  std::string build;           // of the programs that run points (build_id()); "": nothing is kept
  std::function<bool()> stop;  // asked before each point; may be empty
  std::function<void(const std::string&)> progress;  // a line as each point ends; may be empty
  // Keeps the folder's lease while what it returns lives, by calling renew() once a second from a
  // thread of its own; may be empty.
  std::function<std::shared_ptr<void>(FolderLock& lock)> keep_lease;
};

struct PointRun {
  RunResults results;
  FilesRead files;             // all that were opened for it
  std::optional<Error> error;  // why it is not complete, unless it was told to stop
};
// Results with complete == false are stored but run again the next time. Errors: nothing was
// measured.
using PointRunner = std::function<Checked<PointRun>(const ClusterSpec& spec)>;

// A failed point does not stop the others, unless results cannot be written any more: then the
// sweep ends at once with Sweep::not_written, and its tables are written as far as that goes.
// Errors: the folder holds something else (kInvalid), is in use, or cannot be made (kNotWritten).
Result<Sweep> run_sweep(const Experiment& experiment, const PointRunner& runner,
                        const SweepOptions& options);

// Against the first point of the series that has a latency; unset without both.
struct Scaled {
  std::optional<double> speedup, efficiency;
};
Scaled scaled(const SweepSeries& series, std::size_t point);

std::string sweep_table(const Sweep& sweep);
// A row a point: what the table shows, then set.KEY for every key that any point sets, then every
// single value of the results.
std::string sweep_csv(const Sweep& sweep);
// Its columns in front of keys and results, as a Markdown table.
std::string sweep_columns_page();
std::string sweep_json(const Sweep& sweep);
// One file, no network, no script.
std::string sweep_page(const Sweep& sweep);

}  // namespace soliton
