#include "cluster/run/judge_faults.h"

#include <fmt/format.h>
#include <sys/wait.h>

#include <algorithm>
#include <iterator>

#include "cluster/results/results.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr double kPicosecondsAMicrosecond = 1e6;

// When the run has seen the last of what it has measured.
Instant end_of(const RunResults& results) {
  Instant end = results.last_completed;
  for (const FaultResult& fault : results.faults)
    end = std::max(end, fault.counters.last.value_or(kRunStart));
  return end;
}

// The last window of the rule that has begun by `end`.
std::optional<FaultWindow> last_window(const FaultPlan& plan, std::size_t rule, Instant end,
                                       const FaultCounters& counters) {
  const FaultSchedule& when = plan.rules[rule].when;
  if (when.trigger == FaultTrigger::kNone) return plan.times(rule).last_begun(end);
  if (!counters.first) return std::nullopt;
  return when.from_trigger(*counters.first);
}

// The completion of the last request that was open when the rule hit for the last time, or that instant
// if none was.
std::optional<Instant> recovered_at(const RunResults& results, Instant last_hit) {
  Instant out = last_hit;
  for (const RequestRecord& request : results.requests) {
    if (request.sent > last_hit || (!request.failed && request.completed < last_hit)) continue;
    if (request.failed) return std::nullopt;
    out = std::max(out, request.completed);
  }
  return out;
}

void judge_rules(const PreparedRun& run, RunResults& results) {
  const Instant end = end_of(results);
  for (std::size_t i = 0; i < results.faults.size() && i < run.faults.rules.size(); ++i) {
    FaultResult& fault = results.faults[i];
    // Of rules about nodes the nodes have said it (fill_recovery()).
    if (run.faults.rules[i].nodes.empty()) {
      const auto window = last_window(run.faults, i, end, fault.counters);
      fault.armed = window.has_value();
      if (window && window->until <= end) fault.healed = window->until;
    }
    if (fault.counters.last) fault.recovered = recovered_at(results, *fault.counters.last);
  }
}

// From the end of the last fault, or else from the start of the run.
Instant healed_at(const RunResults& results) {
  Instant out = kRunStart;
  for (const FaultResult& fault : results.faults)
    out = std::max(out, fault.healed.value_or(kRunStart));
  return out;
}

// What a threshold is about, in the unit of its type; nullopt: there is nothing to measure.
using Measured = std::optional<double>;

template <double LatencySummary::*percentile>
Measured latency_of(const RunResults& results) {
  if (results.requests.size() <= static_cast<std::size_t>(results.failed)) return std::nullopt;
  return latency_summary(results).*percentile * kPicosecondsAMicrosecond;
}

Measured throughput_of(const RunResults& results) {
  if (results.requests.size() <= static_cast<std::size_t>(results.failed)) return std::nullopt;
  return throughput_rps(results);
}

Measured accuracy_of(const RunResults& results) {
  if (!results.outputs.accuracy) return std::nullopt;
  return 1e9 * *results.outputs.accuracy;
}

Measured resends_of(const RunResults& results) {
  const auto sent = static_cast<double>(results.ltl.packets_sent);
  const double needed = sent - static_cast<double>(results.ltl.retransmitted);
  return needed > 0 ? Measured(1'000 * sent / needed) : std::nullopt;
}

Measured completion_of(const RunResults& results) {
  if (!results.complete) return std::nullopt;
  const Duration since = results.last_completed - healed_at(results);
  return static_cast<double>(std::max(since, Duration{}).count());
}

Measured mismatched_of(const RunResults& results) {
  const OutputSummary& outputs = results.outputs;
  if (outputs.checked == 0) return std::nullopt;
  return 1e9 * static_cast<double>(outputs.mismatched) / static_cast<double>(outputs.checked);
}

struct Measure {
  std::string_view key;  // of kExpectKinds
  Measured (*of)(const RunResults& results);
};
constexpr Measure kMeasures[] = {
    {"p50", latency_of<&LatencySummary::p50>},
    {"p90", latency_of<&LatencySummary::p90>},
    {"p99", latency_of<&LatencySummary::p99>},
    {"p99_9", latency_of<&LatencySummary::p99_9>},
    {"max", latency_of<&LatencySummary::max>},
    {"throughput", throughput_of},
    {"accuracy", accuracy_of},
    {"resends", resends_of},
    {"completes_within", completion_of},
    {"mismatched", mismatched_of},
};

Measured measured(const std::string& key, const RunResults& results) {
  const auto measure = std::ranges::find(kMeasures, key, &Measure::key);
  SOLITON_CHECK_MSG(measure != std::end(kMeasures), "nothing measures {}", key);
  return measure->of(results);
}

std::string in_words(FieldType type, double value) {
  if (type == FieldType::kReal) return fmt::format("{:.3f}", value / 1'000);
  if (type == FieldType::kDuration) return to_string(Duration{static_cast<std::int64_t>(value)});
  if (type == FieldType::kProbability) return fmt::format("{:.2f} %", value / 1e7);
  return fmt::format("{:.1f} /s", value);
}

ExpectResult judge_threshold(const Expectation& expectation, const RunResults& results) {
  ExpectResult out{.key = expectation.key, .said = expectation.said};
  const std::optional<double> value = measured(expectation.key, results);
  out.measured = value ? in_words(find_expect_kind(expectation.key)->type, *value) : "nothing";
  out.met = value && expectation.threshold->met_by(*value);
  return out;
}

bool has_children() {
  siginfo_t info{};
  return waitid(P_ALL, 0, &info, WEXITED | WNOHANG | WNOWAIT) == 0;
}

ExpectResult judge_word(const Expectation& expectation, const RunResults& results) {
  ExpectResult out{.key = expectation.key, .said = expectation.said};
  const OutputSummary& outputs = results.outputs;
  if (expectation.key == "outputs") {
    out.met = outputs.checked > 0 && outputs.mismatched == 0;
    out.measured = fmt::format("{} of {} differ", outputs.mismatched, outputs.checked);
  } else if (expectation.key == "delivery") {
    out.met = results.complete && results.failed == 0 && results.duplicated == 0 &&
              outputs.mismatched == 0;
    out.measured = fmt::format("{} missing, {} twice, {} wrong", results.failed, results.duplicated,
                               outputs.mismatched);
  } else if (expectation.key == "fired") {
    const auto idle = std::ranges::count_if(
        results.faults, [](const FaultResult& fault) { return fault.counters.hits == 0; });
    out.met = idle == 0;
    out.measured = fmt::format("{} of {} rules hit nothing", idle, results.faults.size());
  } else {
    const bool left = has_children();
    out.met = !left;
    out.measured = left ? "processes are left" : "no process is left";
  }
  return out;
}

ExpectResult judge_end(const Expectation& expectation, const FinishedRun& finished) {
  const int status = finished.error ? exit_status(finished.error->code) : 0;
  std::string cause;
  if (const auto& recovery = finished.results.recovery)
    for (const RecoveryResult::Step& step : recovery->steps)
      if (step.what == "no_spare" || step.what == "isolated") cause = step.what;
  return {.key = expectation.key,
          .said = expectation.said,
          .measured = fmt::format("status {}{}", status, cause.empty() ? "" : ", " + cause),
          .met = status == expectation.status &&
                 (expectation.cause.empty() || expectation.cause == cause)};
}

// From the last fault before each grant to the first answer of its generation, less the time in which nodes
// were configured: the longest of all, in timeouts. Unset: nothing was granted, or an answer is missing.
std::optional<double> longest_failover(const RunResults& results) {
  std::optional<double> longest;
  const RecoveryResult& recovery = *results.recovery;
  for (std::uint32_t generation = 2; generation <= recovery.generations; ++generation) {
    std::optional<Instant> granted, configured, answered;
    for (const RecoveryResult::Step& step : recovery.steps) {
      if (step.generation != generation) continue;
      if (step.what == "granted" && !granted) granted = step.at;
      if (step.what == "configured") configured = step.at;
      if (step.what == "answered" && !answered) answered = step.at;
    }
    // A generation that another followed before it could answer is part of that one.
    if (!granted || (!answered && generation < recovery.generations)) continue;
    if (!answered) return std::nullopt;
    std::optional<Instant> fault;
    for (const FaultResult& rule : results.faults)
      for (const std::optional<Instant>& hit : {rule.counters.first, rule.counters.last})
        if (hit && *hit <= *granted) fault = std::max(fault.value_or(*hit), *hit);
    if (!fault) continue;
    const Duration configuring = configured ? *configured - *granted : Duration{};
    const Duration took = *answered - *fault - configuring;
    const double timeouts =
        static_cast<double>(took.count()) / static_cast<double>(recovery.timeout.count());
    longest = std::max(longest.value_or(0), timeouts);
  }
  return longest;
}

ExpectResult judge_failover(const Expectation& expectation, const RunResults& results) {
  const std::optional<double> longest = results.recovery ? longest_failover(results) : std::nullopt;
  return {.key = expectation.key,
          .said = expectation.said,
          .measured = longest ? fmt::format("{:.1f} timeouts", *longest) : "no failover",
          .met = longest && *longest <= static_cast<double>(expectation.most_timeouts)};
}

}  // namespace

void judge_faults(const PreparedRun& run, FinishedRun& finished) {
  judge_rules(run, finished.results);
  for (const Expectation& expectation : run.spec.expectations)
    finished.results.expectations.push_back(
        expectation.key == "end"        ? judge_end(expectation, finished)
        : expectation.key == "failover" ? judge_failover(expectation, finished.results)
        : expectation.threshold         ? judge_threshold(expectation, finished.results)
                                        : judge_word(expectation, finished.results));
}

}  // namespace soliton
