// `topology.pfc`: pauses of the emulated switches, and what of their buffers depends on the size of a packet.
// What needs only the topology is checked where it is read; the rest when the whole cluster has been read.
#include <algorithm>

#include "cluster/file/parts.h"
#include "protocol/wire/arrival_bitmap.h"
#include "protocol/wire/handshake.h"
#include "protocol/wire/ltl_header.h"
#include "topologies/shared_buffer.h"

namespace soliton {
namespace {

Bytes largest_packet(const ClusterSpec& spec) {
  const std::size_t payload =
      std::max({std::size_t{spec.ltl.mtu}, report_bytes_max(spec.ltl), OpenBody::kSize});
  return {static_cast<std::int64_t>(kLtlHeaderSize + security_bytes(auth_of(spec)) + payload) +
          kFrameOverheadBytes};
}

// Where a key of a map in `topology` is, or the nearest thing that is in this file.
Mark mark_of(MapReader& cluster, std::string_view map, std::string_view key) {
  const YamlValue* at = cluster.find("topology");
  if (at == nullptr) return cluster.mark();
  for (const std::string_view inner : {map, key}) {
    const YamlValue* value = at->kind == YamlValue::Kind::kMap ? at->find(inner) : nullptr;
    if (value == nullptr) break;
    at = value;
  }
  return at->mark;
}

}  // namespace

void check_pause(MapReader& cluster, ClusterSpec& spec) {
  if (!spec.topology.pause) return;
  PriorityPause& pause = *spec.topology.pause;
  pause.frame = largest_packet(spec);
  const auto error = [&](std::string_view key, const std::string& what) {
    cluster.context().error(mark_of(cluster, "pfc", key),
                            fmt::format("topology.pfc.{}: {}", key, what));
  };
  if (const Bytes two = pause.frame + pause.frame; !pause.xon && pause.xoff < two)
    error("xoff", fmt::format("{} is below two packets on the line, {} (ltl.mtu, headers, frames)",
                              spell(pause.xoff), spell(two)));
  const Bytes needed = headroom_needed(spec.topology, pause.frame);
  if (pause.headroom && *pause.headroom < needed)
    error(
        "headroom",
        fmt::format("{} is below {}, what may be on the way when a cable is paused (2 x latency x "
                    "bandwidth, two packets, the switch's forwarding); auto: what each needs",
                    spell(*pause.headroom), spell(needed)));
}

// A queue that is empty must take the largest packet, or it would never arrive.
void check_buffers(MapReader& cluster, const ClusterSpec& spec) {
  const Bytes packet = largest_packet(spec);
  const auto check = [&](const SwitchQueues& queues, const std::string& what) {
    if (!queues.buffer || SharedBuffer(*queues.buffer, queues.alpha).takes(Bytes{}, packet)) return;
    cluster.context().error(
        mark_of(cluster, "switches", "buffer"),
        fmt::format("{}: {} with alpha {} never takes a packet of {} (ltl.mtu, headers, frame)",
                    what, spell(*queues.buffer), queues.alpha, spell(packet)));
  };
  check(spec.topology.switches, "topology.switches.buffer");
  for (const Vertex& its : spec.topology.explicit_switches)
    check(its.queues, fmt::format("topology.switches: buffer of {}", its.name));
}

}  // namespace soliton
