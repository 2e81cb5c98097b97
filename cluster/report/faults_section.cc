// What faults did, how the run recovered, and whether what was expected came true.
#include <fmt/format.h>

#include "cluster/report/html.h"
#include "cluster/report/recovery_words.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

using Rows = std::vector<std::vector<std::string>>;

std::string effect_of(const Json& fault) {
  FaultCounters counters;
  const std::pair<const char*, std::uint64_t FaultCounters::*> all[] = {
      {"hits", &FaultCounters::hits},           {"dropped", &FaultCounters::dropped},
      {"delayed", &FaultCounters::delayed},     {"duplicated", &FaultCounters::duplicated},
      {"corrupted", &FaultCounters::corrupted}, {"marked", &FaultCounters::marked},
      {"misrouted", &FaultCounters::misrouted}};
  for (const auto& [key, member] : all)
    counters.*member =
        static_cast<std::uint64_t>(std::max<std::int64_t>(0, count_at(fault, key).value_or(0)));
  return effect_words(counters);
}

}  // namespace

std::string faults_html(const RunReport& run) {
  Rows rows;
  for (const Json* fault : items_at(run.results, "faults"))
    rows.push_back({text_at(*fault, "id"), text_at(*fault, "kind"), text_at(*fault, "target"),
                    time_words(time_at(*fault, "at_us")), effect_of(*fault),
                    time_words(time_at(*fault, "detected_us")),
                    time_words(time_at(*fault, "healed_us")),
                    time_words(time_at(*fault, "recovered_us"))});
  if (rows.empty()) return "";
  return html_section("Faults", html_table({"rule", "kind", "target", "at", "effect", "found",
                                            "ended", "all done again"},
                                           rows, 8));
}

std::string recovery_html(const RunReport& run) {
  const Json& r = run.results;
  if (find_at(r, "recovery") == nullptr) return "";
  Rows rows;
  for (const Json* it : items_at(r, "recovery.steps")) {
    const RecoveryResult::Step step{
        .at = {},
        .what = text_at(*it, "what"),
        .node = text_at(*it, "node"),
        .slot = text_at(*it, "slot"),
        .generation = static_cast<std::uint32_t>(count_at(*it, "generation").value_or(0)),
        .count = static_cast<std::uint64_t>(count_at(*it, "count").value_or(0))};
    rows.push_back({time_words(time_at(*it, "at_us")), recovery_words(step)});
  }
  std::string body = html_paragraph(fmt::format(
      "The resource manager on {} has made {} assignments of work to nodes. {} requests were sent "
      "again, and {} messages of older assignments refused.",
      text_at(r, "recovery.manager", "?"), count_words(count_at(r, "recovery.generations")),
      count_words(count_at(r, "recovery.replayed")), count_words(count_at(r, "recovery.stale"))));
  if (!rows.empty()) body += html_table({"at", "what"}, rows, 2);
  return html_section("Recovery", body);
}

std::string expectations_html(const RunReport& run) {
  Rows rows;
  for (const Json* e : items_at(run.results, "expect"))
    rows.push_back({text_at(*e, "expected"), text_at(*e, "said"), text_at(*e, "measured"),
                    flag_at(*e, "met").value_or(false) ? "met" : "not met"});
  if (rows.empty()) return "";
  return html_section("Expectations",
                      html_table({"expected", "to be", "measured", "verdict"}, rows, 4));
}

}  // namespace soliton
