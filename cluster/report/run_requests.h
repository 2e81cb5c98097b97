// The rows of requests.csv as far as they can be read: the file of a run that was killed ends
// anywhere, one of another version has other columns.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "protocol/base/breakdown.h"
#include "protocol/base/time.h"

namespace soliton {

struct ReportRequest {
  std::int64_t number = 0;
  Duration sent{}, completed{};  // after the start of the run
  Breakdown path;
  Duration latency() const { return completed - sent; }
};

struct ReportRequests {
  std::vector<ReportRequest> completed;  // in the order of the file
  std::int64_t failed = 0;
  std::int64_t unreadable = 0;  // lines
  bool known = false;           // false: there is no file, or its columns are others
};

ReportRequests read_requests(std::string_view csv);

// The cells of a line, without quotes; shared with the other tables of a folder.
std::vector<std::string_view> csv_cells(std::string_view line);
// Microseconds, exact.
std::optional<Duration> csv_us(std::string_view cell);
// Takes the first line off, without its end.
std::string_view next_line(std::string_view& text);

// By latency, ascending; of equal ones in the order of the file.
std::vector<const ReportRequest*> by_latency(const ReportRequests& requests);

}  // namespace soliton
