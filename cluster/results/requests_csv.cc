#include <fmt/format.h>

#include <iterator>

#include "cluster/results/results.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

using Record = RequestRecord;
using Line = std::string;

template <typename T>
void number(T value, Line& line) {
  fmt::format_to(std::back_inserter(line), "{}", value);
}

void time(Duration value, Line& line) { line += spell_us(value); }

// A failed request has no end, so the columns derived from it are empty.
void ended(const Record& r, Duration value, Line& line) {
  if (!r.failed && !r.refused) time(value, line);
}

constexpr CsvColumn<Record> kAllColumns[] = {
    {"request", "Number of the request, from 0.",
     [](const Record& r, Line& line) { number(index(r.request), line); }, CsvType::kInteger},
    {"client", "Who sent it.", [](const Record& r, Line& line) { number(r.client, line); },
     CsvType::kInteger},
    {"steps", "Its length.", [](const Record& r, Line& line) { number(r.steps, line); },
     CsvType::kInteger},
    {"state", "`completed`, `failed`, or `refused`.",
     [](const Record& r, Line& line) {
       line += r.failed ? "failed" : r.refused ? "refused" : "completed";
     },
     CsvType::kText},
    {"sent_us", "When it was sent.",
     [](const Record& r, Line& line) { time(r.sent.time_since_epoch(), line); }},
    {"completed_us", "When its answer was complete.",
     [](const Record& r, Line& line) { ended(r, r.completed.time_since_epoch(), line); }},
    {"latency_us", "The time between the two.",
     [](const Record& r, Line& line) { ended(r, r.completed - r.sent, line); }},
    {"compute_us", "Of it, time on NPUs.",
     [](const Record& r, Line& line) { ended(r, r.path.compute, line); }},
    {"network_us", "Of it, time between nodes.",
     [](const Record& r, Line& line) { ended(r, r.path.network, line); }},
    {"queue_us", "Of it, waits for a busy device or a batch.",
     [](const Record& r, Line& line) { ended(r, r.path.queue, line); }},
    {"host_us", "Of it, work of the host.",
     [](const Record& r, Line& line) { ended(r, r.path.host, line); }},
    {"output_hash", "FNV-1a of the answer ([bits](bits.md#hashes)), for comparing two runs.",
     [](const Record& r, Line& line) {
       if (r.output_hash != 0) fmt::format_to(std::back_inserter(line), "{:016x}", r.output_hash);
     },
     CsvType::kText},
    {"bit_identical", "Whether the answer is that of one unsharded device: `yes`, `no`.",
     [](const Record& r, Line& line) {
       if (r.matches) line += *r.matches ? "yes" : "no";
     },
     CsvType::kTruth},
    {"predicted_class", "The greatest output; of a sequence that of its last step.",
     [](const Record& r, Line& line) {
       if (r.predicted_class >= 0) number(r.predicted_class, line);
     },
     CsvType::kInteger},
    {"label", "What it should be, where labels were given.",
     [](const Record& r, Line& line) {
       if (r.label >= 0) number(r.label, line);
     },
     CsvType::kInteger},
    {"service", "Number of the service, from 0; of runs that tell of services.",
     [](const Record& r, Line& line) { number(r.service, line); }, CsvType::kInteger},
    {"replica", "Number of the copy that answered, from 0; the same.",
     [](const Record& r, Line& line) {
       if (!r.failed && !r.refused) number(r.copy, line);
     },
     CsvType::kInteger},
};
constexpr std::size_t kServiceColumns = 2;  // the last ones

}  // namespace

std::span<const CsvColumn<RequestRecord>> requests_columns() {
  return std::span(kAllColumns).first(std::size(kAllColumns) - kServiceColumns);
}

std::span<const CsvColumn<RequestRecord>> service_requests_columns() { return kAllColumns; }

std::string requests_csv(const RunResults& results) {
  const auto columns = results.tells_of_services ? service_requests_columns() : requests_columns();
  std::string out = csv_head(columns);
  for (const RequestRecord& r : results.requests) {
    const std::string line = csv_line(columns, r);
    // Rows are about as long as each other: growing by doubling would take twice the memory of a long run.
    if (&r == results.requests.data()) out.reserve((line.size() + 16) * results.requests.size());
    out += line;
  }
  return out;
}

}  // namespace soliton
