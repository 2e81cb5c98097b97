// `partition:`, of which nodes and operators are named in lists.
#include <algorithm>
#include <set>

#include "cluster/file/parts.h"

namespace soliton {
namespace {

// Only nodes with an NPU can be forbidden: plans are about these. A glob may match others as well.
void read_forbid(MapReader& map, const std::vector<NodeSpec>& nodes, PartitionSpec& out) {
  const YamlValue* value = map.find("forbid");
  if (value == nullptr || nodes.empty()) return;
  out.forbid_position = map.context().where(map.mark_of("forbid"));
  if (value->kind != YamlValue::Kind::kList)
    return map.error("forbid", "must be a list of nodes, such as [fpga3]");
  std::set<std::string> forbidden;
  std::vector<std::string> npus;
  for (const NodeSpec& node : nodes)
    if (node.device.kind == Device::Kind::kNpu) npus.push_back(node.name);
  for (const YamlValue& item : value->items) {
    const std::vector<std::string> names =
        read_node_names(map.context(), item, map.label_of("forbid"), nodes);
    const std::set<std::string> named(names.begin(), names.end());
    bool any = false;
    for (const std::string& npu : npus) {
      if (named.count(npu) == 0) continue;
      any = true;
      forbidden.insert(npu);
    }
    if (!names.empty() && !any)
      map.context().error(
          item.mark,
          fmt::format("{}: {} has no NPU, and plans are about nodes with one{}",
                      map.label_of("forbid"), names.front(), suggestion(names.front(), npus)));
  }
  for (const std::string& npu : npus)
    if (forbidden.count(npu) > 0) out.forbid.push_back(npu);
}

void read_colocate(MapReader& map, PartitionSpec& out) {
  const YamlValue* value = map.find("colocate");
  if (value == nullptr) return;
  const auto wrong = [&](Mark mark) {
    map.context().error(mark, map.label_of("colocate") +
                                  ": must be lists of operators, such as [[a, b], [\"/enc/*\"]]");
  };
  if (value->kind != YamlValue::Kind::kList) return wrong(value->mark);
  for (const YamlValue& list : value->items) {
    Colocation together{{}, map.context().where(list.mark)};
    const bool names = list.kind == YamlValue::Kind::kList && !list.items.empty() &&
                       std::ranges::all_of(list.items, [](const YamlValue& item) {
                         return item.kind == YamlValue::Kind::kScalar;
                       });
    if (!names) return wrong(list.mark);
    for (const YamlValue& item : list.items) together.patterns.push_back(item.text);
    out.colocate.push_back(std::move(together));
  }
}

}  // namespace

void read_partition(MapReader& cluster, const std::vector<NodeSpec>& nodes, PartitionSpec& out) {
  const YamlValue* value = cluster.find("partition");
  if (value == nullptr) return;
  out.position = cluster.context().where(value->mark);
  MapReader map(cluster.context(), *value, kPartitionFields, cluster.label_of("partition"));
  if (!map.is_map()) return;
  read_forbid(map, nodes, out);
  read_colocate(map, out);
  out.plan_position = cluster.context().where(map.mark_of("plan"));
  read_fields(map, kPartitionFields, &out);
  map.finish();
}

}  // namespace soliton
