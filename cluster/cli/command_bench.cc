#include <fmt/format.h>
#include <sys/utsname.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/engine/launch_bench.h"

namespace soliton {
namespace {

constexpr int kNodes = 64;

// One line of the table. `goal` is what `peer_value` names; ratio > 1 = better than the goal.
struct Row {
  std::string name;
  double ours;
  double goal;
  const char* unit;
};

std::vector<Row> rows_of(const LaunchFigures& figures) {
  return {
      {fmt::format("{} processes ready", kNodes), figures.ready_seconds, 0.5, "s"},
      {fmt::format("{} processes gone", kNodes), figures.gone_seconds, 0.3, "s"},
      {"one process ready", figures.first_ready_ms, 5, "ms"},
      {"CPU of all idle nodes in 1 s", figures.idle_cpu_ms, 0, "ms"},
      {"private memory of a node", figures.node_mib, 8, "MiB"},
  };
}

std::string machine() {
  utsname name{};
  uname(&name);
  return fmt::format("{} {} {}", name.sysname, name.release, name.machine);
}

std::string as_json(const std::vector<Row>& rows) {
  nlohmann::ordered_json out;
  out["machine"] = machine();
  out["rows"] = nlohmann::ordered_json::array();
  for (const Row& row : rows) {
    nlohmann::ordered_json line;
    line["name"] = row.name;
    line["ours"] = row.ours;
    line["peer"] = "goal";
    line["peer_value"] = row.goal;
    line["unit"] = row.unit;
    line["ratio"] = row.ours > 0 ? nlohmann::ordered_json(row.goal / row.ours)
                                 : nlohmann::ordered_json(nullptr);
    line["goal"] = 1;
    line["met"] = row.ours <= row.goal;
    out["rows"].push_back(line);
  }
  return out.dump(2) + "\n";
}

}  // namespace

int command_bench(const CommandLine& line) {
  const Result<LaunchFigures> figures = measure_launch(node_program(), kNodes);
  if (!figures) return report_error(figures.error());
  const std::vector<Row> rows = rows_of(*figures);
  if (line.json) {
    std::fputs(as_json(rows).c_str(), stdout);
    return 0;
  }
  fmt::print("{}\n{:<32} {:>10} {:>10}  {}\n", machine(), "", "measured", "goal", "");
  for (const Row& row : rows)
    fmt::print("{:<32} {:>10.3f} {:>10.3f} {:<4} {}\n", row.name, row.ours, row.goal, row.unit,
               row.ours <= row.goal ? "met" : "missed");
  return 0;
}

}  // namespace soliton
