// `topology.pfc`: pauses of the emulated switches. What needs only the topology is checked where it
// is read; what needs the size of a packet when the whole cluster has been read.
#include <algorithm>

#include "cluster/file/parts.h"
#include "protocol/wire/arrival_bitmap.h"
#include "protocol/wire/handshake.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

Bytes largest_packet(const ClusterSpec& spec) {
  const std::size_t payload =
      std::max({std::size_t{spec.ltl.mtu}, report_bytes_max(spec.ltl), OpenBody::kSize});
  return {static_cast<std::int64_t>(kLtlHeaderSize + security_bytes(auth_of(spec)) + payload) +
          kFrameOverheadBytes};
}

// Where a key of `topology.pfc` is, or the nearest thing that is in this file.
Mark mark_of_pause(MapReader& cluster, std::string_view key) {
  const YamlValue* at = cluster.find("topology");
  if (at == nullptr) return cluster.mark();
  for (const std::string_view inner : {std::string_view("pfc"), key}) {
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
    cluster.context().error(mark_of_pause(cluster, key),
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

}  // namespace soliton
