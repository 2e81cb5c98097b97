// Runs one generated file with the real program in every way that must agree.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/fuzz/legal/cluster_text.h"

namespace soliton {

struct TryOptions {
  std::string program;    // path of `soliton`
  std::string folder;     // exists and is empty; holds the file and the runs afterwards
  int seconds_most = 60;  // of one run; then it counts as hanging
};

struct Finding {
  std::string what;    // "packed and per node differ"
  std::string detail;  // statuses and messages
};

struct Tried {
  int status = -1;  // of the packed run
  bool compared_wall = false;
  std::vector<Finding> findings;
};

// Packed, per node, and again from the run's own cluster.yaml: the same status and the same bytes
// of results.json without "wall"; in wall time the same outputs. Statuses other than 0 to 3 and 5,
// and runs that do not end, are findings.
Tried try_case(const LegalCase& legal, const TryOptions& options);

}  // namespace soliton
