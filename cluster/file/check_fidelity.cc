// What `fidelity: message` refuses. A key that has its default is not refused: a run writes out every
// key of its file, and what it wrote can be run again.
#include <algorithm>

#include "cluster/file/parts.h"
#include "fabric/faults/fault_kind.h"
#include "protocol/base/located.h"

namespace soliton {
namespace {

constexpr std::string_view kCure = "leave it out, or write fidelity: packet";

class MessageCheck {
 public:
  MessageCheck(MapReader& cluster, const ClusterSpec& spec) : cluster_(cluster), spec_(spec) {}

  void all() {
    if (spec_.time == TimeMode::kWall)
      return refuse(
          cluster_.mark_of("fidelity"), "fidelity",
          "message belongs to virtual time; in wall time packets go over sockets or shared "
          "memory: write fidelity: packet, or time: virtual");
    processes();
    ltl();
    switches();
    queues();
    faults();
    if (is_managed(spec_) && cluster_.find("manager") != nullptr)
      refuse(cluster_.mark_of("manager"), "manager",
             fmt::format("fidelity: message has no transport to recover by: {}", kCure));
    else if (spec_.service.spares > 0)
      refuse(cluster_.mark_of("service"), "service.spares",
             fmt::format("fidelity: message has no transport to recover by: {}", kCure));
    if (spec_.trace_links > Duration{})
      refuse(cluster_.mark_of("trace"), "trace.links",
             fmt::format("fidelity: message samples no links: {}", kCure));
  }

 private:
  void refuse(Mark mark, const std::string& label, const std::string& text) {
    cluster_.context().error(mark, fmt::format("{}: {}", label, text));
  }

  void processes() {
    const YamlValue* const said = cluster_.find("processes");
    if (said != nullptr && spec_.processes == ProcessMode::kPerNode)
      refuse(
          said->mark, "processes",
          "per-node belongs to fidelity: packet; with fidelity: message all nodes are packed into "
          "one process: allowed is packed");
  }

  // The defaults as a file without `ltl` has them.
  LtlOptions plain_ltl() const {
    LtlOptions plain = ClusterSpec{}.ltl;
    plain.mtu = spec_.ltl.mtu;
    plain.congestion.line_rate = spec_.topology.rate;
    plain.congestion.rate_min = std::min(plain.congestion.rate_min, plain.congestion.line_rate);
    FieldCheck check;
    check_ltl_keys(&plain, check);
    return plain;
  }

  void ltl() {
    const YamlValue* const said = cluster_.find("ltl");
    if (said == nullptr) return;
    const LtlOptions plain = plain_ltl();
    const Settings defaults = collect(kClusterLtlFields, &plain);
    for (const Setting& setting : collect(kClusterLtlFields, &spec_.ltl)) {
      const YamlValue* const value = said->find(setting.key);
      const FieldValue* const expected = find_setting(defaults, setting.key);
      if (value == nullptr || expected == nullptr || *expected == setting.value) continue;
      refuse(value->mark, fmt::format("ltl.{}", setting.key),
             fmt::format("fidelity: message has no transport, and of ltl only the mtu: {}", kCure));
    }
  }

  // Where a key of the topology is, or the topology.
  Mark mark_in_topology(std::string_view key) {
    const YamlValue* const topology = cluster_.find("topology");
    if (topology == nullptr) return cluster_.mark();
    const YamlValue* const value =
        topology->kind == YamlValue::Kind::kMap ? topology->find(key) : nullptr;
    return value == nullptr ? topology->mark : value->mark;
  }

  void switches() {
    const TopologySpec& topology = spec_.topology;
    if (topology.pause)
      refuse(mark_in_topology("pfc"), "topology.pfc",
             fmt::format("fidelity: message has no pauses: {}", kCure));
    if (topology.routing == Routing::kSpray)
      refuse(mark_in_topology("routing"), "topology.routing",
             "fidelity: message has no packets to spray: write ecmp or fixed, or fidelity: packet");
    const bool queued = topology.switches != SwitchQueues{} ||
                        std::ranges::any_of(topology.explicit_switches, [](const Vertex& its) {
                          return its.queues != SwitchQueues{};
                        });
    if (queued)
      refuse(mark_in_topology("switches"), "topology.switches",
             fmt::format("fidelity: message has no shared buffers and no classes: {}", kCure));
    if (topology.ecn && *topology.ecn != EcnMarking{})
      refuse(mark_in_topology("ecn"), "topology.ecn",
             fmt::format("fidelity: message marks no packets: {}", kCure));
  }

  void queues() {
    const Bytes standard = TopologyLink{}.queue;
    for (const TopologySpec::NamedLink& link : spec_.topology.explicit_links)
      if (link.link.queue != standard) return refuse_queue(link.link.name);
    for (const LinkOverride& change : spec_.topology.overrides) {
      TopologyLink link;
      const Status assigned = assign(kCableFields, change.settings, &link);
      if (assigned && link.queue != standard) return refuse_queue(change.link);
    }
  }

  // At the first `queue` of the file; a topology of its own file is named where it is used.
  void refuse_queue(const std::string& link) {
    const YamlValue* const topology = cluster_.find("topology");
    const YamlValue* at = topology;
    const YamlValue* const links = topology != nullptr && topology->kind == YamlValue::Kind::kMap
                                       ? topology->find("links")
                                       : nullptr;
    for (const YamlValue& item : links == nullptr ? std::vector<YamlValue>{} : links->items) {
      const YamlValue* const queue =
          item.kind == YamlValue::Kind::kMap ? item.find("queue") : nullptr;
      if (queue == nullptr || at != topology) continue;
      const Result<Bytes> length = parse_bytes(queue->text);
      if (!length || *length == TopologyLink{}.queue) continue;
      return refuse(queue->mark, "topology.links.queue", queue_text(link));
    }
    refuse(at == nullptr ? cluster_.mark() : at->mark, "topology.links.queue", queue_text(link));
  }
  static std::string queue_text(const std::string& link) {
    return fmt::format("fidelity: message drops nothing at a full queue, as on {}: {}", link,
                       kCure);
  }

  void faults() {
    const YamlValue* const list = cluster_.find("faults");
    if (list == nullptr) return;
    for (const FaultSpec& fault : spec_.faults) {
      const FaultRule& rule = fault.rule;
      const bool all_packets = rule.match == PacketMatch{} && fault.match_from.empty() &&
                               fault.match_to.empty() && rule.when.trigger == FaultTrigger::kNone;
      if (rule.kind->whole_links && all_packets) continue;
      Diagnostics refused;
      refused.add(
          ErrorCode::kInvalid,
          located(fault.position,
                  fmt::format("faults, {}: fidelity: message has no packets that {} could hit: {}",
                              fault.rule.id, fault.rule.kind->name, kCure)));
      cluster_.context().include(list->mark, std::move(refused));
    }
  }

  MapReader& cluster_;
  const ClusterSpec& spec_;
};

}  // namespace

void check_fidelity(MapReader& cluster, ClusterSpec& spec) {
  if (spec.fidelity != Fidelity::kMessage) return;
  MessageCheck(cluster, spec).all();
  spec.processes = ProcessMode::kPacked;
}

}  // namespace soliton
