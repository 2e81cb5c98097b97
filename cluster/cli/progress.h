// Shows the progress of a run on standard error: one line that is rewritten on a terminal, an
// occasional plain line in a pipe or a file.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>

#include "cluster/run/live_results.h"

namespace soliton {

// "██████░░░░ 431/1,200 · 12.3 ms · 1,240/s · 210,000 packets/s · 31 × slower · 0.6 s left" within
// `columns`; words go before the bar does, and the shortest form is "36 %".
std::string progress_bar(const RunProgress& progress, std::size_t columns);
// "431 of 1,200 requests, 12.3 ms, 1,240/s, 210,000 packets/s, 31 × slower, 0.6 s left".
std::string progress_words(const RunProgress& progress);

// For one thread at a time. Output that standard error cannot take at once is dropped, so that a
// halted terminal (Ctrl-S) does not block the run.
class ProgressLine {
 public:
  explicit ProgressLine(bool wanted);
  void show(const RunProgress& progress);
  // On a terminal only.
  void show(const std::string& text);
  void clear();

 private:
  bool wanted_, terminal_;
  bool shown_ = false;
  double said_seconds_ = 0;  // when the last plain line was written
};

}  // namespace soliton
