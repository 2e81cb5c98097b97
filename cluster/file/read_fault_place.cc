#include <algorithm>
#include <map>

#include "cluster/file/cluster_fields.h"
#include "cluster/file/fault_parts.h"
#include "cluster/file/node_selector.h"
#include "protocol/base/names.h"

namespace soliton {
namespace {

using Target = FaultKind::Target;

void add_selector(MapReader& map, std::string_view key, const std::string& text,
                  std::vector<std::string>& out) {
  if (const Status good = check_node_selector(text); !good)
    return map.error(key, good.error().message);
  out.push_back(text);
}

// A set is a selector or a list of them.
void read_sets(MapReader& rule, const std::string& label, FaultSpec& out) {
  const FaultKind& kind = *out.rule.kind;
  const bool needed = kind.target == Target::kNodeSets;
  const bool astray = kind.name == "misroute";
  const YamlValue* sets = rule.find("sets");
  if (sets == nullptr) {
    if (needed) rule.context().error(rule.mark(), fmt::format("{}.sets: is missing", label));
    return;
  }
  if (!needed && !astray)
    return rule.error("sets", fmt::format("has no meaning for a fault of kind {}", kind.name));
  if (sets->kind != YamlValue::Kind::kList || sets->items.empty())
    return rule.error("sets", "must be a list of sets of nodes, [\"fpga[0-1]\", [fpga2, host0]]");
  for (const YamlValue& item : sets->items) {
    std::vector<std::string>& set = out.sets.emplace_back();
    const bool listed = item.kind == YamlValue::Kind::kList;
    for (const YamlValue& one : listed ? item.items : std::vector<YamlValue>{item})
      if (one.kind == YamlValue::Kind::kScalar)
        add_selector(rule, "sets", one.text, set);
      else
        rule.error("sets", "each set is a selector of nodes or a list of them");
  }
  out.position = rule.context().where(rule.mark_of("sets"));
}

// Names of switches, in the order in which they wait for each other.
void read_cycle(MapReader& rule, const std::string& label, FaultSpec& out) {
  const bool needed = out.rule.kind->target == Target::kCircle;
  const YamlValue* cycle = rule.find("cycle");
  if (cycle == nullptr) {
    if (needed) rule.context().error(rule.mark(), fmt::format("{}.cycle: is missing", label));
    return;
  }
  if (!needed)
    return rule.error("cycle",
                      fmt::format("has no meaning for a fault of kind {}", out.rule.kind->name));
  const auto name = [](const YamlValue& item) {
    return item.kind == YamlValue::Kind::kScalar && is_valid_name(item.text);
  };
  if (cycle->kind != YamlValue::Kind::kList || cycle->items.size() < 3 ||
      !std::ranges::all_of(cycle->items, name))
    return rule.error("cycle", "must be a list of at least three switches, [leaf0, spine0, leaf1]");
  for (const YamlValue& item : cycle->items) out.cycle.push_back(item.text);
  out.position = rule.context().where(rule.mark_of("cycle"));
}

class PlaceReader {
 public:
  PlaceReader(MapReader& rule, std::string label, FaultSpec& out)
      : rule_(rule), label_(std::move(label)), out_(out) {}

  void read() {
    const Target target = out_.rule.kind->target;
    read_sets(rule_, label_, out_);
    read_cycle(rule_, label_, out_);
    const YamlValue* where = rule_.find("where");
    if (where == nullptr) {
      if (target == Target::kLinks) missing("link");
      if (target == Target::kSwitches) missing("switch");
      if (target == Target::kNodes && !at_manager()) missing("node");
      return;
    }
    MapReader reader(rule_.context(), *where, kFaultWhereFields, label_ + ".where");
    if (target == Target::kSwitches) read_switches(reader);
    if (target == Target::kLinks) read_links(reader);
    if (target == Target::kNodes) read_nodes(reader);
    if (target != Target::kNodes) read_match(reader);
    if (target != Target::kSwitches) read_map(reader, "pick", kFaultPickFields, &out_.pick);
    reader.finish(fmt::format("for a fault of kind {}", out_.rule.kind->name));
  }

 private:
  void missing(std::string_view what) {
    rule_.context().error(rule_.mark(),
                          fmt::format("{}: names no {}; add {} or where", label_, what, what));
  }

  void read_switches(MapReader& where) {
    const YamlValue* said = where.require("switches");
    if (said == nullptr || (said = where.scalar("switches")) == nullptr) return;
    out_.switches = said->text;
    check_names(where, "switches", said->text);
  }

  bool at_manager() const { return out_.rule.kind->node->at_manager; }

  void read_nodes(MapReader& where) {
    const YamlValue* said = at_manager() ? where.find("nodes") : where.require("nodes");
    if (said == nullptr || (said = where.scalar("nodes")) == nullptr) return;
    out_.nodes = said->text;
    out_.position = where.context().where(where.mark_of("nodes"));
    if (const Status good = check_node_selector(out_.nodes); !good)
      where.error("nodes", good.error().message);
  }

  void read_links(MapReader& where) {
    if (const auto direction = read_value(where, "direction")) {
      out_.rule.forward = direction->number() != static_cast<std::int64_t>(Direction::kRx);
      out_.rule.backward = direction->number() != static_cast<std::int64_t>(Direction::kTx);
    }
    const YamlValue* links = where.require("links");
    if (links != nullptr) read_links(*links);
  }

  void read_links(const YamlValue& value) {
    MapReader links(rule_.context(), value, kFaultLinksFields, label_ + ".where.links");
    if (!links.is_map()) return;
    std::map<std::string_view, std::string> said;
    for (const char* key : {"name", "from", "to", "node"})
      if (const YamlValue* selector = links.find(key) != nullptr ? links.scalar(key) : nullptr) {
        said[key] = selector->text;
        check_names(links, key, selector->text);
      }
    read_between(links, said);
    links.finish();
    const bool has_pair = said.contains("from") || said.contains("to");
    if (static_cast<int>(said.contains("name")) + has_pair + said.contains("node") != 1)
      return rule_.context().error(
          value.mark,
          fmt::format("{}.where.links: needs one of name, from and to, between, node", label_));
    out_.link = said["name"];
    if (!out_.link.empty()) return;
    // `node: x` means all links of x, which is the pair from x to anything.
    const std::string any = "*";
    out_.from = said.contains("from") ? said["from"] : said.contains("node") ? said["node"] : any;
    out_.to = said.contains("to") ? said["to"] : any;
  }

  void read_between(MapReader& links, std::map<std::string_view, std::string>& said) {
    const YamlValue* between = links.find("between");
    if (between == nullptr) return;
    if (between->kind != YamlValue::Kind::kList || between->items.size() != 2 ||
        between->items[0].kind != YamlValue::Kind::kScalar ||
        between->items[1].kind != YamlValue::Kind::kScalar)
      return links.error("between", "must be a list of two ends, [A, B]");
    if (said.contains("from") || said.contains("to"))
      return links.error("between", "says both ends, and so do from and to");
    said["from"] = between->items[0].text;
    said["to"] = between->items[1].text;
    for (const char* key : {"from", "to"}) check_names(links, "between", said[key]);
  }

  void check_names(MapReader& map, std::string_view key, const std::string& text) {
    out_.position = map.context().where(map.mark_of(key));
    if (key != "name" && key != "switches" && is_selector_expression(text)) {
      if (const Status good = check_node_selector(text); !good)
        map.error(key, good.error().message);
      return;
    }
    const Result<std::vector<std::string>> names = expand_ranges(text, kLinksLimit);
    if (!names) return map.error(key, names.error().message);
    const auto bad = [](char c) { return c != '*' && !is_valid_name(std::string_view(&c, 1)); };
    for (const std::string& name : *names)
      if (name.empty() || std::any_of(name.begin(), name.end(), bad))
        return map.error(
            key, fmt::format("\"{}\" is not a name, range (fpga[0-3]) or glob (fpga*)", text));
  }

  void read_match(MapReader& where) {
    const YamlValue* match = where.find("match");
    if (match == nullptr) return;
    MapReader reader(rule_.context(), *match, kFaultMatchFields, label_ + ".where.match");
    read_fields(reader, kFaultMatchFields, &out_.rule.match);
    for (const auto& [key, nodes] : {std::pair{"from", &out_.match_from}, {"to", &out_.match_to}})
      if (const YamlValue* said = reader.find(key) != nullptr ? reader.scalar(key) : nullptr)
        add_selector(reader, key, said->text, *nodes);
    reader.finish();
  }

  MapReader& rule_;
  std::string label_;
  FaultSpec& out_;
};

}  // namespace

void read_fault_place(MapReader& rule, const std::string& label, FaultSpec& out) {
  PlaceReader(rule, label, out).read();
}

}  // namespace soliton
