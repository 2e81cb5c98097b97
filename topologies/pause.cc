#include "topologies/pause.h"

#include <algorithm>

#include "topologies/kind.h"

namespace soliton {
namespace {

// Rounded up.
Bytes carried(Duration span, BitRate rate) {
  constexpr __int128 kBitsTimesPicoseconds = 8 * __int128{1'000'000'000'000};
  const __int128 bits = static_cast<__int128>(span.count()) * rate.bits_per_second;
  return {static_cast<std::int64_t>((bits + kBitsTimesPicoseconds - 1) / kBitsTimesPicoseconds)};
}

}  // namespace

Duration pause_delay(Duration latency, BitRate rate) {
  return latency + transmit_time(kPauseFrameBytes, rate);
}

Bytes resume_level(const PriorityPause& pause) {
  return pause.xon.value_or(pause.xoff - pause.frame - pause.frame);
}

Bytes headroom_needed(Bytes frame, Duration latency, BitRate rate, Duration forwarding) {
  return carried(pause_delay(latency, rate) + latency + forwarding, rate) + frame + frame;
}

Bytes headroom_needed(const TopologySpec& spec, Bytes frame) {
  const TopologyKind* const kind = find_topology_kind(spec.kind);
  Bytes most{};
  if (kind == nullptr) return most;
  for (const SwitchCable& cable : kind->cables(spec))
    most = std::max(most, headroom_needed(frame, cable.latency, cable.rate, cable.forwarding));
  return most;
}

}  // namespace soliton
