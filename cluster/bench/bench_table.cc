#include "cluster/bench/bench_table.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>

#include "node/npu/kernels/processor.h"
#include "protocol/json/json.h"

namespace soliton {

std::optional<double> BenchRow::ratio() const {
  if (ours <= 0 || peer_value.value_or(0) <= 0) return std::nullopt;
  return higher_is_better ? ours / *peer_value : *peer_value / ours;
}

bool BenchRow::met() const {
  if (!goal) return true;
  const std::optional<double> value = ratio();
  // A zero where lower is better beats any ratio.
  return value ? *value >= *goal : peer_value && ours <= *peer_value && !higher_is_better;
}

std::string bench_machine() {
  utsname name{};
  uname(&name);
  return fmt::format("{} {} {}, {} cores, kernels {}", name.sysname, name.release, name.machine,
                     sysconf(_SC_NPROCESSORS_ONLN), kernel_level_name(best_kernel_level()));
}

std::string bench_json(const BenchReport& report) {
  Json out;
  out["machine"] = bench_machine();
  out["rows"] = Json::array();
  for (const BenchRow& row : report.rows) {
    Json line;
    line["name"] = row.name;
    line["ours"] = row.ours;
    line["peer"] = row.peer;
    line["peer_value"] = json_or_null(row.peer_value);
    line["unit"] = row.unit;
    const std::optional<double> ratio = row.ratio();
    line["ratio"] = ratio ? Json(*ratio) : Json(nullptr);
    line["goal"] = row.goal ? Json(*row.goal) : Json(nullptr);
    line["met"] = row.met();
    out["rows"].push_back(line);
  }
  if (!report.notes.empty()) out["notes"] = report.notes;
  return json_text(out, JsonLayout::kIndented) + "\n";
}

std::string bench_text(const BenchReport& report) {
  std::size_t name_width = 0, peer_width = 4;
  for (const BenchRow& row : report.rows) {
    name_width = std::max(name_width, row.name.size());
    peer_width = std::max(peer_width, row.peer.size());
  }
  std::string out = bench_machine() + "\n";
  out += fmt::format("{:<{}}  {:>10}  {:<{}}  {:>10}  {:<5}  {:>7}  {:>6}\n", "", name_width,
                     "ours", "peer", peer_width, "", "", "ratio", "goal");
  for (const BenchRow& row : report.rows) {
    const std::optional<double> ratio = row.ratio();
    out += fmt::format("{:<{}}  {:>10.4g}  {:<{}}  {:>10}  {:<5}  {:>7}  {:>6}  {}\n", row.name,
                       name_width, row.ours, row.peer, peer_width,
                       row.peer_value ? fmt::format("{:.4g}", *row.peer_value) : "-", row.unit,
                       ratio ? fmt::format("{:.2f}", *ratio) : "-",
                       row.goal ? fmt::format("{:.2f}", *row.goal) : "-",
                       !row.goal   ? ""
                       : row.met() ? "met"
                                   : "missed");
  }
  for (const std::string& note : report.notes) out += note + "\n";
  return out;
}

}  // namespace soliton
