// How fast a run goes, over the last seconds of wall time.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/time.h"

namespace soliton {

// What a run has done after so long.
struct RunReached {
  double wall_seconds = 0;
  std::uint64_t completed = 0;  // requests, or messages and rounds
  std::uint64_t packets = 0;    // handed to the network; virtual time
  Instant now{};
};

class RunRates {
 public:
  // REQUIRES: nothing of it descends. Rates are 0 before the first call that shows progress.
  void add(const RunReached& reached);
  double completed_per_second() const { return completed_; }
  double packets_per_second() const { return packets_; }
  // Time of the run for a second of wall time.
  double emulated_seconds_per_second() const { return emulated_; }
  // Wall time until `asked` are completed, at this rate; unset: nothing was completed of late, or all.
  std::optional<double> seconds_left(std::uint64_t completed, std::uint64_t asked) const;

 private:
  RunReached last_;
  double completed_ = 0, packets_ = 0, emulated_ = 0;
};

}  // namespace soliton
