// Runs the points of an experiment, keeps what is finished, and writes the table, the CSV and the
// page of curves.
//
// A sweep's folder: points/SERIES-X/results.json and fingerprint, table.txt, sweep.csv, sweep.json,
// report.html, and a `lock` while it runs. Running the same experiment into the same folder again
// runs only what is missing or has changed.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/experiment/experiment.h"
#include "cluster/experiment/point.h"

namespace soliton {

struct SweepPoint {
  std::int64_t x = 0;
  bool kept = false;                    // from an earlier sweep
  std::optional<PointNumbers> numbers;  // unset: not run, or failed
  std::string error;                    // why it failed, or ""
};

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
  std::size_t ran = 0;
  std::size_t kept = 0;
  std::optional<ErrorCode> first_failure;  // of a point: what the sweep's exit status should say
};

struct SweepOptions {
  std::string folder;          // made with its parents
  Overrides overrides;         // for every point, after its own (--set, --seed)
  std::string inputs;          // goes into each fingerprint: what else the results depend on
  std::function<bool()> stop;  // asked before each point; may be empty
  std::function<void(const std::string&)> progress;  // a line as each point ends; may be empty
};

// `file` and overrides as for read_cluster(). Results with complete == false are stored but run
// again the next time.
using PointRunner =
    std::function<Checked<RunResults>(const std::string& file, const Overrides& overrides)>;

// A failed point does not stop the others. Errors: the base cluster file cannot be read (kInvalid),
// the folder holds something else (kInvalid), is in use, or cannot be written (kNotWritten).
Result<Sweep> run_sweep(const Experiment& experiment, const PointRunner& runner,
                        const SweepOptions& options);

// Against the first point of the series that has a latency; unset without both.
struct Scaled {
  std::optional<double> speedup, efficiency;
};
Scaled scaled(const SweepSeries& series, std::size_t point);

std::string sweep_table(const Sweep& sweep);
std::string sweep_csv(const Sweep& sweep);
std::string sweep_json(const Sweep& sweep);
// One file, no network, no script.
std::string sweep_page(const Sweep& sweep);

}  // namespace soliton
