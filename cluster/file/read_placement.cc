// `placement:` and the files and shapes of a model's inputs, whose keys are names in the model.
#include <algorithm>
#include <charconv>
#include <set>

#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"
#include "protocol/base/names.h"
#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

// A file that must exist, as seen from the cluster file.
bool read_file_name(ReadContext& context, const YamlValue& value, const std::string& label,
                    std::string& out) {
  if (value.kind != YamlValue::Kind::kScalar)
    return context.error(value.mark, label + ": must name one .npy file"), false;
  out = resolve_path(context.folder(), value.text);
  if (is_regular_file(out)) return true;
  context.error(value.mark, label + ": " + explain_missing_file(out));
  return false;
}

bool read_extents(ReadContext& context, const YamlValue& value, const std::string& label,
                  std::vector<std::int64_t>& out) {
  for (const YamlValue& item : value.items) {
    std::int64_t extent = 0;
    const char* end = item.text.data() + item.text.size();
    const auto [at, wrong] = std::from_chars(item.text.data(), end, extent);
    if (item.kind != YamlValue::Kind::kScalar || wrong != std::errc{} || at != end || extent < 1 ||
        extent > kModelExtentMost)
      return context.error(item.mark,
                           fmt::format("{}: \"{}\" is not an extent: allowed are 1 to {}", label,
                                       item.text, kModelExtentMost)),
             false;
    out.push_back(extent);
  }
  return true;
}

void read_places(ReadContext& context, const YamlValue& value, const std::string& label,
                 const std::vector<NodeSpec>& nodes, PlacementRule& rule) {
  const auto add = [&](const YamlValue& item) {
    for (std::string& name : read_node_names(context, item, label, nodes))
      rule.nodes.push_back(std::move(name));
  };
  if (value.kind == YamlValue::Kind::kList)
    for (const YamlValue& item : value.items) add(item);
  else if (value.kind == YamlValue::Kind::kScalar && value.text == "cpu")
    rule.cpu = true;
  else if (value.kind == YamlValue::Kind::kScalar)
    add(value);
  else
    context.error(value.mark, label + ": must be cpu, a node, or a list of nodes");
}

}  // namespace

std::vector<std::string> read_node_names(ReadContext& context, const YamlValue& item,
                                         const std::string& label,
                                         const std::vector<NodeSpec>& nodes) {
  if (item.kind != YamlValue::Kind::kScalar)
    return context.error(item.mark, label + ": must list names of nodes"),
           std::vector<std::string>();
  const Result<std::vector<std::string>> asked = expand_ranges(item.text, kNodesLimit);
  if (!asked)
    return context.error(item.mark, label + ": " + asked.error().message),
           std::vector<std::string>();
  std::vector<std::string> names, out;
  for (const NodeSpec& node : nodes) names.push_back(node.name);
  const std::set<std::string> known(names.begin(), names.end());
  for (const std::string& name : *asked) {
    const std::size_t before = out.size();
    if (known.count(name) > 0) out.push_back(name);
    for (std::size_t i = 0; i < names.size() && name.find('*') != std::string::npos; ++i)
      if (glob_matches(name, names[i])) out.push_back(names[i]);
    if (out.size() > before) continue;
    context.error(item.mark,
                  fmt::format("{}: no node called \"{}\"{}", label, name, suggestion(name, names)));
    return {};
  }
  return out;
}

void read_placement(MapReader& cluster, const std::vector<NodeSpec>& nodes,
                    std::vector<PlacementRule>& out) {
  const YamlValue* value = cluster.find("placement");
  if (value == nullptr) return;
  if (value->kind != YamlValue::Kind::kMap)
    return cluster.error("placement",
                         "must be a map from operators to places, such as {\"*\": cpu}");
  for (const YamlKey& key : value->keys) {
    const YamlValue& place = *value->find(key.name);
    PlacementRule rule{key.name, false, {}, cluster.context().where(key.mark)};
    read_places(cluster.context(), place, "placement." + key.name, nodes, rule);
    out.push_back(std::move(rule));
  }
}

void read_model_inputs(MapReader& model, std::vector<ModelInput>& out) {
  const YamlValue* value = model.find("inputs");
  if (value == nullptr) return;
  if (value->kind != YamlValue::Kind::kMap)
    return model.error("inputs", "must be a map from inputs of the model to a shape or a file");
  for (const YamlKey& key : value->keys) {
    const YamlValue& said = *value->find(key.name);
    ModelInput input;
    input.name = key.name;
    input.position = model.context().where(said.mark);
    const std::string label = "model.inputs." + key.name;
    const bool read = said.kind == YamlValue::Kind::kList
                          ? read_extents(model.context(), said, label, input.shape.emplace())
                          : read_file_name(model.context(), said, label, input.file);
    if (read) out.push_back(std::move(input));
  }
}

void read_named_files(MapReader& map, std::string_view key, std::vector<NamedFile>& out) {
  const YamlValue* value = map.find(key);
  if (value == nullptr || value->kind != YamlValue::Kind::kMap) return;
  for (const YamlKey& name : value->keys) {
    const YamlValue& file = *value->find(name.name);
    NamedFile named{name.name, "", map.context().where(file.mark)};
    if (read_file_name(map.context(), file, map.label_of(key) + "." + name.name, named.path))
      out.push_back(std::move(named));
  }
}

}  // namespace soliton
