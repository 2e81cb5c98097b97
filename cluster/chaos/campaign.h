// Many schedules on one cluster: `soliton chaos` without its command line.
//
//   Checked<std::unique_ptr<ChaosStage>> stage = ChaosStage::open(file, overrides, data);
//   Status clean = measure_gauge(**stage);
//   Result<ChaosTally> tally = play_seeds(**stage, {.seeds = {1, 100}});
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "cluster/chaos/chaos_stage.h"

namespace soliton {

struct ChaosSeeds {
  std::uint64_t first = 1, last = 1;
};

struct ChaosFinding {
  std::uint64_t seed = 0;
  ChaosViolation violation;  // the first of its trial
};

struct ChaosTally {
  std::uint64_t seeds = 0, twice = 0;  // played; of them played a second time
  std::uint64_t packets = 0, fired = 0;
  std::map<std::string, std::uint64_t> by_kind;  // firings
  std::map<std::pair<std::string, std::string>, std::uint64_t>
      met;                             // seeds in which both kinds fired
  std::vector<std::string> kinds;      // that schedules here may have
  std::vector<ChaosFinding> findings;  // in the order of seeds
  bool interrupted = false;

  // Pairs of kinds of which no seed has had both: coverage that is missing.
  std::vector<std::pair<std::string, std::string>> never_met() const;
};

struct ChaosOptions {
  ChaosSeeds seeds;
  std::size_t jobs = 1;
  std::uint64_t twice_every = 20;  // each seed that this divides is played twice
  std::size_t findings_most = SIZE_MAX;
  std::chrono::seconds longest{60};                    // of a trial
  const volatile std::sig_atomic_t* stop = nullptr;    // set by a signal
  std::function<void(std::uint64_t seed)> in_trial;    // called in its process before it plays
  std::function<void(const ChaosTally& so_far)> each;  // after each trial
};

// Plays the cluster without faults, and keeps what it was as the gauge of `stage`. Error: it cannot be
// played, or violates something without faults.
Status measure_gauge(ChaosStage& stage, std::chrono::seconds longest = std::chrono::seconds(600));

Result<ChaosTally> play_seeds(ChaosStage& stage, const ChaosOptions& options);

// One trial in a process of its own.
Result<ChaosTrial> play_alone(ChaosStage& stage, const ChaosSchedule& schedule, ChaosPlay how,
                              std::chrono::seconds longest,
                              const std::function<void()>& in_trial = {});

}  // namespace soliton
