// Runs the points of an experiment, keeps finished ones, and writes the table, the CSV file and the
// page of curves.
//
// A sweep's folder: points/SERIES-X/results.json, sweep.db with a row a point (point_store.h), table.txt,
// sweep.csv, sweep.json, report.html, and a `lock` while it runs. Running the same experiment into the
// same folder again runs only points that are missing or whose results would differ (identity.h).
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/experiment/experiment.h"
#include "cluster/experiment/point.h"
#include "cluster/experiment/point_outcome.h"
#include "cluster/experiment/point_workers.h"
#include "cluster/experiment/scaling_law.h"
#include "cluster/experiment/sweep_progress.h"
#include "cluster/results/folder_lock.h"

namespace soliton {

struct SweepPoint {
  std::int64_t x = 0;
  bool kept = false;                    // taken from an earlier sweep
  std::optional<PointNumbers> numbers;  // unset: not run, or nothing was measured
  std::string error;                    // why it failed or was interrupted, or ""
  Scalars set = {};                     // the keys set for it, in order, each once
  bool interrupted = false;             // during its run
  // Of axes, as ExperimentPoint.
  std::string label = {};
  std::optional<double> at = {};
  std::optional<std::uint64_t> seed = {};

  std::string x_words() const { return label.empty() ? std::to_string(x) : label; }
};
// "done", "failed", "interrupted" or "not run"
const char* state_name(const SweepPoint& point);

// What a search has found.
struct FindResult {
  std::optional<std::string> value;   // that fulfils the conditions
  std::optional<std::string> beyond;  // the nearest tried that does not
  std::string best;  // none does: the one that misses by least, with what it measured
  std::size_t tried = 0;
  bool ran_out = false;                     // the most values were tried before it was exact
  std::optional<std::string> out_of_order;  // fails although `value`, on its bad side, does not
};

struct SweepSeries {
  ExperimentSeries series;
  std::vector<SweepPoint> points;  // in order of series.points
  std::optional<FindResult> found = {};
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
  std::size_t missing = 0;           // of a collected sweep: no part has played them
  std::size_t elsewhere = 0;         // of a part: another process plays them
  bool has_axes = false;             // the rest is of such experiments
  std::vector<std::string> columns;  // of the table
  std::string x;
  std::optional<FindSpec> find;
  std::optional<ErrorCode> first_failure;  // of a point; gives the sweep's exit status
};

// One of `count` that together play all points: it has those with these numbers, counted from 0 in the
// order of the experiment.
struct SweepPart {
  std::size_t index = 0, count = 1;
  bool has(std::size_t point) const { return point % count == index; }
};

struct SweepOptions {
  std::string folder;          // created with its parents
  Overrides overrides;         // for every point, after its own (--set, --seed)
  DataRoot data;               // of shipped devices and topologies
  std::string build;           // of the programs that run points (build_id()); "": nothing is kept
  std::function<bool()> stop;  // asked before each point; may be empty
  std::function<void(const std::string&)> progress;  // one line per finished point; may be empty
  std::function<void(const SweepProgress&)> live;    // after each of these; may be empty
  // Calls renew() once a second from a thread of its own as long as the returned object lives, to
  // keep the folder's lease; may be empty.
  std::function<std::shared_ptr<void>(FolderLock& lock)> keep_lease;
  // Points side by side; null: one after the other in this process, as those that must run alone.
  PointWorkers* workers = nullptr;
  std::function<bool(const ClusterSpec&)> runs_alone;  // empty: none
  std::function<int()> signal;                         // to pass on to workers; may be empty
  std::function<double()> seconds;                     // since the start, for rate and time left
  std::optional<SweepPart> part;                       // of play_part()
  std::function<void()> wait;  // a second, while others play points of a part; may be empty
};

// A failed point does not stop the others, unless results can no longer be written: then the sweep
// ends at once with Sweep::not_written, and its tables are written as far as possible. Errors: the
// folder holds other files (kInvalid), is in use, or cannot be created (kNotWritten).
Result<Sweep> run_sweep(const Experiment& experiment, const PointRunner& runner,
                        const SweepOptions& options);

// Plays one part of the experiment, beside others in the same folder; no tables are written. Each point
// has a lease while it is played, and leaves outcome.json beside its results. Points that another process
// plays are looked at again for as long as a lease lasts. kInvalid as well: the experiment is a search,
// whose points depend on each other.
Result<Sweep> play_part(const Experiment& experiment, const PointRunner& runner,
                        const SweepOptions& options);
// Takes what parts have left, plays nothing, and writes sweep.db and the tables. May be called while parts
// run.
Result<Sweep> collect_sweep(const Experiment& experiment, const SweepOptions& options);

// A point as parts see it.
struct ListedPoint {
  std::string folder;  // as seen from that of the sweep
  Scalars set;
  std::string state;  // "done", "failed", "running" or "missing"; of an earlier build it is missing
};
// In the order of the experiment. Writes nothing.
Result<std::vector<ListedPoint>> list_points(const Experiment& experiment,
                                             const SweepOptions& options);

// Relative to the first point of the series that has a latency; unset if either latency is missing.
struct Scaled {
  std::optional<double> speedup, efficiency;
};
Scaled scaled(const SweepSeries& series, std::size_t point);

// The runs of one x in a series: one for each seed.
struct PointRuns {
  std::vector<std::size_t> runs;  // of SweepSeries::points
};
std::vector<PointRuns> runs_by_x(const SweepSeries& series);
// What they measured under a key of results.json; runs that failed or measured nothing are left out.
std::vector<double> values_of(const SweepSeries& series, const PointRuns& point,
                              std::string_view key);
// Of a series whose x is an amount of hardware or clients, from five points on.
std::optional<ScalingLaw> scaling_law_of(const SweepSeries& series);
std::string find_words(const Sweep& sweep, const SweepSeries& series);

std::string sweep_table(const Sweep& sweep);
std::string axes_table(const Sweep& sweep);  // the same of an experiment with axes
// One row per point: the table's columns, then set.KEY for every key that any point sets, then
// every scalar of the results.
std::string sweep_csv(const Sweep& sweep);
Json axes_summary(const Sweep& sweep, const SweepSeries& series);  // of each x, over its seeds
// The CSV's columns before keys and results, as a Markdown table.
std::string sweep_columns_page();
std::string sweep_json(const Sweep& sweep);
// columns.json: the types of the CSV's columns.
std::string sweep_columns_json(const Sweep& sweep);
// One file, no network.
std::string sweep_page(const Sweep& sweep);

}  // namespace soliton
