// Runs the points of an experiment, keeps finished ones, and writes the table, the CSV file and the
// page of curves.
//
// A sweep's folder: points/SERIES-X/results.json and fingerprint, table.txt, sweep.csv, sweep.json,
// report.html, and a `lock` while it runs. Running the same experiment into the same folder again
// runs only points that are missing or whose results would differ (identity.h).
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
  bool kept = false;                    // taken from an earlier sweep
  std::optional<PointNumbers> numbers;  // unset: not run, or nothing was measured
  std::string error;                    // why it failed or was interrupted, or ""
  Scalars set = {};                     // the keys set for it, in order, each once
  bool interrupted = false;             // during its run
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
  bool complete = true;  // every point was run or kept; none failed
  bool interrupted = false;
  std::optional<Error> not_written;  // why it ended early: results could not be written
  std::size_t ran = 0;
  std::size_t kept = 0;
  std::optional<ErrorCode> first_failure;  // of a point; gives the sweep's exit status
};

struct SweepOptions {
  std::string folder;          // created with its parents
  Overrides overrides;         // for every point, after its own (--set, --seed)
  DataRoot data;               // of shipped devices and topologies
  std::string build;           // of the programs that run points (build_id()); "": nothing is kept
  std::function<bool()> stop;  // asked before each point; may be empty
  std::function<void(const std::string&)> progress;  // one line per finished point; may be empty
  // Calls renew() once a second from a thread of its own as long as the returned object lives, to
  // keep the folder's lease; may be empty.
  std::function<std::shared_ptr<void>(FolderLock& lock)> keep_lease;
};

struct PointRun {
  RunResults results;
  FilesRead files;             // all files opened for it
  std::optional<Error> error;  // why it is incomplete, unless it was told to stop
};
// Runs one point. Results with complete == false are stored, but the point is run again next time.
// An error means that nothing was measured.
using PointRunner = std::function<Checked<PointRun>(const ClusterSpec& spec)>;

// A failed point does not stop the others, unless results can no longer be written: then the sweep
// ends at once with Sweep::not_written, and its tables are written as far as possible. Errors: the
// folder holds other files (kInvalid), is in use, or cannot be created (kNotWritten).
Result<Sweep> run_sweep(const Experiment& experiment, const PointRunner& runner,
                        const SweepOptions& options);

// Relative to the first point of the series that has a latency; unset if either latency is missing.
struct Scaled {
  std::optional<double> speedup, efficiency;
};
Scaled scaled(const SweepSeries& series, std::size_t point);

std::string sweep_table(const Sweep& sweep);
// One row per point: the table's columns, then set.KEY for every key that any point sets, then
// every scalar of the results.
std::string sweep_csv(const Sweep& sweep);
// The CSV's columns before keys and results, as a Markdown table.
std::string sweep_columns_page();
std::string sweep_json(const Sweep& sweep);
// columns.json: the types of the CSV's columns.
std::string sweep_columns_json(const Sweep& sweep);
// One file, no network.
std::string sweep_page(const Sweep& sweep);

}  // namespace soliton
