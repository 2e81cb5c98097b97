// Runs a node over a carrier in real time. It polls for packets, reads the steady clock before
// packets are handed in and before packets are polled, calls the node's verbs, and waits as its
// options say.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>

#include "fabric/carrier.h"
#include "fabric/shm/pulse_board.h"
#include "node/chassis/chassis.h"
#include "node/deployment/wall_options.h"

namespace soliton {

class WallDriver {
 public:
  // `faults` wraps `carrier`, or is null, which it may be only if nothing happens to the node. `start_ns` is
  // CLOCK_MONOTONIC at run time 0. `after_turn` runs after every turn in which something happened, to report
  // finished requests. `pulse` beats once in every turn. References must outlive the driver.
  WallDriver(Carrier& carrier, Link* faults, Chassis& node, const WallOptions& options,
             Pulse& pulse, std::int64_t start_ns, std::function<void()> after_turn);
  // Returns after stop().
  void run();
  // Any thread may call it.
  void stop();
  Instant now() const;

 private:
  bool turn();
  // Move packets between node and carrier, directly or through the faults; return whether there
  // were any.
  bool take_in(Instant at);
  bool take_in_faulted(Instant at);
  bool send_out(Instant at);
  bool send_out_faulted(Instant at);
  void rest(Instant idle_since);

  Carrier& carrier_;
  Link* faults_;
  Machine& machine_;
  Node& node_;  // of a node without faults, which stays the same
  WallOptions options_;
  Pulse& pulse_;
  std::int64_t start_ns_;
  std::function<void()> after_turn_;
  std::atomic<bool> stopped_{false};
};

}  // namespace soliton
