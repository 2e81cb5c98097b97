// Counters of an emulated network, as values.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"
#include "topologies/topology.h"

namespace soliton {

// One direction of one link.
struct PortCounters {
  std::uint64_t packets = 0;         // put on the line, whether lost there or not
  std::uint64_t bytes = 0;           // LTL bytes of these packets
  Bytes queue_max{};                 // longest queue after a packet was added
  Duration wait_max{};               // longest time that a packet waited for the line
  std::uint64_t dropped_queue = 0;   // packets that found the queue full
  std::uint64_t dropped_buffer = 0;  // of these, for lack of a share of the switch's buffer
  std::uint64_t dropped_fault = 0;
  std::uint64_t marked = 0;  // with ECN, by this port
  // With pauses only.
  std::uint64_t dropped_watchdog = 0;
  Bytes lossy_queue_max{};  // longest queue of the others' class that a packet met
};

struct NetworkCounters {
  std::uint64_t packets = 0;  // handed over by nodes
  std::uint64_t bytes = 0;
  std::uint64_t delivered = 0;
  std::uint64_t dropped_queue = 0;
  std::uint64_t dropped_buffer = 0;  // of dropped_queue
  std::uint64_t dropped_fault = 0;
  std::uint64_t duplicated = 0;  // copies made by faults
  std::uint64_t marked = 0;
  Bytes queue_max{};         // of all switch ports
  std::uint64_t events = 0;  // line crossings
  std::uint64_t pauses = 0;
  std::uint64_t watchdogs = 0;  // ports that a watchdog emptied
  std::uint64_t dropped_watchdog = 0;

  std::uint64_t dropped() const { return dropped_queue + dropped_fault + dropped_watchdog; }
  // Adds what another part of the network counted.
  void add(const NetworkCounters& other);
};

// Ports that waited for each other in a circle, and when they were found.
struct Deadlock {
  Instant at{};
  std::vector<Hop> circle;
};

// A port that was paused, or that lost packets to a full buffer or a watchdog.
struct PortPauses {
  Hop hop;
  std::uint64_t pauses = 0;
  Duration paused{};
  Bytes held_max{};  // most bytes from it that the switch it feeds held
  PortCounters counters;
};

struct PauseReport {
  std::vector<PortPauses> ports;  // in order of link and direction
  std::vector<Deadlock> deadlocks;
  Bytes lossy_queue_max{};  // of all switch ports
};

}  // namespace soliton
