// `manager:` and what depends on whether a run has one: spares, faults that need it, and what cannot be
// together with it.
#include <algorithm>

#include "cluster/file/cluster_fields.h"
#include "cluster/file/parts.h"

namespace soliton {
namespace {

constexpr Duration kWallHeartbeat = milliseconds(4), kWallTimeout = milliseconds(20);

ManagerOptions standard_manager(TimeMode time) {
  ManagerOptions out;
  if (time == TimeMode::kWall) {
    out.heartbeat = kWallHeartbeat;
    out.timeout = kWallTimeout;
    out.lease = times(kWallTimeout, 10);
  }
  return out;
}

bool needs_manager(const FaultSpec& fault) {
  const NodeFaultKind* const node = fault.rule.kind->node;
  return node != nullptr && node->managed != nullptr && node->managed(fault.rule);
}

// Which part of the file asks for a manager, in words; "": none.
std::string why_managed(const ClusterSpec& spec) {
  if (spec.manager) return "manager";
  if (spec.service.spares > 0) return "service.spares";
  for (const FaultSpec& fault : spec.faults)
    if (needs_manager(fault))
      return fmt::format("fault {} of kind {}", fault.rule.id, fault.rule.kind->name);
  return "";
}

}  // namespace

void read_manager(MapReader& cluster, ClusterSpec& spec) {
  const YamlValue* value = cluster.find("manager");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, kManagerFields, "manager");
  if (!map.is_map()) return;
  ManagerSpec& manager = spec.manager.emplace();
  manager.position = cluster.context().where(value->mark);
  manager.options = standard_manager(spec.time);
  read_fields(map, kManagerOptionFields, &manager.options);
  const YamlValue* const at = map.find("at") != nullptr ? map.scalar("at") : nullptr;
  if (at != nullptr) {
    manager.at = at->text;
    std::vector<std::string> names;
    for (const NodeSpec& node : spec.nodes) names.push_back(node.name);
    if (!names.empty() && std::ranges::find(names, at->text) == names.end())
      map.error("at", fmt::format("no node called \"{}\"{}", printable(at->text),
                                  suggestion(at->text, names)));
  }
  map.finish();
}

std::string manager_text(const ClusterSpec& spec) {
  if (!is_managed(spec)) return "";
  const ManagerSpec manager = manager_of(spec);
  return fmt::format("manager: {}\n", FieldWriter("").flow(kManagerOptionFields, &manager.options,
                                                           {{"at", yaml_scalar(manager.at)}}));
}

void check_manager(MapReader& cluster, const ClusterSpec& spec) {
  const std::string why = why_managed(spec);
  if (why.empty() || spec.nodes.empty()) return;
  const auto refuse = [&](const char* key, const std::string& text) {
    cluster.context().error(cluster.mark_of(key), fmt::format("{}: {}", why, text));
  };
  const char* const said = spec.manager              ? "manager"
                           : spec.service.spares > 0 ? "service"
                                                     : "faults";
  if (!has_model(spec))
    refuse(said, "needs a model: communication workloads do not begin anew");
  else if (!spec.workloads.empty())
    refuse("workloads", "a run that recovers has a model alone, without workloads beside it");
  if (spec.ltl.misses != 0)
    refuse("ltl", "the resource manager says who is dead; leave ltl.misses off");
  const auto npus = std::ranges::count_if(
      spec.nodes, [](const NodeSpec& node) { return node.device.kind == Device::Kind::kNpu; });
  if (spec.service.spares > 0 && spec.service.spares >= npus)
    refuse("service",
           fmt::format("{} of {} nodes with an NPU leave none to work", spec.service.spares, npus));
}

bool is_managed(const ClusterSpec& spec) { return !why_managed(spec).empty(); }

ManagerSpec manager_of(const ClusterSpec& spec) {
  ManagerSpec out = spec.manager ? *spec.manager : ManagerSpec{"", standard_manager(spec.time), ""};
  if (!out.at.empty() || spec.nodes.empty()) return out;
  const auto host = std::ranges::find_if(
      spec.nodes, [](const NodeSpec& node) { return node.device.kind == Device::Kind::kCpu; });
  out.at = (host == spec.nodes.end() ? spec.nodes.front() : *host).name;
  return out;
}

std::vector<std::uint32_t> spares_of(const ClusterSpec& spec) {
  std::vector<std::uint32_t> out;
  for (std::uint32_t i = static_cast<std::uint32_t>(spec.nodes.size());
       i-- > 0 && out.size() < static_cast<std::size_t>(spec.service.spares);)
    if (spec.nodes[i].device.kind == Device::Kind::kNpu) out.push_back(i);
  std::ranges::sort(out);
  return out;
}

}  // namespace soliton
