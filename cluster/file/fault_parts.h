// The parts of a fault rule in its long form: where and when. Private to cluster/file.
#pragma once

#include <string>

#include "cluster/file/parts.h"

namespace soliton {

// `where:` and `sets:`; what is said of links, switches, nodes and packets goes into `out`.
void read_fault_place(MapReader& rule, const std::string& label, FaultSpec& out);

// `when:`. A rule that begins after `time_limit` is an error.
void read_fault_time(MapReader& rule, const std::string& label, Duration time_limit,
                     FaultSpec& out);

}  // namespace soliton
