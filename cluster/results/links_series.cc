// links_series.csv, and which links of a series are the busiest.
#include "cluster/results/links_series.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <numeric>

#include "cluster/results/results.h"
#include "cluster/results/text.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

using Line = std::string;

template <typename T>
void number(T value, Line& line) {
  fmt::format_to(std::back_inserter(line), "{}", value);
}

constexpr CsvColumn<SeriesRow> kColumns[] = {
    {"at_us", "Beginning of the interval; those in which nothing happened are left out.",
     [](const SeriesRow& r, Line& line) {
       line += spell_us(static_cast<std::int64_t>(r.number) * r.series.interval);
     }},
    {"link", "From whom to whom it sends.",
     [](const SeriesRow& r, Line& line) { line += csv_cell(r.link.name); }, CsvType::kText},
    {"packets", "Packets whose first bit left in it, lost on the way or not.",
     [](const SeriesRow& r, Line& line) { number(r.values().packets, line); }, CsvType::kInteger},
    {"bytes", "Their bytes, without those of frames.",
     [](const SeriesRow& r, Line& line) { number(r.values().bytes, line); }, CsvType::kInteger},
    {"busy_fraction", "Share of it in which packets were on the line, with their frames.",
     [](const SeriesRow& r, Line& line) {
       line += json_text(busy_share(r.values(), r.series.interval), JsonLayout::kLine);
     }},
    {"queue_bytes",
     "The queue at its beginning, with frames and the rest of the packet on the line.",
     [](const SeriesRow& r, Line& line) { number(r.values().queue.count, line); },
     CsvType::kInteger},
    {"queue_bytes_max", "The longest queue in it; that of a card is what its node handed over.",
     [](const SeriesRow& r, Line& line) { number(r.values().queue_max.count, line); },
     CsvType::kInteger},
    {"dropped_queue", "Packets that found the queue full.",
     [](const SeriesRow& r, Line& line) { number(r.values().dropped_queue, line); },
     CsvType::kInteger},
    {"dropped_fault", "Packets that a fault dropped.",
     [](const SeriesRow& r, Line& line) { number(r.values().dropped_fault, line); },
     CsvType::kInteger},
    {"dropped_watchdog", "Packets that a watchdog dropped.",
     [](const SeriesRow& r, Line& line) { number(r.values().dropped_watchdog, line); },
     CsvType::kInteger},
    {"ecn_marked", "Packets that it marked.",
     [](const SeriesRow& r, Line& line) { number(r.values().marked, line); }, CsvType::kInteger},
};

}  // namespace

double busy_share(const SeriesInterval& values, Duration interval) {
  return static_cast<double>(values.busy.count()) / static_cast<double>(interval.count());
}

std::span<const CsvColumn<SeriesRow>> series_columns() { return kColumns; }

std::string links_series_csv(const SeriesResult& series) {
  std::string out = csv_head(series_columns());
  std::size_t most = 0;
  for (const SeriesResult::Link& link : series.links) most = std::max(most, link.intervals.size());
  for (std::size_t number = 0; number < most; ++number)
    for (const SeriesResult::Link& link : series.links)
      if (number < link.intervals.size() && link.intervals[number] != SeriesInterval{})
        out += csv_line(series_columns(), SeriesRow{series, link, number});
  return out;
}

std::vector<SeriesInterval> join_intervals(const std::vector<SeriesInterval>& intervals,
                                           std::size_t count) {
  std::vector<SeriesInterval> out;
  for (std::size_t i = 0; i < intervals.size(); ++i) {
    if (i % count == 0)
      out.push_back(intervals[i]);
    else
      out.back().join(intervals[i]);
  }
  return out;
}

std::vector<const SeriesResult::Link*> busiest_links(const SeriesResult& series, std::size_t most) {
  std::vector<std::pair<Duration, const SeriesResult::Link*>> all;
  for (const SeriesResult::Link& link : series.links) {
    Duration busy{};
    for (const SeriesInterval& interval : link.intervals) busy += interval.busy;
    all.emplace_back(busy, &link);
  }
  std::ranges::stable_sort(all, std::ranges::greater(), [](const auto& one) { return one.first; });
  std::vector<const SeriesResult::Link*> out;
  for (const auto& [busy, link] : all)
    if (out.size() < most) out.push_back(link);
  return out;
}

}  // namespace soliton
