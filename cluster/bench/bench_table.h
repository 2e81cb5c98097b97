// What `soliton bench` prints: a row a figure, ours beside a peer or a limit, measured in one run.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace soliton {

struct BenchRow {
  std::string name;
  double ours = 0;
  std::string peer;  // what `peer_value` is of
  double peer_value = 0;
  std::string unit;
  bool higher_is_better = false;  // of `unit`
  std::optional<double> goal;     // least ratio wanted; none: for information

  // > 1: ours is better. Nothing when a value is zero.
  std::optional<double> ratio() const;
  bool met() const;  // true without a goal
};

// Kernel and instruction set, without the machine's name.
std::string bench_machine();

struct BenchReport {
  std::vector<BenchRow> rows;
  std::vector<std::string> notes;  // peers that are missing, and how to get them
};

std::string bench_json(const BenchReport& report);
std::string bench_text(const BenchReport& report);

}  // namespace soliton
