// What the faults of a node make of it at an instant: the sum of the troubles in force.
#pragma once

#include <cstdint>
#include <vector>

#include "fabric/faults/node_trouble.h"

namespace soliton {

struct NodeCondition {
  // The whole node.
  bool off = false, frozen = false, cut_off = false;
  bool clock_stands = false;     // what it waits for does not happen
  std::uint32_t clock_slow = 0;  // millionths by which it waits too long
  // Its role.
  bool hangs = false;
  bool reloads = false;              // it is gone
  std::uint64_t slowness = 1'000;    // thousandths of its time
  bool always_wrong = false;         // all that it sends has a wrong bit
  std::uint64_t wrong_messages = 0;  // else that many messages, counted from the start of the run
  std::uint32_t calibrations_failed = 0;
  // Its resource manager, and what that does to devices.
  bool manager_down = false;
  struct OfDevice {
    NodeTrouble::What what{};
    NodeId device{};
    bool operator==(const OfDevice&) const = default;
  };
  std::vector<OfDevice> devices;

  bool operator==(const NodeCondition&) const = default;
};

}  // namespace soliton
