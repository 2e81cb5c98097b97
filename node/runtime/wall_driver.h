// Runs a node over a carrier in real time: looks for packets, reads the steady clock before them
// and before what leaves, lets the node's verbs do the rest, and waits as it is told.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "fabric/carrier.h"
#include "fabric/shm/pulse_board.h"
#include "node/deployment/wall_options.h"
#include "node/shell/node.h"

namespace soliton {

class WallDriver {
 public:
  // `faults` wraps `carrier`, or is null; `start_ns` is CLOCK_MONOTONIC at run time 0.
  // `after_turn` runs after every turn in which something happened (it hands finished requests on).
  // `pulse` beats once a turn. References outlive the driver.
  WallDriver(Carrier& carrier, Link* faults, Node& node, const WallOptions& options, Pulse& pulse,
             std::int64_t start_ns, std::function<void()> after_turn);
  // Returns after stop().
  void run();
  // From any thread.
  void stop();
  Instant now() const;

 private:
  bool turn();
  // Packets between node and carrier, straight or through the faults; whether there were any.
  bool take_in(Instant at);
  bool take_in_faulted(Instant at);
  bool send_out(Instant at);
  bool send_out_faulted(Instant at);
  void rest(Instant idle_since);

  Carrier& carrier_;
  Link* faults_;
  Node& node_;
  WallOptions options_;
  Pulse& pulse_;
  std::int64_t start_ns_;
  std::function<void()> after_turn_;
  std::atomic<bool> stopped_{false};
};

}  // namespace soliton
