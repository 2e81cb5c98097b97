// Trials side by side, in processes of their own.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/chaos/chaos_trial.h"

namespace soliton {

struct EndedTrial {
  std::uint64_t number = 0;
  // One whose process crashed or hung has a violation that says so; an error is that of the trial itself.
  Result<ChaosTrial> trial;
};

// A process plays several trials, one after the other, as making it takes longer than a small trial does.
// If it ends in one of them, another process plays those behind it. REQUIRES: this process has no other
// threads.
class ForkedTrials {
 public:
  using Play = std::function<Result<ChaosTrial>(std::uint64_t number)>;

  // A trial that takes longer is a violation: "hang".
  ForkedTrials(std::size_t jobs, std::chrono::seconds longest, Play play)
      : jobs_(jobs), longest_(longest), play_(std::move(play)) {}
  // Kills those that run.
  ~ForkedTrials();
  ForkedTrials(const ForkedTrials&) = delete;
  ForkedTrials& operator=(const ForkedTrials&) = delete;

  // Whether as many processes run as may.
  bool is_full() const { return running_.size() >= jobs_; }
  bool empty() const { return running_.empty() && ended_.empty(); }
  // Starts a process for trials of these numbers. Error: kEnvironment. REQUIRES: !is_full(), and there are
  // numbers.
  Status start(std::deque<std::uint64_t> numbers);
  // Waits for any to end; nullopt: a signal has set `*stop`, which may be null, or none is left. Errors:
  // as start().
  Result<std::optional<EndedTrial>> take(const volatile std::sig_atomic_t* stop = nullptr);

 private:
  struct Running {
    int pid = -1;
    std::deque<std::uint64_t> numbers;  // still to come
    std::string text;                   // received and not used
  };

  void take_results(Running& running);
  Status finish(int pipe);

  std::size_t jobs_;
  std::chrono::seconds longest_;
  Play play_;
  std::map<int, Running> running_;  // by the descriptor that results come over
  std::deque<EndedTrial> ended_;
};

// One trial by itself.
Result<ChaosTrial> play_forked(const std::function<Result<ChaosTrial>()>& trial,
                               std::chrono::seconds longest);

}  // namespace soliton
