#include <algorithm>
#include <map>

#include "cluster/file/parts.h"
#include "cluster/file/yaml_file.h"
#include "cluster/yaml/files.h"
#include "protocol/base/names.h"

namespace soliton {
namespace {

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::string explain_kind(const std::string& kind, TopologyKinds kinds) {
  return fmt::format("no topology kind \"{}\"{}", kind,
                     suggestion(kind, topology_kind_names(kinds)));
}

// The names a `name:` of a switch or an end of a cable stands for.
std::vector<std::string> expand_names(ReadContext& context, Mark mark, const std::string& pattern) {
  Result<std::vector<std::string>> names = expand_ranges(pattern, kNodesLimit);
  if (!names) return context.error(mark, names.error().message), std::vector<std::string>{};
  for (const std::string& name : *names)
    if (!is_valid_name(name))
      return context.error(mark, fmt::format("\"{}\" {}", name, kNameRule)),
             std::vector<std::string>{};
  return std::move(*names);
}

class DrawingReader {
 public:
  DrawingReader(ReadContext& context, const std::string& label, TopologySpec& out)
      : context_(context), label_(label), out_(out) {}

  void read_switch(const YamlValue& value, std::size_t number) {
    MapReader map(context_, value, kSwitchFields, fmt::format("{}switches[{}]", label_, number));
    if (!map.is_map()) return;
    Vertex vertex;
    vertex.is_switch = true;
    map.require("name");
    read_fields(map, kSwitchFields, &vertex);
    const YamlValue* name_value = map.scalar("name");
    const std::string pattern = name_value != nullptr ? name_value->text : "";
    map.finish();
    for (const std::string& name : expand_names(context_, map.mark_of("name"), pattern)) {
      if (!first_use(switches_, name, map, "name")) return;
      vertex.name = name;
      out_.explicit_switches.push_back(vertex);
      if (out_.explicit_switches.size() > kNodesLimit)
        return map.error("name", fmt::format("more than {} switches", kNodesLimit));
    }
  }

  // Of a kind that makes its cables itself, with `drawn` false.
  void read_link(const YamlValue& value, std::size_t number, bool drawn) {
    MapReader map(context_, value, kCableFields, fmt::format("{}links[{}]", label_, number));
    if (!map.is_map()) return;
    TopologyLink link;
    link.rate = out_.rate;
    read_fields(map, kCableFields, &link);
    if (const YamlValue* selector = map.scalar("link")) {
      add_override(map, selector->text, link);
      return map.finish();
    }
    if (!drawn && map.find("between") != nullptr)
      map.error("between",
                "a topology of this kind makes its cables itself; link: changes them, and "
                "kind explicit takes cables");
    map.require("latency");
    if (const YamlValue* name = map.scalar("name")) link.name = name->text;
    std::string ends[2];
    const bool good = read_ends(map, ends);
    map.finish();
    if (good) add_links(map, ends, link);
  }

 private:
  void add_override(MapReader& map, const std::string& selector, const TopologyLink& link) {
    LinkOverride its{selector, {}, context_.where(map.mark_of("link"))};
    for (Setting& setting : collect(kCableFields, &link))
      if (map.find(setting.key) != nullptr) its.settings.push_back(std::move(setting));
    if (its.settings.empty())
      map.error("link", "changes nothing: give latency, bandwidth, queue or other_traffic");
    out_.overrides.push_back(std::move(its));
  }

  bool read_ends(MapReader& map, std::string (&ends)[2]) {
    const YamlValue* pair = map.find("between");
    if (pair == nullptr) return false;
    const bool good = pair->kind == YamlValue::Kind::kList && pair->items.size() == 2 &&
                      pair->items[0].kind == YamlValue::Kind::kScalar &&
                      pair->items[1].kind == YamlValue::Kind::kScalar;
    if (!good) return map.error("between", "must be a list of two names: [fpga0, tor0]"), false;
    ends[0] = pair->items[0].text;
    ends[1] = pair->items[1].text;
    return true;
  }

  void add_links(MapReader& map, const std::string (&ends)[2], const TopologyLink& link) {
    const std::vector<std::string> a = expand_names(context_, map.mark_of("between"), ends[0]);
    const std::vector<std::string> b = expand_names(context_, map.mark_of("between"), ends[1]);
    if (a.empty() || b.empty()) return;
    const std::size_t count = std::max(a.size(), b.size());
    // Ranges are paired element by element; a single name is paired with every element.
    if ((a.size() != count && a.size() != 1) || (b.size() != count && b.size() != 1))
      return map.error(
          "between",
          fmt::format("{} names against {}: ranges must have equal lengths, or be one name",
                      a.size(), b.size()));
    std::vector<std::string> names;
    if (!link.name.empty()) names = expand_names(context_, map.mark_of("name"), link.name);
    if (!link.name.empty() && names.size() != count)
      return map.error("name", fmt::format("{} names for {} links", names.size(), count));
    for (std::size_t i = 0; i < count; ++i)
      if (!add_link(map, a[a.size() == 1 ? 0 : i], b[b.size() == 1 ? 0 : i],
                    names.empty() ? "" : names[i], link))
        return;
  }

  bool add_link(MapReader& map, const std::string& a, const std::string& b, const std::string& name,
                const TopologyLink& like) {
    TopologySpec::NamedLink link{a, b, like, context_.where(map.mark_of("between"))};
    // Two names of 63 letters make one of 127.
    link.link.name = name.empty() ? a + "-" + b : name;
    if (a == b) return map.error("between", fmt::format("\"{}\" is linked to itself", a)), false;
    if (out_.explicit_links.size() >= kLinksLimit)
      return map.error("between", fmt::format("more than {} links", kLinksLimit)), false;
    if (!first_use(links_, link.link.name, map, name.empty() ? "between" : "name")) return false;
    out_.explicit_links.push_back(std::move(link));
    return true;
  }

  bool first_use(std::map<std::string, Mark>& used, const std::string& name, MapReader& map,
                 std::string_view key) {
    const auto [first, is_new] = used.emplace(name, map.mark_of(key));
    if (!is_new)
      map.error(key, fmt::format("\"{}\" is used twice: here and at {}", name,
                                 context_.where(first->second)));
    return is_new;
  }

  ReadContext& context_;
  const std::string& label_;
  TopologySpec& out_;
  std::map<std::string, Mark> switches_, links_;
};

const YamlValue* list_of(MapReader& map, std::string_view key, const char* shape) {
  const YamlValue* list = map.find(key);
  if (list == nullptr || list->kind == YamlValue::Kind::kList) return list;
  map.error(key, fmt::format("must be a list of {}", shape));
  return nullptr;
}

void read_drawing(MapReader& map, const std::string& label, bool drawn, TopologySpec& out) {
  DrawingReader reader(map.context(), label, out);
  if (const YamlValue* list =
          drawn ? list_of(map, "switches", "{name, forwarding, store_and_forward, place}")
                : nullptr)
    for (std::size_t i = 0; i < list->items.size(); ++i) reader.read_switch(list->items[i], i);
  if (drawn) map.require("links");
  if (const YamlValue* list =
          list_of(map, "links",
                  drawn ? "{between: [a, b], latency, bandwidth, queue, name}"
                        : "{link: NAME, latency, bandwidth, queue, other_traffic}"))
    for (std::size_t i = 0; i < list->items.size(); ++i) reader.read_link(list->items[i], i, drawn);
}

// Rates fall before cables pause: marks begin below the pause.
void check_order(MapReader& map, const TopologySpec& spec) {
  if (!spec.ecn || !spec.pause || spec.ecn->kmax < spec.pause->xoff) return;
  const YamlValue* pfc = map.find("pfc");
  if (pfc == nullptr) return;
  const YamlValue* xoff = pfc->kind == YamlValue::Kind::kMap ? pfc->find("xoff") : nullptr;
  map.context().error(
      (xoff != nullptr ? xoff : pfc)->mark,
      fmt::format("{}: {} is not above kmax of ecn, {}: rates must fall before cables are paused",
                  map.label_of(xoff != nullptr ? "pfc.xoff" : "pfc"), spell(spec.pause->xoff),
                  spell(spec.ecn->kmax)));
}

void named_topology(const YamlValue& value, ReadContext& context, const ReadSite& site,
                    TopologySpec& out) {
  const std::string shipped_folder = resolve_path(site.data.path, "topologies");
  const std::vector<std::string> names = yaml_stems(shipped_folder);
  std::string path = shipped_folder + "/" + value.text + ".yaml";
  if (is_path(value.text)) {
    // A file beside the cluster file takes precedence over a shipped one.
    const std::string beside = resolve_path(site.folder, value.text);
    const std::string shipped = resolve_path(site.data.path, value.text);
    path = !is_regular_file(beside) && is_regular_file(shipped) ? shipped : beside;
    if (!is_regular_file(path)) return context.error(value.mark, explain_missing_file(path));
  } else if (!contains(names, value.text)) {
    const std::string what =
        fmt::format("no topology called \"{}\"{}", value.text, suggestion(value.text, names));
    return context.error(value.mark, what + " (soliton list topologies)");
  }
  site.files.note(path);
  Checked<TopologySpec> spec = read_topology_file(path);
  if (spec) {
    out = std::move(*spec);
    out.position = context.where(value.mark);
  } else
    context.include(value.mark, std::move(spec.error()));
}

}  // namespace

void read_topology_map(ReadContext& context, const YamlValue& value, const std::string& label,
                       TopologySpec& out, TopologyKinds kinds) {
  const YamlValue* said = value.kind == YamlValue::Kind::kMap ? value.find("kind") : nullptr;
  const TopologyKind* kind =
      said != nullptr ? find_topology_kind(said->text, kinds) : find_topology_kind(out.kind, kinds);
  // With an unknown kind any table does: its keys are only needed to report the kind.
  const std::vector<Field> rows = topology_rows(kind != nullptr ? *kind : *kinds.front(), kinds);
  const FieldTable table = fields_of<TopologySpec>("topology", rows);
  MapReader map(context, value, table, label);
  if (!map.is_map()) return;
  out.position = context.where(value.mark);
  map.require("kind");
  if (said != nullptr && said->kind != YamlValue::Kind::kScalar) {
    map.scalar("kind");
    return;
  }
  if (kind == nullptr) return map.error("kind", explain_kind(said->text, kinds));
  out.kind = out.name = kind->name;
  read_field(map, "name", &out);
  // A topology without emulated wires has neither rates nor queues.
  if (kind->wired) {
    for (const char* key : {"bandwidth", "ecn", "pfc"}) read_field(map, key, &out);
    check_order(map, out);
    if (!kind->drawn) read_field(map, "switches", &out);
  }
  if (kind->routed) {
    out.routing = kind->routing;
    for (const Field& row : kTopologyRoutedRows) read_field(map, row.key, &out);
  }
  const std::shared_ptr<void> options = kind->fields.make();
  read_fields(map, kind->fields, options.get());
  out.options = collect(kind->fields, options.get());
  if (kind->wired) read_drawing(map, label.empty() ? "" : label + ".", kind->drawn, out);
  map.finish(fmt::format("for a topology of kind {}", kind->name));
}

Checked<TopologySpec> read_topology_file(const std::string& path) {
  const Checked<YamlFile> yaml = read_yaml(path);
  if (!yaml) return tl::unexpected<Diagnostics>(yaml.error());
  return read_topology_file(*yaml);
}

Checked<TopologySpec> read_topology_file(const YamlFile& yaml) {
  if (Diagnostics wrong = refuse_other_kind(yaml, FileKind::kTopology); !wrong.empty())
    return tl::unexpected<Diagnostics>(std::move(wrong));
  ReadContext context(yaml.file, {});
  TopologySpec spec;
  read_topology_map(context, yaml.root, "", spec);
  if (context.failed()) return tl::unexpected<Diagnostics>(context.take());
  return spec;
}

void read_topology(MapReader& cluster, const ReadSite& site, TopologySpec& out) {
  const YamlValue* value = cluster.find("topology");
  if (value != nullptr && value->kind == YamlValue::Kind::kMap)
    return read_topology_map(cluster.context(), *value, "topology", out);
  YamlValue standard;
  standard.kind = YamlValue::Kind::kScalar;
  standard.mark = cluster.mark();
  standard.text = "rack";
  if (value != nullptr && value->kind == YamlValue::Kind::kList)
    return cluster.error("topology", "must be a built-in name, a file or a map, not a list");
  named_topology(value == nullptr ? standard : *value, cluster.context(), site, out);
}

}  // namespace soliton
