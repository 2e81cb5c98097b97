#include "topologies/pause.h"

#include <algorithm>

#include "topologies/calibration.h"
#include "topologies/topology.h"

namespace soliton {
namespace {

// Rounded up.
Bytes carried(Duration span, BitRate rate) {
  constexpr __int128 kBitsTimesPicoseconds = 8 * __int128{1'000'000'000'000};
  const __int128 bits = static_cast<__int128>(span.count()) * rate.bits_per_second;
  return {static_cast<std::int64_t>((bits + kBitsTimesPicoseconds - 1) / kBitsTimesPicoseconds)};
}

Duration forwarding_of(const TopologySpec& spec, const std::string& name) {
  for (const Vertex& vertex : spec.explicit_switches)
    if (vertex.name == name) return vertex.forwarding;
  return Duration{};
}

Bytes needed_by_explicit(const TopologySpec& spec, Bytes frame) {
  Bytes most{};
  Duration slowest{};
  for (const Vertex& vertex : spec.explicit_switches)
    slowest = std::max(slowest, vertex.forwarding);
  // A node placed `at` a switch has a host's cable.
  if (!spec.explicit_switches.empty())
    most = headroom_needed(frame, kHostLinkLatency, spec.rate, slowest);
  for (const TopologySpec::NamedLink& cable : spec.explicit_links) {
    const Duration forwarding =
        std::max(forwarding_of(spec, cable.a), forwarding_of(spec, cable.b));
    most = std::max(most, headroom_needed(frame, cable.link.latency, cable.link.rate, forwarding));
  }
  return most;
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
  const auto needed = [&](Duration latency, Duration forwarding) {
    return headroom_needed(frame, latency, spec.rate, forwarding);
  };
  if (spec.kind == "explicit") return needed_by_explicit(spec, frame);
  if (spec.kind == "rack") return needed(kHostLinkLatency, kRackForwarding);
  if (spec.kind != "datacenter") return {};
  return std::max({needed(kHostLinkLatency, kRackForwarding),
                   needed(kAggregationLinkLatency, kAggregationForwarding),
                   needed(kSpineLinkLatency, kSpineForwarding)});
}

}  // namespace soliton
