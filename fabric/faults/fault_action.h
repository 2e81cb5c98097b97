// What a rule does to one packet: the verdict of a fault in a form that is recorded, written to
// events.csv and replayed from there.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fabric/link.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "topologies/topology.h"

namespace soliton {

struct FaultAction {
  enum class What : std::uint8_t {
    kNone,
    kDrop,
    kDelay,           // arrives `late` later
    kDuplicate,       // `count` copies arrive, each `late` behind the one before
    kCorrupt,         // `count` bits are flipped, which ones is a function of `value`
    kCorruptHeader,   // the same, of LTL's header only
    kCorruptPayload,  // the same, of what is behind it only
    kCutShort,        // the last `count` bytes are missing
    kPad,             // `count` bytes are added
    kMark,            // as if a queue had marked it (ECN)
    kStrip,           // a mark is taken away
    kMisroute,        // goes to node `count`
    // At the port in front of the line (PortEffect).
    kRefuse,   // the queue does not take it
    kBehind,   // the traffic of others has the line until `value`
    kHold,     // does not start before `value`
    kFlush,    // is thrown out of the queue
    kStretch,  // is on the line for `late` longer
  };
  What what = What::kNone;
  std::uint32_t count = 0;
  std::uint64_t value = 0;
  Duration late{};

  // Of an action that has an instant: `value`, in picoseconds of the run.
  Instant until() const { return kRunStart + Duration{static_cast<std::int64_t>(value)}; }
  void set_until(Instant at) { value = static_cast<std::uint64_t>((at - kRunStart).count()); }
  bool at_port() const { return What::kRefuse <= what; }

  bool operator==(const FaultAction&) const = default;
};

// "drop", "delay 10500000", "duplicate 1 0", "corrupt 2 81985529216486895": the name, then what the kind
// of action has of count, value and lateness in picoseconds.
std::string spell(const FaultAction& action);
Result<FaultAction> parse_fault_action(std::string_view text);

// The bits that the three kinds of corruption flip of a packet of `bytes` bytes, in ascending order; each once.
std::vector<std::uint64_t> flipped_bits(const FaultAction& action, std::uint64_t bytes);

// Carries out what changes the packet itself, which is all but a loss, a delay and copies. Ghost bytes are
// damaged by Datagram::damaged.
void change(const FaultAction& action, Datagram& datagram);

// One decision of a rule, with all that it takes to make it again.
struct FaultFiring {
  Instant at{};            // when the first bit of the packet left
  std::uint32_t rule = 0;  // position in the plan
  Hop hop;
  std::uint64_t ordinal = 0;  // of the packet on this link and direction, from 0
  FaultAction action;

  bool operator==(const FaultFiring&) const = default;
};
// In order of time; at one instant in an order that does not depend on how the network is cut.
bool before(const FaultFiring& a, const FaultFiring& b);

}  // namespace soliton
