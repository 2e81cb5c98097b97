#include "cluster/chaos/campaign.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/chaos/forked_trials.h"

namespace soliton {
namespace {

// Of seeds that one process plays.
constexpr std::uint64_t kBatchMost = 16;

class Campaign {
 public:
  Campaign(ChaosStage& stage, const ChaosOptions& options)
      : stage_(stage),
        options_(options),
        ground_(stage.ground()),
        next_(options.seeds.first),
        trials_(options.jobs, options.longest, [this](std::uint64_t seed) { return play(seed); }) {
    const std::uint64_t seeds = options.seeds.last - options.seeds.first + 1;
    for (const std::string_view kind : chaos_kinds(&ground_)) tally_.kinds.emplace_back(kind);
    batch_ = std::clamp<std::uint64_t>(seeds / (4 * options.jobs), 1, kBatchMost);
  }

  Result<ChaosTally> play_all() {
    while (more_ || !trials_.empty()) {
      if (const Status started = start(); !started) return tl::unexpected<Error>(started.error());
      Result<std::optional<EndedTrial>> ended = trials_.take(options_.stop);
      if (!ended) return tl::unexpected<Error>(ended.error());
      tally_.interrupted = options_.stop != nullptr && *options_.stop != 0;
      if (tally_.interrupted) break;
      if (!*ended) continue;
      if (!(*ended)->trial) return tl::unexpected<Error>((*ended)->trial.error());
      add((*ended)->number, *(*ended)->trial);
      if (options_.each) options_.each(tally_);
      if (tally_.findings.size() >= options_.findings_most) break;
    }
    std::ranges::sort(tally_.findings, {}, &ChaosFinding::seed);
    return std::move(tally_);
  }

 private:
  Status start() {
    while (more_ && !trials_.is_full()) {
      std::deque<std::uint64_t> seeds;
      for (; more_ && seeds.size() < batch_; more_ = next_++ != options_.seeds.last)
        seeds.push_back(next_);
      if (Status started = trials_.start(std::move(seeds)); !started) return started;
    }
    return {};
  }

  // In a process of the trial's own.
  Result<ChaosTrial> play(std::uint64_t seed) {
    if (options_.in_trial) options_.in_trial(seed);
    ChaosSchedule schedule;
    schedule.rules = chaos_rules(seed, ground_);
    return stage_.play(schedule, {.twice = is_twice(seed)});
  }

  bool is_twice(std::uint64_t seed) const {
    return options_.twice_every != 0 && seed % options_.twice_every == 0;
  }

  void add(std::uint64_t seed, const ChaosTrial& trial) {
    ++tally_.seeds;
    tally_.twice += is_twice(seed);
    tally_.packets += trial.packets;
    tally_.fired += trial.fired;
    for (auto a = trial.by_kind.begin(); a != trial.by_kind.end(); ++a) {
      tally_.by_kind[a->first] += a->second;
      for (auto b = std::next(a); b != trial.by_kind.end(); ++b) ++tally_.met[{a->first, b->first}];
    }
    if (!trial.violations.empty()) tally_.findings.push_back({seed, trial.violations.front()});
  }

  ChaosStage& stage_;
  const ChaosOptions& options_;
  ChaosGround ground_;
  std::uint64_t next_, batch_ = 1;
  bool more_ = true;
  ForkedTrials trials_;
  ChaosTally tally_;
};

}  // namespace

std::vector<std::pair<std::string, std::string>> ChaosTally::never_met() const {
  std::vector<std::string> all = kinds;
  std::ranges::sort(all);
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t a = 0; a < all.size(); ++a)
    for (std::size_t b = a + 1; b < all.size(); ++b)
      if (!met.contains({all[a], all[b]})) out.emplace_back(all[a], all[b]);
  return out;
}

Result<ChaosTrial> play_alone(ChaosStage& stage, const ChaosSchedule& schedule, ChaosPlay how,
                              std::chrono::seconds longest, const std::function<void()>& in_trial) {
  const auto trial = [&] {
    if (in_trial) in_trial();
    return stage.play(schedule, how);
  };
  return play_forked(trial, longest);
}

Status measure_gauge(ChaosStage& stage, std::chrono::seconds longest) {
  const Result<ChaosTrial> clean = play_alone(stage, {}, {}, longest);
  if (!clean) return tl::unexpected<Error>(clean.error());
  if (!clean->violations.empty())
    return failure(ErrorCode::kCheckFailed,
                   fmt::format("without faults: {}: {}", clean->violations.front().invariant,
                               clean->violations.front().what));
  stage.set_gauge(gauge_of(*clean));
  return {};
}

Result<ChaosTally> play_seeds(ChaosStage& stage, const ChaosOptions& options) {
  return Campaign(stage, options).play_all();
}

}  // namespace soliton
