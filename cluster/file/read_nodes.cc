#include <map>

#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"
#include "protocol/base/names.h"

namespace soliton {
namespace {

// Reads entry by entry, remembering where each name was first used.
class NodesReader {
 public:
  NodesReader(ReadContext& context, const ReadSite& site, const std::vector<NpuFormat>& defined,
              std::vector<NodeSpec>& out)
      : context_(context),
        site_(site),
        defined_(defined),
        library_(site.data, site.files),
        out_(out) {}

  void read_entry(const YamlValue& value, std::size_t number) {
    MapReader map(context_, value, kNodeFields, fmt::format("nodes[{}]", number));
    if (!map.is_map()) return;
    NodeSpec node;
    std::string pattern;
    map.require("name");
    if (const YamlValue* name = map.scalar("name")) pattern = name->text;
    read_device_key(map, number, node);
    read_field(map, "at", &node);
    read_field(map, "forward", &node);
    node.position = context_.where(map.mark_of(node.at.empty() ? "name" : "at"));
    good_places_ = check_place(map, node.at) && good_places_;
    map.finish();
    good_places_ = !pattern.empty() && add_names(map, pattern, node) && good_places_;
  }

  bool good_places() const { return good_places_; }
  const std::map<std::string, Mark>& marks() const { return used_; }  // of the names
  bool good_devices() const { return good_devices_; }

 private:
  void read_device_key(MapReader& map, std::size_t number, NodeSpec& node) {
    const std::size_t before = context_.count();
    read_device(map, number, node);
    good_devices_ = good_devices_ && context_.count() == before;
  }

  void read_device(MapReader& map, std::size_t number, NodeSpec& node) {
    const YamlValue* value = map.require("device");
    if (value == nullptr) return;
    if (value->kind != YamlValue::Kind::kScalar)
      return read_device_map(
          context_, *value, fmt::format("nodes[{}].device", number),
          [&](const YamlValue& base) { return library_.named(context_, base, site_.folder); },
          defined_, node.device);
    const Device* device = library_.named(context_, *value, site_.folder);
    if (device == nullptr) return;
    node.device = *device;
    node.device_is_builtin = !is_path(value->text);
  }

  static bool check_place(MapReader& map, const std::string& place) {
    const auto bad = [](char c) {
      return !((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '/' || c == '.' ||
               c == '_' || c == '-');
    };
    for (const char c : place)
      if (bad(c))
        return map.error("at", fmt::format("\"{}\" is not a place; places look like rack0 or "
                                           "pod3/rack17",
                                           place)),
               false;
    return true;
  }

  bool add_names(MapReader& map, const std::string& pattern, const NodeSpec& node) {
    const Result<std::vector<std::string>> names = expand_ranges(pattern, kNodesLimit);
    if (!names) return map.error("name", names.error().message), false;
    if (out_.size() + names->size() > kNodesLimit)
      return map.error("name", fmt::format("a cluster has at most {} nodes", kNodesLimit)), false;
    for (const std::string& name : *names) {
      if (!is_valid_name(name))
        return map.error("name", fmt::format("\"{}\" {}", name, kNameRule)), false;
      const auto [first, is_new] = used_.emplace(name, map.mark_of("name"));
      if (!is_new)
        return map.error("name", fmt::format("\"{}\" is used twice: here and at {}", name,
                                             context_.where(first->second))),
               false;
      out_.push_back(node);
      out_.back().name = name;
    }
    return true;
  }

  ReadContext& context_;
  const ReadSite& site_;
  const std::vector<NpuFormat>& defined_;
  DeviceLibrary library_;
  std::vector<NodeSpec>& out_;
  std::map<std::string, Mark> used_;
  bool good_places_ = true, good_devices_ = true;
};

void check_roles(MapReader& cluster, const std::vector<NodeSpec>& nodes,
                 const std::map<std::string, Mark>& marks) {
  // With a placement parts of the model run on any hosts, and the clients of services are on several.
  const bool placed = cluster.find("placement") != nullptr || cluster.find("services") != nullptr;
  const YamlValue* const workload = cluster.find("workload");
  const bool several = placed || (workload != nullptr && workload->find("hosts") != nullptr);
  std::size_t npus = 0;
  const NodeSpec* host = nullptr;
  for (const NodeSpec& node : nodes) {
    npus += node.device.kind == Device::Kind::kNpu;
    if (node.device.kind == Device::Kind::kNpu) continue;
    if (host != nullptr && !several) {
      cluster.context().error(
          marks.at(node.name),
          fmt::format("\"{}\" is a second host, beside \"{}\": without a placement the clients and "
                      "the model's CPU part are on one; allowed is one node with device cpu, "
                      "workload.hosts, or placement: {{\"*\": {}}}",
                      node.name, host->name, node.name));
      break;
    }
    host = &node;
  }
  if (npus == 0 && !placed)
    cluster.error(
        "nodes",
        "no node has an NPU; add one with a device such as bw-s10, or run the model on the "
        "host: placement: {\"*\": cpu}");
  if (npus == nodes.size())
    cluster.error("nodes",
                  "no host: clients run on a node with device cpu; add {name: host0, device: cpu}");
}

}  // namespace

bool is_path(const std::string& text) {
  return text.find('/') != std::string::npos || text.ends_with(".yaml");
}

bool read_nodes(MapReader& cluster, const ReadSite& site, const std::vector<NpuFormat>& defined,
                std::vector<NodeSpec>& out) {
  const YamlValue* list = cluster.require("nodes");
  if (list == nullptr) return false;
  if (list->kind != YamlValue::Kind::kList || list->items.empty())
    return cluster.error("nodes", "must be a list of {name, device, at}"), false;
  NodesReader reader(cluster.context(), site, defined, out);
  for (std::size_t i = 0; i < list->items.size(); ++i) reader.read_entry(list->items[i], i);
  // If a device is unknown, so are the roles.
  if (reader.good_devices() && reader.good_places() && !asks_for_traffic(cluster))
    check_roles(cluster, out, reader.marks());
  if (!reader.good_places()) out.clear();
  return reader.good_devices();
}

}  // namespace soliton
