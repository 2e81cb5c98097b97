// `topology.pfc`: pauses of the emulated switches. What needs only the topology is checked where it
// is read; what needs the size of a packet when the whole cluster has been read.
#include <algorithm>

#include "cluster/spec/parts.h"
#include "protocol/wire/arrival_bitmap.h"
#include "protocol/wire/handshake.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

constexpr Bytes kMost{std::int64_t{1} << 40};

// Bytes, or `auto`: what follows from the rest.
void read_auto(MapReader& map, std::string_view key, Bytes least, std::optional<Bytes>& out) {
  const YamlValue* value = map.find(key);
  if (value == nullptr || (value->kind == YamlValue::Kind::kScalar && value->text == "auto"))
    return;
  Bytes size{};
  if (map.bytes(key, size, least, kMost)) out = size;
}

void read_watchdog(MapReader& pause, std::optional<PauseWatchdog>& out) {
  const YamlValue* value = pause.find("watchdog");
  if (value == nullptr) return;
  if (value->kind == YamlValue::Kind::kScalar) {
    bool on = true;
    if (pause.flag("watchdog", on) && !on) out = std::nullopt;
    return;
  }
  MapReader map(pause.context(), *value, *pause.table().find("watchdog")->table,
                pause.label_of("watchdog"));
  map.duration("poll", out->poll, microseconds(1), milliseconds(60'000));
  map.integer("polls", out->polls, 1, 1'000);
  map.duration("restore", out->restore, Duration{0}, milliseconds(60'000));
  map.finish();
}

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

void read_pause(MapReader& topology, TopologySpec& out) {
  const YamlValue* value = topology.find("pfc");
  if (value == nullptr) return;
  PriorityPause pause;
  const auto check_marks = [&](MapReader& map, std::string_view key) {
    if (!out.ecn || out.ecn->kmax < pause.xoff) return;
    map.error(key, fmt::format("{} is not above kmax of ecn, {}: rates must fall before cables are "
                               "paused",
                               spell(pause.xoff), spell(out.ecn->kmax)));
  };
  if (value->kind == YamlValue::Kind::kScalar) {
    bool on = false;
    if (!topology.flag("pfc", on) || !on) return;
    check_marks(topology, "pfc");
  } else {
    MapReader map(topology.context(), *value, *kTopologyFields.find("pfc")->table,
                  topology.label_of("pfc"));
    map.bytes("xoff", pause.xoff, Bytes{1}, kMost);
    read_auto(map, "xon", Bytes{0}, pause.xon);
    read_auto(map, "headroom", Bytes{0}, pause.headroom);
    read_watchdog(map, pause.watchdog);
    map.finish();
    if (pause.xon && *pause.xon >= pause.xoff)
      map.error("xon",
                fmt::format("{} is not below xoff, {}", spell(*pause.xon), spell(pause.xoff)));
    check_marks(map, "xoff");
  }
  out.pause = pause;
}

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
