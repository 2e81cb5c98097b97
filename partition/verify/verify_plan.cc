#include "partition/verify/verify_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "partition/verify/recompute.h"
#include "protocol/json/located_json.h"

namespace soliton::verify {
namespace {

using priced::Assignment;
using priced::Objective;
using priced::PricedGraph;

constexpr std::int64_t kPicosecondsPerMillisecond = 1'000'000'000;
// Gaps are doubles, made from the two times in any order.
constexpr double kGapTolerance = 1e-9;
// Above ten times the bound a plan is said to be unproved.
constexpr std::int64_t kLargestPercent = 1000;

std::string in_ms(Duration time) {
  return fmt::format("{}.{:09} ms", time.count() / kPicosecondsPerMillisecond,
                     time.count() % kPicosecondsPerMillisecond);
}

std::string broken_rule(const PricedGraph& graph, const Assignment& it) {
  if (const std::string wrong = misplaced(graph, it.places); !wrong.empty()) return wrong;
  if (const std::string wrong = overfull(graph, uses_of(graph, it.places)); !wrong.empty())
    return wrong;
  const std::string around = circle(graph, it.objective, it.places);
  return around.empty() ? "" : "nodes wait for each other: " + around;
}

// The node with the largest load and what that is made of.
std::string busiest(const PricedGraph& graph, const Assignment& it) {
  const std::vector<NodeUse> uses = uses_of(graph, it.places);
  const NodeUse& most = *std::ranges::max_element(uses, {}, &NodeUse::load);
  return fmt::format("{} computes {}, fetches {} and sends {}", place_name(graph, most.place),
                     in_ms(most.computing), in_ms(most.fetching), in_ms(most.sending));
}

std::string wrong_value(const PricedGraph& graph, const Assignment& it) {
  const std::optional<Duration> value = value_of(graph, it.objective, it.places);
  if (it.value == *value) return "";
  std::string out =
      fmt::format("value_ms is {}, but the assignment is worth {}", in_ms(it.value), in_ms(*value));
  if (it.objective == Objective::kThroughput) out += ": " + busiest(graph, it);
  return out;
}

std::string wrong_gap(const StatedPlan& plan) {
  const Assignment& it = plan.planned.assignment;
  const auto value = static_cast<double>(it.value.count());
  const auto bound = static_cast<double>(it.lower_bound.count());
  if (it.lower_bound.count() == 0 && it.value.count() > 0)
    return plan.gap ? fmt::format("gap is {}, but no bound is known", *plan.gap) : "";
  const double gap = it.value == it.lower_bound ? 0 : (value - bound) / bound;
  if (!plan.gap) return fmt::format("gap is null, but value and bound are {} apart", gap);
  if (std::abs(*plan.gap - gap) <= kGapTolerance * (1 + gap)) return "";
  return fmt::format("gap is {}, but value_ms / lower_bound_ms - 1 is {}", *plan.gap, gap);
}

// What value and bound allow to say. The bound is not above the value.
std::string allowed_verdict(const Assignment& it) {
  if (it.value == it.lower_bound) return "optimal";
  if (it.lower_bound.count() == 0) return "no proof";
  const __int128 above = (it.value - it.lower_bound).count();
  const __int128 bound = it.lower_bound.count();
  const __int128 hundredths = (above * 100 * 100 + bound - 1) / bound;  // of a percent, rounded up
  if (hundredths > __int128{kLargestPercent} * 100) return "no proof";
  return fmt::format("within {}.{:02} %", static_cast<std::int64_t>(hundredths / 100),
                     static_cast<std::int64_t>(hundredths % 100));
}

std::string wrong_claim(const StatedPlan& plan) {
  const Assignment& it = plan.planned.assignment;
  if (it.lower_bound > it.value)
    return fmt::format("lower_bound_ms, {}, is above value_ms, {}", in_ms(it.lower_bound),
                       in_ms(it.value));
  if (const std::string wrong = wrong_gap(plan); !wrong.empty()) return wrong;
  if (const std::string verdict = allowed_verdict(it); it.verdict != verdict)
    return fmt::format("verdict is \"{}\", but value and bound allow \"{}\"", it.verdict, verdict);
  if (it.plan_class != "contiguous")
    return fmt::format("class is \"{}\"; allowed: contiguous", it.plan_class);
  return "";
}

// Whether loads and memory of any node can be summed up in 64 bits.
bool can_be_summed(const PricedGraph& graph) {
  constexpr __int128 kLimit = __int128{1} << 62;
  __int128 sizes = 0, transfers = 0;
  std::vector<__int128> times(graph.classes.size());
  for (const priced::Operator& it : graph.operators) {
    sizes += it.size.count;
    transfers += it.transfer.count();
    for (std::size_t c = 0; c < times.size(); ++c)
      times[c] += it.times[c].value_or(Duration{}).count();
  }
  return sizes < kLimit &&
         std::ranges::all_of(times, [&](__int128 sum) { return sum + 2 * transfers < kLimit; });
}

}  // namespace

Checked<StatedPlan> read_plan(const std::string& text, const std::string& file) {
  Checked<priced::PlannedGraph> planned = priced::read_planned(text, file);
  if (!planned) return tl::unexpected(std::move(planned.error()));
  const TextPlaces places(file, text);
  const Checked<LocatedJson> root = parse_located(places);
  if (!root) return tl::unexpected(root.error());
  Diagnostics problems;
  if (!can_be_summed(planned->graph)) {
    problems.add(places.error(root->find("graph")->offset,
                              "times or sizes of all operators add up to 2^62 or more"));
    return tl::unexpected(std::move(problems));
  }
  const LocatedJson* const gap = root->find("gap");
  if (gap != nullptr && gap->kind == LocatedJson::Kind::kNull)
    return StatedPlan{std::move(*planned), std::nullopt};
  double value = 0;
  const bool number = gap != nullptr && gap->kind == LocatedJson::Kind::kNumber;
  const char* const end = number ? gap->text.data() + gap->text.size() : nullptr;
  if (number && std::from_chars(gap->text.data(), end, value).ec == std::errc{})
    return StatedPlan{std::move(*planned), value};
  problems.add(places.error(gap == nullptr ? root->offset : gap->offset,
                            "the plan's \"gap\" must be a number, or null without a bound"));
  return tl::unexpected(std::move(problems));
}

Verification verify_plan(const StatedPlan& plan) {
  const PricedGraph& graph = plan.planned.graph;
  const Assignment& it = plan.planned.assignment;
  Verification out;
  out.difference = broken_rule(graph, it);
  if (!out.difference.empty()) return out;
  out.difference = wrong_value(graph, it);
  if (out.difference.empty()) out.difference = wrong_claim(plan);
  if (!small_enough(graph, it.objective)) return out;
  out.best_of_all = best_of_all(graph, it.objective, *value_of(graph, it.objective, it.places));
  const Duration best = *out.best_of_all->value;
  if (out.difference.empty() && it.lower_bound > best)
    out.difference =
        fmt::format("lower_bound_ms is {}, but the best of all assignments is worth {}",
                    in_ms(it.lower_bound), in_ms(best));
  return out;
}

}  // namespace soliton::verify
