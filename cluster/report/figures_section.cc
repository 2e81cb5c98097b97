// The first lines of a report: what ran, whether it was right, and its figures.
#include <fmt/format.h>

#include "cluster/report/html.h"
#include "cluster/report/plan_words.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

bool has_plan(const Json& r) { return find_at(r, "partition.objective") != nullptr; }

// A model on CPUs alone has no FPGA in use.
const char* reference(const Json& r) {
  return count_at(r, "partition.nodes_used").value_or(1) == 0 ? "the whole model on one CPU"
                                                              : "one unsharded device";
}

std::string answered_words(const RunReport& run) {
  const Json& r = run.results;
  const std::int64_t completed = count_at(r, "requests.completed").value_or(0);
  const std::int64_t sent = count_at(r, "requests.sent").value_or(completed);
  const char* what = has_plan(r) ? "requests" : "messages";
  if (completed == sent)
    return fmt::format("all {} {} were answered", group_thousands(completed), what);
  return fmt::format("{} of {} {} were answered", group_thousands(completed), group_thousands(sent),
                     what);
}

std::string checked_words(const Json& r) {
  const std::int64_t checked = count_at(r, "outputs.checked").value_or(0);
  const std::int64_t wrong = count_at(r, "outputs.mismatched").value_or(0);
  if (checked == 0) return "contents were not checked";
  if (!has_plan(r))
    return wrong > 0 ? fmt::format("{} of {} checked were damaged", group_thousands(wrong),
                                   group_thousands(checked))
                     : fmt::format("{} checked, all as they were sent", group_thousands(checked));
  if (wrong > 0)
    return fmt::format("{} of {} checked differ from {}", group_thousands(wrong),
                       group_thousands(checked), reference(r));
  return fmt::format("{} checked, all bit-identical to {}", group_thousands(checked), reference(r));
}

struct Expected {
  std::size_t met = 0, all = 0;
};

Expected expected(const Json& r) {
  Expected out;
  for (const Json* it : items_at(r, "expect")) {
    ++out.all;
    out.met += flag_at(*it, "met").value_or(false) ? 1 : 0;
  }
  return out;
}

bool is_right(const Json& r) {
  const Expected it = expected(r);
  return flag_at(r, "complete").value_or(false) && it.met == it.all &&
         count_at(r, "requests.failed").value_or(0) == 0 &&
         count_at(r, "requests.duplicated").value_or(0) == 0 &&
         count_at(r, "outputs.mismatched").value_or(0) == 0;
}

void latency_cards(const RunReport& run, std::vector<Card>& cards) {
  const Json& r = run.results;
  const std::optional<Duration> mean = time_at(r, "latency_us.mean");
  if (!mean) return;
  std::string beside;
  if (const auto predicted = time_at(r, "partition.predicted_latency_us"))
    beside = fmt::format("predicted {}", spell_time(*predicted));
  const auto bound = time_at(r, "partition.lower_bound_us");
  if (bound && bound->count() > 0) beside += fmt::format(", bound {}", spell_time(*bound));
  cards.push_back({"mean latency", spell_time(*mean), beside});
  cards.push_back({"p99 latency", time_words(time_at(r, "latency_us.p99")),
                   "p99.9 " + time_words(time_at(r, "latency_us.p99_9"))});
  const std::string completed = count_words(count_at(r, "requests.completed"));
  if (const auto rate = number_at(r, "throughput_rps"))
    cards.push_back({"throughput", significant(*rate, 3) + "/s",
                     has_plan(r) ? fmt::format("{} requests, {} client{}", completed,
                                               run.input.clients, run.input.clients == 1 ? "" : "s")
                                 : completed + " records"});
}

void traffic_cards(const Json& r, std::vector<Card>& cards) {
  if (const auto goodput = number_at(r, "traffic.goodput_gbps")) {
    const auto share = number_at(r, "traffic.line_share");
    cards.push_back({"goodput", significant(*goodput, 4) + " Gb/s",
                     share ? percent(*share) + " of the line" : ""});
  }
  if (const auto bound = time_at(r, "traffic.bound_us"))
    cards.push_back(
        {"time", time_words(time_at(r, "traffic.time_us")), "bound " + spell_time(*bound)});
  const auto tflops = number_at(r, "effective_tflops"), peak = number_at(r, "peak_tflops");
  if (tflops && peak)
    cards.push_back({"effective TFLOPS", significant(*tflops, 3),
                     fmt::format("{} of {} peak", share_words(number_at(r, "utilization")),
                                 significant(*peak, 3))});
}

Card outputs_card(const RunReport& run) {
  const Json& r = run.results;
  const std::int64_t checked = count_at(r, "outputs.checked").value_or(0);
  const std::int64_t wrong = count_at(r, "outputs.mismatched").value_or(0);
  const bool plan = has_plan(r);
  const std::string of = group_thousands(checked) + (plan ? " checked" : " messages checked");
  if (wrong > 0)
    return {plan ? "outputs" : "contents",
            fmt::format("{} {}", group_thousands(wrong), plan ? "differ" : "damaged"), of, true};
  if (checked == 0) return {plan ? "outputs" : "contents", "not checked", ""};
  return {plan ? "outputs" : "contents", plan ? "bit-identical" : "as sent", of};
}

}  // namespace

std::string verdict_html(const RunReport& run) {
  const Json& r = run.results;
  if (r.empty()) return "";
  const bool right = is_right(r);
  std::string text = fmt::format("{}; {}", answered_words(run), checked_words(r));
  const Expected it = expected(r);
  if (it.all > 0)
    text += fmt::format("; {} of {} expectation{} met", it.met, it.all, it.all == 1 ? "" : "s");
  for (const auto& [path, words] : {std::pair("requests.failed", "requests failed"),
                                    {"requests.duplicated", "answers came twice"}})
    if (const std::int64_t count = count_at(r, path).value_or(0); count > 0)
      text += fmt::format("; {} {}", group_thousands(count), words);
  const std::size_t faults = items_at(r, "faults").size();
  if (faults > 0)
    text += fmt::format("; {} fault rule{} in force", faults, faults == 1 ? " was" : "s were");
  if (const std::size_t warnings = items_at(r, "warnings").size(); warnings > 0)
    text += fmt::format("; {} warning{} below", warnings, warnings == 1 ? "" : "s");
  return fmt::format("<p class=\"verdict\"><b class=\"{}\">{}</b>: {}.</p>\n",
                     right ? "good" : "bad", right ? "As it should be" : "Not as it should be",
                     html_escape(text));
}

std::string cards_html(const RunReport& run) {
  const Json& r = run.results;
  if (r.empty()) return "";
  std::vector<Card> cards;
  latency_cards(run, cards);
  traffic_cards(r, cards);
  const std::int64_t failed = count_at(r, "requests.failed").value_or(0),
                     twice = count_at(r, "requests.duplicated").value_or(0);
  if (failed > 0 || twice > 0)
    cards.push_back({"requests", fmt::format("{} failed", group_thousands(failed)),
                     fmt::format("{} duplicated", group_thousands(twice)), true});
  if (run.input.computed || !has_plan(r)) cards.push_back(outputs_card(run));
  if (const auto accuracy = number_at(r, "outputs.accuracy")) {
    const auto reference = number_at(r, "outputs.accuracy_fp32");
    cards.push_back(
        {"accuracy", percent(*accuracy), reference ? "fp32 " + percent(*reference) : ""});
  }
  return html_cards(cards);
}

}  // namespace soliton
