#include "cluster/report/run_requests.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace soliton {
namespace {

constexpr std::size_t kPicosecondDigits = 6;  // behind the point of a microsecond
constexpr std::size_t kMicrosecondDigits = 11;

// Places of the columns that a report needs.
struct Columns {
  static constexpr std::array<std::string_view, 8> kNames = {
      "request",    "state",      "sent_us",  "completed_us",
      "compute_us", "network_us", "queue_us", "host_us"};
  std::array<std::size_t, kNames.size()> at{};

  bool find(const std::vector<std::string_view>& head) {
    for (std::size_t i = 0; i < kNames.size(); ++i) {
      const auto found = std::ranges::find(head, kNames[i]);
      if (found == head.end()) return false;
      at[i] = static_cast<std::size_t>(found - head.begin());
    }
    return true;
  }
  std::size_t last() const { return *std::ranges::max_element(at); }
};

std::optional<std::int64_t> digits(std::string_view text) {
  std::int64_t out = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  if (error != std::errc() || end != text.data() + text.size() || out < 0) return std::nullopt;
  return out;
}

std::optional<ReportRequest> row_of(const Columns& columns,
                                    const std::vector<std::string_view>& cells) {
  ReportRequest out;
  const std::optional<std::int64_t> number = digits(cells[columns.at[0]]);
  if (!number) return std::nullopt;
  out.number = *number;
  Duration* const times[] = {&out.sent,         &out.completed,  &out.path.compute,
                             &out.path.network, &out.path.queue, &out.path.host};
  for (std::size_t i = 0; i < std::size(times); ++i) {
    const std::optional<Duration> time = csv_us(cells[columns.at[i + 2]]);
    if (!time) return std::nullopt;
    *times[i] = *time;
  }
  return out.completed >= out.sent ? std::optional(out) : std::nullopt;
}

}  // namespace

std::vector<std::string_view> csv_cells(std::string_view line) {
  std::vector<std::string_view> out;
  while (true) {
    const bool quoted = line.starts_with('"');
    std::size_t end = quoted ? line.find('"', 1) : line.find(',');
    if (quoted) {
      out.push_back(line.substr(1, end == std::string_view::npos ? end : end - 1));
      end = end == std::string_view::npos ? end : line.find(',', end);
    } else {
      out.push_back(line.substr(0, end));
    }
    if (end == std::string_view::npos) return out;
    line.remove_prefix(end + 1);
  }
}

std::optional<Duration> csv_us(std::string_view cell) {
  const std::size_t point = cell.find('.');
  const std::string_view whole = cell.substr(0, point);
  const std::string_view part =
      point == std::string_view::npos ? std::string_view("0") : cell.substr(point + 1);
  if (part.size() > kPicosecondDigits || whole.size() > kMicrosecondDigits) return std::nullopt;
  const std::optional<std::int64_t> us = digits(whole);
  std::optional<std::int64_t> ps = digits(part);
  if (!us || !ps) return std::nullopt;
  for (std::size_t i = part.size(); i < kPicosecondDigits; ++i) *ps *= 10;
  return microseconds(*us) + Duration{*ps};
}

std::string_view next_line(std::string_view& text) {
  const std::size_t end = text.find('\n');
  const std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return line;
}

ReportRequests read_requests(std::string_view csv) {
  ReportRequests out;
  Columns columns;
  out.known = columns.find(csv_cells(next_line(csv)));
  if (!out.known) return out;
  const std::size_t last = columns.last();
  // Of a long run, growing by doubling would take half as much again.
  out.completed.reserve(static_cast<std::size_t>(std::ranges::count(csv, '\n')));
  while (!csv.empty()) {
    const bool whole = csv.find('\n') != std::string_view::npos;
    const std::vector<std::string_view> cells = csv_cells(next_line(csv));
    const std::string_view state = whole && cells.size() > last ? cells[columns.at[1]] : "";
    if (state == "refused") continue;  // services say how many
    if (state == "failed") {
      ++out.failed;
      continue;
    }
    const std::optional<ReportRequest> row =
        whole && cells.size() > last ? row_of(columns, cells) : std::nullopt;
    if (row)
      out.completed.push_back(*row);
    else
      ++out.unreadable;
  }
  return out;
}

std::vector<const ReportRequest*> by_latency(const ReportRequests& requests) {
  std::vector<const ReportRequest*> out;
  out.reserve(requests.completed.size());
  for (const ReportRequest& request : requests.completed) out.push_back(&request);
  std::ranges::stable_sort(out, {}, [](const ReportRequest* it) { return it->latency(); });
  return out;
}

}  // namespace soliton
