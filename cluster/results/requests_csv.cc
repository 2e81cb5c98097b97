#include <fmt/format.h>

#include "cluster/results/results.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

std::string class_cell(std::int64_t value) { return value < 0 ? "" : std::to_string(value); }

std::string matches_cell(const std::optional<bool>& matches) {
  if (!matches) return "";
  return *matches ? "yes" : "no";
}

// A failed request has no end, so what would follow from it stays empty.
std::string timing_cells(const RequestRecord& r) {
  if (r.failed) return ",,,,,";
  return fmt::format("{},{},{},{},{},{}", spell_us(r.completed.time_since_epoch()),
                     spell_us(r.completed - r.sent), spell_us(r.path.compute),
                     spell_us(r.path.network), spell_us(r.path.queue), spell_us(r.path.host));
}

}  // namespace

std::string requests_csv_head() {
  return "request,client,steps,state,sent_us,completed_us,latency_us,"
         "compute_us,network_us,queue_us,host_us,"
         "output_hash,bit_identical,predicted_class,label\n";
}

std::string requests_csv_row(const RequestRecord& r) {
  return fmt::format("{},{},{},{},{},{},{},{},{},{}\n", index(r.request), r.client, r.steps,
                     r.failed ? "failed" : "completed", spell_us(r.sent.time_since_epoch()),
                     timing_cells(r), r.output_hash ? fmt::format("{:016x}", r.output_hash) : "",
                     matches_cell(r.matches), class_cell(r.predicted_class), class_cell(r.label));
}

std::string requests_csv(const RunResults& results) {
  std::string out = requests_csv_head();
  for (const RequestRecord& r : results.requests) out += requests_csv_row(r);
  return out;
}

}  // namespace soliton
