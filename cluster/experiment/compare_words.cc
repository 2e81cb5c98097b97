// A comparison as a table and as JSON.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/experiment/compare_results.h"
#include "cluster/report/words.h"
#include "protocol/base/text.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr std::string_view kShown[] = {
    "requests.completed", "requests.failed",   "latency_us.mean",      "latency_us.p50",
    "latency_us.p90",     "latency_us.p99",    "latency_us.p99_9",     "latency_us.max",
    "throughput_rps",     "utilization",       "breakdown_us.compute", "breakdown_us.network",
    "breakdown_us.queue", "breakdown_us.host", "fabric.bytes",         "fabric.dropped",
    "ltl.retransmitted",  "outputs.accuracy"};

constexpr std::size_t kTextMost = 16;
// Of figures of single runs as many digits as files have; of means fewer.
constexpr int kExactDigits = 12, kMeanDigits = 5;

std::string short_text(const std::string& text) {
  return escaped(text.size() <= kTextMost ? text : text.substr(0, kTextMost - 1) + "…");
}

std::string row(const std::string& key, const std::string& one, const std::string& other,
                const std::string& difference, const std::string& share, const std::string& noise) {
  std::string line = fmt::format("{:<28} {:>16} {:>16} {:>16} {:>10}  {}", key, one, other,
                                 difference, share, noise);
  while (line.ends_with(' ')) line.pop_back();
  return line + "\n";
}

std::string number_row(const ComparedNumber& number) {
  return row(number.key, mean_words(number.one), mean_words(number.other), difference_words(number),
             share_words(number), noise_words(number.beyond_noise));
}

std::string point_text(const ComparedPoint& point) {
  std::string out = fmt::format("\n{}", row(escaped(point.name), "A", "B", "B - A", "of A", ""));
  std::string others;
  for (const ComparedNumber& number : point.numbers) {
    if (is_shown_always(number.key))
      out += number_row(number);
    else if (number.difference() != 0)
      others += number_row(number);
  }
  for (const ComparedText& text : point.texts)
    others += row(text.key, short_text(text.one), short_text(text.other), "", "", "");
  return others.empty() ? out : out + "also different\n" + others;
}

Json spread_json(const Spread& s) {
  return {{"runs", s.count},
          {"mean", s.mean},
          {"min", s.least},
          {"max", s.most},
          {"deviation", json_or_null(s.deviation, s.count > 1)}};
}

Json point_json(const ComparedPoint& point) {
  Json numbers = Json::object(), texts = Json::object();
  for (const ComparedNumber& n : point.numbers)
    numbers[n.key] = {{"a", spread_json(n.one)},
                      {"b", spread_json(n.other)},
                      {"difference", n.difference()},
                      {"relative", json_or_null(n.relative())},
                      {"beyond_noise", json_or_null(n.beyond_noise)}};
  for (const ComparedText& text : point.texts)
    texts[text.key] = {{"a", text.one}, {"b", text.other}};
  return {{"point", point.name}, {"numbers", std::move(numbers)}, {"texts", std::move(texts)}};
}

std::string missing_words(std::size_t count, const char* where) {
  return fmt::format("{} point{} in {} alone.", count, count == 1 ? " is" : "s are", where);
}

}  // namespace

bool is_shown_always(std::string_view key) {
  return std::ranges::find(kShown, key) != std::end(kShown);
}

std::string mean_words(const Spread& s) {
  if (s.count == 1) return brief(s.mean, kExactDigits);
  return fmt::format("{} ± {}", significant(s.mean, kMeanDigits), significant(s.deviation, 2));
}

std::string difference_words(const ComparedNumber& number) {
  const double difference = number.difference();
  if (difference == 0) return "same";
  const bool exact = number.one.count == 1 && number.other.count == 1;
  return fmt::format("{}{}", difference < 0 ? "-" : "+",
                     brief(std::abs(difference), exact ? kExactDigits : kMeanDigits));
}

std::string share_words(const ComparedNumber& number) {
  const std::optional<double> share = number.relative();
  if (number.difference() == 0 || !share) return "";
  return fmt::format("{}{} %", *share < 0 ? "-" : "+", significant(std::abs(100 * *share), 3));
}

std::string noise_words(const std::optional<bool>& beyond) {
  if (!beyond) return "";
  return *beyond ? "beyond noise" : "within noise";
}

std::vector<std::string> comparison_notes(const ComparedSides& c) {
  std::vector<std::string> out;
  for (const auto& [side, name] : {std::pair{c.one, "A"}, {c.other, "B"}})
    if (!side->complete) out.push_back(fmt::format("{} is not complete.", name));
  if (c.only_one > 0) out.push_back(missing_words(c.only_one, "A"));
  if (c.only_other > 0) out.push_back(missing_words(c.only_other, "B"));
  if (c.points.empty()) out.emplace_back("No point is in both.");
  if (!c.points.empty() && !c.tells_noise())
    out.push_back(fmt::format(
        "These are the differences of these runs. Whether they are more than noise can be said "
        "from {} seeds on each side on.",
        kNoiseLeast));
  return out;
}

std::string comparison_text(const ComparedSides& c) {
  std::string out = fmt::format("A  {}\nB  {}\n", escaped(c.one->path), escaped(c.other->path));
  for (const ComparedPoint& point : c.points) out += point_text(point);
  const std::vector<std::string> notes = comparison_notes(c);
  if (!notes.empty()) out += "\n";
  for (const std::string& note : notes) out += note + "\n";
  return out;
}

std::string comparison_json(const ComparedSides& c) {
  Json points = Json::array();
  for (const ComparedPoint& point : c.points) points.push_back(point_json(point));
  const Json out{{"a", c.one->path},
                 {"b", c.other->path},
                 {"points", std::move(points)},
                 {"notes", comparison_notes(c)}};
  return json_text(out, JsonLayout::kRows) + "\n";
}

}  // namespace soliton
