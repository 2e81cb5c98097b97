// Things of which a cluster may have more or less: `soliton why` plays a run with each of them changed by
// itself. A new one is a row of the table in what_if.cc.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "cluster/run/run.h"

namespace soliton {

struct WhatIf {
  const char* name;  // "twice the clock"
  // Changes the cluster before it is planned; nullopt: done, else why it does not apply. Either may be null.
  std::optional<std::string> (*before)(ClusterSpec& spec);
  // Changes what is planned: the plan stays.
  std::optional<std::string> (*after)(PreparedRun& run);
};
std::span<const WhatIf> what_ifs();

// The run of a cluster with one thing changed. Errors: it cannot be played so; of one that does not apply
// kInvalid with the reason.
Checked<std::unique_ptr<PreparedRun>> prepare_what_if(const WhatIf& change, ClusterSpec spec);

}  // namespace soliton
