// Reads priced graphs and plans of them from JSON. The format is that of the public graphs of
// "Efficient Algorithms for Device Placement of DNN Graph Operators" (NeurIPS 2020); docs/planner.md
// describes it.
//
// Times are decimal milliseconds, read exactly and rounded to the nearest picosecond. Sizes are
// bytes; a fraction of a byte counts as a whole one, and a limit is rounded down.
#pragma once

#include <string>

#include "partition/priced/assignment.h"
#include "partition/priced/priced_graph.h"
#include "protocol/base/result.h"

namespace soliton::priced {

// The classes of the public format: accelerators "fpga" and CPUs "cpu".
inline constexpr std::size_t kFpga = 0;
inline constexpr std::size_t kCpu = 1;

// `text` is the content of `file`, which is only named in messages. All errors at once, each
// `file:line:column: …`: kInvalid; kDoesNotFit, the operators cannot lie on the nodes.
// `warnings`, where given, receives what is odd but harmless.
Checked<PricedGraph> read_priced(const std::string& text, const std::string& file,
                                 std::vector<std::string>* warnings = nullptr);

struct PlannedGraph {
  PricedGraph graph;
  Assignment assignment;  // as the file states it: nothing of it is checked but names and numbers
};
// Reads what planned_json() wrote. Whether operators fit is not checked. Error: kInvalid.
Checked<PlannedGraph> read_planned(const std::string& text, const std::string& file);

}  // namespace soliton::priced
