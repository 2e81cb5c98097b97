// Words for the ways in which an engine's run ends.
#pragma once

#include <string>

#include "fabric/sim/engine.h"

namespace soliton {

inline std::string end_reason_name(EndReason reason) {
  switch (reason) {
    case EndReason::kQuiet:
      return "quiet";
    case EndReason::kStopped:
      return "stopped";
    case EndReason::kTimeLimit:
      return "time limit";
    case EndReason::kNodeEnded:
      return "ended by a node";
  }
  return "unknown";
}

}  // namespace soliton
