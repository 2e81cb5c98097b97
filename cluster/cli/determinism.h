// Runs a cluster file in several ways that must leave the same bytes, and compares what they left.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "cluster/results/compare_runs.h"
#include "protocol/base/result.h"

namespace soliton {

// A way to run a file: options of `soliton run`.
struct RunVariant {
  const char* name;
  std::vector<std::string> options;
  bool messages = false;  // also with fidelity: message, which has one layout
};
// All that must leave the same bytes; the first is what the others are compared with.
const std::vector<RunVariant>& run_variants();

struct DeterminismOptions {
  std::string file;
  std::vector<std::string> options;  // of every run, before those of the variant
  bool messages = false;             // fidelity: message
  std::vector<std::uint64_t> seeds;
  std::string folder;  // existing; gets a folder for each run
  const std::atomic<int>* signal = nullptr;
  std::function<void(const std::string&)> say;  // one line for each run; may be empty
};

struct DeterminismRun {
  std::uint64_t seed = 0;
  std::string variant;
  int status = 0;      // of `soliton run`
  std::string folder;  // of the run
  bool same = true;    // as the first of its seed
  RunComparison compared;
};

struct Determinism {
  std::vector<DeterminismRun> runs;
  // Of the first run that is not the same: the first event that differs; unset: none that is traced.
  std::optional<EventDifference> event;

  // nullptr if all are the same.
  const DeterminismRun* different() const;
};

// Error: a run could not be started, was interrupted (kInterrupted is signal_status()), or left
// nothing to compare, with the status it ended with.
struct DeterminismFailure {
  int status = 0;
  std::string text;
};
struct DeterminismResult {
  Determinism found;
  std::optional<DeterminismFailure> failure;
};
DeterminismResult verify_determinism(const DeterminismOptions& options);

std::string determinism_text(const Determinism& found, const std::string& file);
std::string determinism_json(const Determinism& found, const std::string& file);

}  // namespace soliton
