// What faults do at the port that feeds a line: where packets queue, and from where they start. What they do
// to packets on the line is a LinkEffect.
#pragma once

#include <cstdint>
#include <string>

#include "fabric/faults/fault_kind.h"

namespace soliton {

// A port in front of a packet.
struct PortState {
  Instant free{};  // when the line will have sent what was taken before
  Bytes queued{};  // of that, with all overhead
  std::uint64_t packets = 0;
  Bytes room{};     // of the queue; 0: not known, as in wall time, or a card, which refuses nothing
  Bytes size{};     // of the packet on the line
  Duration line{};  // time that it takes there
};

// A packet at a port, in front of one rule that is in force at `crossing.start`. Its ordinal counts the
// packets that have come to the port.
struct PortEncounter {
  Hop hop;
  const Crossing& crossing;
  const PortState& port;
  FaultWindow window;
  LinkMemory& memory;  // of the rule, at this port
};

// A value without state of its own.
class PortEffect {
 public:
  virtual ~PortEffect() = default;
  // When the packet comes: kRefuse, or kBehind, as traffic of others is in front of it.
  virtual FaultAction come(const PortEncounter&) const { return {}; }
  // The packet could start now: until when the line does not take it; now or earlier: it does. A function of
  // rule and time: it is asked more than once. REQUIRES: later than now only within the window.
  virtual Instant held_until(const PortEncounter&) const { return {}; }
  // When it starts: kFlush, so that it never does, or kStretch.
  virtual FaultAction start(const PortEncounter&) const { return {}; }
  // LinkEffect::words().
  virtual std::string words() const = 0;
};

// FaultKind::make of a kind that acts at ports alone.
std::unique_ptr<LinkEffect> only_at_ports(const FaultRule& rule);

}  // namespace soliton
