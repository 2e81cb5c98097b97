// CPU parts between FPGAs: islands in what would otherwise stay on FPGAs, and why they are there.
#pragma once

#include <string>
#include <vector>

#include "cluster/run/graph_run.h"

namespace soliton {

// A part that reads what FPGAs make and makes what FPGAs read.
struct Island {
  std::string node;
  std::string part;
  std::size_t operators = 0;
  std::string cause;  // its first operator, and why that is on no FPGA
};
std::vector<Island> islands_of(const GraphRun& run);

// The most often that a way through the model changes between FPGAs and CPUs.
std::size_t changes_of(const GraphRun& run);

// Lines for the plan: how many operators run where, the islands, the changes; or why FPGAs run
// nothing.
std::vector<std::string> where_it_runs(const GraphRun& run);

}  // namespace soliton
