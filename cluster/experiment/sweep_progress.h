// How far a sweep is, for those who watch it.
#pragma once

#include <cstddef>
#include <optional>

namespace soliton {

struct SweepProgress {
  std::size_t ended = 0, all = 0, failed = 0;  // points; a search may add some
  double seconds = 0;                          // since the start; 0: not known
  std::optional<double> p50_us, p99_us;        // of the point that ended last

  double per_second() const { return seconds > 0 ? static_cast<double>(ended) / seconds : 0; }
  // REQUIRES: per_second() > 0.
  double seconds_left() const { return static_cast<double>(all - ended) / per_second(); }
};

}  // namespace soliton
