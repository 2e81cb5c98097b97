// Shows the progress of a run on standard error: one line that is rewritten on a terminal, an
// occasional plain line in a pipe or a file.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "cluster/experiment/sweep_progress.h"
#include "cluster/run/live_results.h"

namespace soliton {

// "██████░░░░ 431/1,200 · 12.3 ms · 1,240/s · 210,000 packets/s · 31 × slower · p50 31.8 p99 33.0 us · 2 faults ·
// 0.6 s left" within `columns`. Where that is too long, words go first, then the bar: at 40 columns it is "36 % ·
// 1,240/s · p99 33.0 us · 0.6 s left". The shortest form is "36 %".
std::string progress_bar(const RunProgress& progress, std::size_t columns);
// "431 of 1,200 requests, 12.3 ms, 1,240/s, 210,000 packets/s, 31 × slower, p50 31.8 p99 33.0 us, 0.6 s left".
std::string progress_words(const RunProgress& progress);
// "██████░░░░ 12/200 · 3.1/s · p50 31.8 p99 33.0 us · 1 failed · 61 s left" within `columns`.
std::string sweep_bar(const SweepProgress& progress, std::size_t columns);

// For one thread at a time. Output that standard error cannot take at once is dropped, so that a
// halted terminal (Ctrl-S) does not block the run.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted);
  void show(const RunProgress& progress);
  // On a terminal only, as the next.
  void show(const SweepProgress& progress);
  void show(const std::string& text);
  void clear();

 private:
  bool wanted_, terminal_;
  bool shown_ = false;
  double said_seconds_ = 0;  // when the last plain line was written
};

}  // namespace soliton
