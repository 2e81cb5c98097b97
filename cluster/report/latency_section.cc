// How long requests took: a chart where there is a distribution, a sentence where there is none.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "cluster/report/chart.h"
#include "cluster/report/distribution.h"
#include "cluster/report/html.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

// So few different latencies are said in words.
constexpr std::size_t kValuesInWords = 4;

struct Percentile {
  const char* name;
  std::size_t permille;
};
constexpr Percentile kPercentiles[] = {{"p50", 500}, {"p90", 900}, {"p99", 990}, {"p99.9", 999}};

using Sorted = std::vector<const ReportRequest*>;

std::string groups(std::size_t count) { return group_thousands(static_cast<std::int64_t>(count)); }

std::string words_of_values(const Sorted& sorted) {
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < sorted.size();) {
    std::size_t end = i;
    while (end < sorted.size() && sorted[end]->latency() == sorted[i]->latency()) ++end;
    parts.push_back(fmt::format("{} took {}", groups(end - i), spell_time(sorted[i]->latency())));
    i = end;
  }
  return fmt::format("Of {} requests, {}.", groups(sorted.size()), join_and(parts));
}

std::string no_distribution(const Sorted& sorted) {
  if (sorted.size() == 1)
    return fmt::format("The only request took {}.", spell_time(sorted[0]->latency()));
  if (sorted.front()->latency() == sorted.back()->latency())
    return fmt::format("All {} requests took {}.", groups(sorted.size()),
                       spell_time(sorted[0]->latency()));
  return words_of_values(sorted);
}

std::size_t different_values(const Sorted& sorted) {
  std::size_t out = 1;
  for (std::size_t i = 1; i < sorted.size(); ++i)
    out += sorted[i]->latency() != sorted[i - 1]->latency() ? 1 : 0;
  return out;
}

std::string behind_words(std::size_t rank, std::size_t count) {
  if (rank == count) return "none: it is the slowest";
  return fmt::format("{} of {}", groups(count - rank), groups(count));
}

std::string percentile_table(const Sorted& sorted) {
  std::vector<std::vector<std::string>> rows;
  for (const Percentile& it : kPercentiles) {
    const std::size_t rank = rank_at(sorted.size(), it.permille);
    rows.push_back({it.name, spell_time(sorted[rank - 1]->latency()),
                    behind_words(rank, sorted.size()),
                    fmt::format("request {}", sorted[rank - 1]->number)});
  }
  rows.push_back({"max", spell_time(sorted.back()->latency()), "none: it is the slowest",
                  fmt::format("request {}", sorted.back()->number)});
  return html_table({"", "latency", "requests behind it", "which"}, rows);
}

Chart distribution_chart(const Sorted& sorted) {
  const std::size_t count = sorted.size();
  const TimeUnit unit = TimeUnit::fitting(sorted[count / 2]->latency());
  const auto value = [&](std::size_t rank) {
    return static_cast<double>(sorted[rank - 1]->latency().count()) /
           static_cast<double>(unit.size.count());
  };
  Chart chart{.title = "How many requests took how long",
              .x_label = fmt::format("latency ({})", unit.name),
              .y_label = "share of requests",
              .x = AxisKind::kLog,
              .y = AxisKind::kTail,
              .words =
                  "The share of requests that took at most so long; each further nine of it takes "
                  "as much room as the one before."};
  chart.columns = {{.name = chart.y_label, .values = {}}};
  for (const std::size_t rank : drawn_ranks(count, kDistributionPoints)) {
    chart.xs.push_back(value(rank));
    chart.columns[0].values.emplace_back(share_at_rank(rank, count));
  }
  for (const Percentile& it : kPercentiles) {
    const std::size_t rank = rank_at(count, it.permille);
    if (rank == count && it.permille > 500) continue;  // it is the slowest, which has its own mark
    chart.marks.push_back(
        {fmt::format("{} {}, {} behind", it.name, spell_time(sorted[rank - 1]->latency()),
                     groups(count - rank)),
         MarkKind::kPoint, value(rank), share_at_rank(rank, count)});
  }
  chart.marks.push_back({"max " + spell_time(sorted.back()->latency()), MarkKind::kPoint,
                         value(count), share_at_rank(count, count)});
  return chart;
}

}  // namespace

std::string latency_html(const RunReport& run) {
  const Sorted& sorted = run.sorted;
  if (sorted.empty()) return "";
  if (different_values(sorted) <= kValuesInWords)
    return html_section("Latency", html_paragraph(no_distribution(sorted)));
  return html_section("Latency",
                      chart_figure(distribution_chart(sorted)) + percentile_table(sorted));
}

}  // namespace soliton
