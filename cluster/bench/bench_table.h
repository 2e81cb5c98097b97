// What `soliton bench` prints: one row per figure, ours beside a peer or a limit, measured in one
// run.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace soliton {

struct BenchRow {
  std::string name;
  double ours = 0;
  std::string peer;                  // what `peer_value` belongs to
  std::optional<double> peer_value;  // unset: there is none, as `peer` says
  std::string unit;
  bool higher_is_better = false;  // of `unit`
  std::optional<double> goal;     // required ratio; unset: for information only

  // Above 1 if ours is better; nullopt if a value is zero or unset.
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
