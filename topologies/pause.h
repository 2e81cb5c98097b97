// Priority flow control (IEEE 802.1Qbb) between the switches of an emulated network, as values.
//
// Every switch port has a queue per class: the cluster's own traffic is lossless, the traffic of
// others (OtherTraffic) is lossy and may be lost at the link's `queue`. A switch counts what it
// holds of the lossless class by the cable it came in on. Above `xoff` it pauses that class at the
// other end of the cable, a switch's port or a host's card, and at `xon` or below it lets it
// resume. The headroom has room for what arrives in between:
//
//   the packet that crossed xoff, the last one put on the line  2 frames
//   the pause frame's time on the line, and there and back      (frame time + 2 x latency) x rate
//   the switch's own time until it counts a packet              forwarding x rate
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/quantity.h"
#include "protocol/base/time.h"

namespace soliton {

struct TopologySpec;

// A switch's port that has been paused for `polls` polls in a row without sending, with packets
// waiting, drops them and all that follow for `restore`. Defaults are those of SONiC's pfcwd.
struct PauseWatchdog {
  Duration poll = milliseconds(100);  // Lower: a long pause is taken for a standstill
  std::int64_t polls = 2;
  Duration restore = milliseconds(200);  // Higher: more is lost of a port that would work again
  bool operator==(const PauseWatchdog&) const = default;
};

struct PriorityPause {
  // Lower: smaller buffers, and pauses where rates would have fallen in time. Above ECN's kmax, so
  // that rates fall before cables pause.
  Bytes xoff{256 << 10};
  std::optional<Bytes> xon;       // Unset: two frames below xoff. Lower: longer pauses, idle lines
  std::optional<Bytes> headroom;  // Unset: what each cable needs. Lower: losses
  std::optional<PauseWatchdog> watchdog = PauseWatchdog{};
  Bytes frame{1'506};  // the largest packet on the line, overhead included
  bool operator==(const PriorityPause&) const = default;
};

// A pause frame: 64 bytes, preamble 8, gap 12.
inline constexpr Bytes kPauseFrameBytes{84};

// Time from the decision of a switch until the class has stopped at the other end of the cable.
Duration pause_delay(Duration latency, BitRate rate);
Bytes resume_level(const PriorityPause& pause);
// Most bytes that a switch with forwarding time `forwarding` can receive after it has paused a
// cable.
Bytes headroom_needed(Bytes frame, Duration latency, BitRate rate, Duration forwarding);
// The most that any cable of the topology needs; 0 without a switch.
Bytes headroom_needed(const TopologySpec& spec, Bytes frame);

}  // namespace soliton
