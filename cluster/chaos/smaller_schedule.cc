#include "cluster/chaos/smaller_schedule.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/chaos/campaign.h"
#include "cluster/chaos/shrink.h"

namespace soliton {
namespace {

// So many single decisions tell more than the rules that made them.
constexpr std::size_t kFewEvents = 20;
// Of more than these none is looked at alone.
constexpr std::size_t kEventsMost = 20'000;
constexpr Duration kShortest = picoseconds(1'000);

class Smaller {
 public:
  Smaller(ChaosStage& stage, const std::string& invariant, const SmallerOptions& options)
      : stage_(stage), invariant_(invariant), options_(options) {}

  Result<SmallerSchedule> find(std::vector<ChaosRule> rules) {
    found_.schedule.rules = std::move(rules);
    if (!violates(found_.schedule))
      return failure(ErrorCode::kCheckFailed,
                     fmt::format("{} is not violated a second time", invariant_));
    fewer_rules();
    const bool recorded = try_events();
    fewer_requests();
    if (!recorded) shorter_windows();
    return std::move(found_);
  }

 private:
  // Whether the schedule violates the invariant; what it says is kept.
  bool fails(const ChaosSchedule& schedule) {
    if (found_.tries >= options_.tries || (options_.enough && options_.enough())) return false;
    return violates(schedule);
  }
  bool violates(const ChaosSchedule& schedule) {
    ++found_.tries;
    const Result<ChaosTrial> trial = play(schedule, false);
    if (!trial || !trial->violates(invariant_)) return false;
    found_.violation =
        *std::ranges::find(trial->violations, invariant_, &ChaosViolation::invariant);
    found_.allowed = trial->allowed;
    return true;
  }
  Result<ChaosTrial> play(const ChaosSchedule& schedule, bool record) {
    const ChaosPlay how{.twice = invariant_ == "repeatable", .record = record};
    return play_alone(stage_, schedule, how, options_.longest, options_.in_trial);
  }
  std::size_t tries_left() const { return options_.tries - found_.tries; }

  void fewer_rules() {
    found_.schedule.rules = shrunk<ChaosRule>(
        found_.schedule.rules,
        [&](const std::vector<ChaosRule>& some) {
          ChaosSchedule schedule = found_.schedule;
          schedule.rules = some;
          return fails(schedule);
        },
        tries_left());
  }

  // Whether the decisions of the rules fail alike, and few of them do.
  bool try_events() {
    const Result<ChaosTrial> trial = play(found_.schedule, true);
    if (!trial || trial->events.empty() || trial->events.size() > kEventsMost) return false;
    SmallerSchedule recorded = found_;
    recorded.schedule.rules.clear();
    recorded.schedule.events_head = trial->events_head;
    recorded.schedule.events = trial->events;
    const SmallerSchedule rules = std::exchange(found_, std::move(recorded));
    if (fails(found_.schedule)) {
      found_.schedule.events = shrunk<std::string>(
          found_.schedule.events,
          [&](const std::vector<std::string>& some) {
            ChaosSchedule schedule = found_.schedule;
            schedule.events = some;
            return fails(schedule);
          },
          tries_left());
      if (found_.schedule.events.size() <= kFewEvents) return true;
    }
    const std::size_t tries = found_.tries;
    found_ = rules;
    found_.tries = tries;
    return false;
  }

  bool take(ChaosSchedule schedule) {
    if (!fails(schedule)) return false;
    found_.schedule = std::move(schedule);
    return true;
  }

  // The fewest by halves: that more of them fail as well is likely, not certain.
  void fewer_requests() {
    std::int64_t enough = stage_.requests(), few = 0;
    while (few + 1 < enough && tries_left() > 0) {
      ChaosSchedule schedule = found_.schedule;
      schedule.requests = few + (enough - few) / 2;
      (take(schedule) ? enough : few) = schedule.requests;
    }
  }

  void shorter_windows() {
    for (std::size_t i = 0; i < found_.schedule.rules.size(); ++i)
      for (const bool front : {false, true}) {
        while (found_.schedule.rules[i].to - found_.schedule.rules[i].from > kShortest) {
          ChaosSchedule schedule = found_.schedule;
          ChaosRule& rule = schedule.rules[i];
          const Duration half = (rule.to - rule.from) / 2;
          (front ? rule.from : rule.to) = rule.from + half;
          if (!take(std::move(schedule))) break;
        }
      }
  }

  ChaosStage& stage_;
  const std::string& invariant_;
  const SmallerOptions& options_;
  SmallerSchedule found_;
};

}  // namespace

Result<SmallerSchedule> smaller_schedule(ChaosStage& stage, std::vector<ChaosRule> rules,
                                         const std::string& invariant,
                                         const SmallerOptions& options) {
  return Smaller(stage, invariant, options).find(std::move(rules));
}

}  // namespace soliton
