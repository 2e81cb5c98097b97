// Where the time of requests went: on average, for the median and for one of the tail, because what
// differs between the two is what the tail is made of.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/report/chart.h"
#include "cluster/report/html.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

struct Part {
  const char* name;
  Duration Breakdown::*member;
};
constexpr Part kParts[] = {{"compute", &Breakdown::compute},
                           {"network", &Breakdown::network},
                           {"queue", &Breakdown::queue},
                           {"host", &Breakdown::host}};

struct Row {
  std::string name;
  Breakdown path;
};

double share_of(Duration part, Duration whole) {
  return whole.count() > 0 ? static_cast<double>(part.count()) / static_cast<double>(whole.count())
                           : 0;
}

std::optional<Breakdown> mean_of(const Json& r) {
  Breakdown out;
  for (const Part& part : kParts) {
    const auto time = time_at(r, fmt::format("breakdown_us.{}", part.name));
    if (!time) return std::nullopt;
    out.*part.member = *time;
  }
  return out;
}

const ReportRequest& at_permille(const RunReport& run, std::size_t permille) {
  const std::size_t count = run.sorted.size();
  return *run.sorted[std::max<std::size_t>(1, (count * permille + 999) / 1000) - 1];
}

std::vector<Row> rows_of(const RunReport& run) {
  std::vector<Row> out;
  if (const auto mean = mean_of(run.results)) out.push_back({"mean of all", *mean});
  if (run.sorted.size() < 2 || run.sorted.front()->latency() == run.sorted.back()->latency())
    return out;
  const ReportRequest &median = at_permille(run, 500), &tail = at_permille(run, 999);
  out.push_back({fmt::format("median, request {}", median.number), median.path});
  out.push_back({fmt::format("p99.9, request {}", tail.number), tail.path});
  return out;
}

// Which part makes the second one longer.
std::string difference_words(const Breakdown& median, const Breakdown& tail) {
  const Duration more = tail.total() - median.total();
  if (more.count() <= 0) return "";
  const Part* most = std::ranges::max_element(
      kParts, {}, [&](const Part& part) { return tail.*part.member - median.*part.member; });
  const Duration part = tail.*most->member - median.*most->member;
  return fmt::format(
      "The request at p99.9 took {} longer than the median one; {} of that is {} ({}).",
      spell_time(more), spell_time(part), most->name, percent(share_of(part, more)));
}

std::string help_words(const Breakdown& mean) {
  if (mean.total().count() <= 0) return "";
  const Part* most =
      std::ranges::max_element(kParts, {}, [&](const Part& part) { return mean.*part.member; });
  const Duration part = mean.*most->member;
  return fmt::format("Most of the mean latency is {}: {} of {} ({}). Half of it would save {}.",
                     most->name, spell_time(part), spell_time(mean.total()),
                     percent(share_of(part, mean.total())), spell_time(part / 2));
}

// Bars of one scale, so that a longer request has a longer bar.
std::string bars(const std::vector<Row>& rows) {
  const Duration longest =
      std::ranges::max(rows, {}, [](const Row& row) { return row.path.total(); }).path.total();
  std::string out = "<div class=\"bars\">\n";
  std::vector<std::string> names;
  for (const Part& part : kParts) names.emplace_back(part.name);
  for (const Row& row : rows) {
    std::vector<BarPart> parts;
    for (const Part& part : kParts)
      parts.push_back({part.name, share_of(row.path.*part.member, longest)});
    out += fmt::format("<span class=\"name\">{}</span>{}<span>{}</span>\n", html_escape(row.name),
                       share_bar(parts, row.name + ", shares of the longest latency shown"),
                       html_escape(spell_time(row.path.total())));
  }
  return out + "</div>\n" + bar_keys(names);
}

std::string table(const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> out;
  for (const Row& row : rows) {
    std::vector<std::string>& cells = out.emplace_back(std::vector<std::string>{row.name});
    for (const Part& part : kParts)
      cells.push_back(fmt::format("{} ({})", spell_time(row.path.*part.member),
                                  percent(share_of(row.path.*part.member, row.path.total()))));
    cells.push_back(spell_time(row.path.total()));
  }
  return html_table({"", "compute", "network", "queue", "host", "in all"}, out);
}

constexpr std::size_t kPlacesShown = 40;

// Time in one place of each path; the places in the order of the first path, then those of the second alone.
struct PathPlace {
  std::string where, what;
  std::vector<Duration> times;
  Duration longest() const { return std::ranges::max(times); }
};

std::vector<PathPlace> places_of(const std::vector<const Json*>& paths) {
  std::vector<PathPlace> out;
  for (std::size_t i = 0; i < paths.size(); ++i)
    for (const Json* part : items_at(*paths[i], "parts")) {
      const std::string where = text_at(*part, "where"), what = text_at(*part, "what");
      auto found = std::ranges::find_if(
          out, [&](const PathPlace& place) { return place.where == where && place.what == what; });
      if (found == out.end())
        found = out.insert(out.end(), {where, what, std::vector<Duration>(paths.size())});
      found->times[i] += time_at(*part, "time_us").value_or(Duration{});
    }
  std::ranges::stable_sort(out, std::ranges::greater(), &PathPlace::longest);
  return out;
}

std::string path_head(const Json& path) {
  return fmt::format("{}, request {}", text_at(path, "which"),
                     count_at(path, "request").value_or(0));
}

// Where the requests at the median and at p99.9 were, node by node and link by link.
std::string paths_html(const Json& results) {
  std::vector<const Json*> paths = items_at(results, "critical_paths");
  if (paths.size() == 2 && count_at(*paths[0], "request") == count_at(*paths[1], "request"))
    paths.pop_back();
  if (paths.empty()) return "";
  std::vector<std::string> head = {"on the critical path", ""};
  for (const Json* path : paths) head.push_back(path_head(*path));
  if (paths.size() == 2) head.emplace_back("difference");
  std::vector<std::vector<std::string>> rows;
  const std::vector<PathPlace> places = places_of(paths);
  for (const PathPlace& place : places) {
    if (rows.size() == kPlacesShown) break;
    std::vector<std::string>& row = rows.emplace_back(std::vector{place.where, place.what});
    for (const Duration time : place.times) row.push_back(spell_time(time));
    if (paths.size() == 2) {
      const Duration more = place.times[1] - place.times[0];
      row.push_back((more.count() < 0 ? "-" : "+") + spell_time(std::max(more, -more)));
    }
  }
  const std::string words =
      places.size() > kPlacesShown
          ? fmt::format("The {} places with the most time, of {}; results.json has all.",
                        kPlacesShown, places.size())
          : "";
  return html_table(head, rows, 2) + html_paragraph(words, "soft");
}

std::string bound_words(const Json& r) {
  const auto mean = time_at(r, "latency_us.mean"), bound = time_at(r, "partition.lower_bound_us");
  if (!mean || !bound || bound->count() <= 0) return "";
  return fmt::format(
      "No plan of this model on these nodes is below {}; the mean is {} times that.",
      spell_time(*bound),
      significant(static_cast<double>(mean->count()) / static_cast<double>(bound->count()), 3));
}

}  // namespace

std::string why_html(const RunReport& run) {
  const std::vector<Row> rows = rows_of(run);
  std::string body;
  if (!rows.empty()) {
    if (const auto mean = mean_of(run.results)) body += html_paragraph(help_words(*mean));
    // The last two are the median request and that of the tail.
    if (rows.size() > 1)
      body += html_paragraph(difference_words(rows[rows.size() - 2].path, rows.back().path));
    body += html_paragraph(bound_words(run.results));
    body += bars(rows) + table(rows);
  }
  body += paths_html(run.results);
  return html_section("Where the time goes", body + gantt_html(run));
}

}  // namespace soliton
