#include <algorithm>
#include <map>
#include <optional>

#include "cluster/file/long_form.h"
#include "cluster/file/parts.h"
#include "protocol/base/names.h"

namespace soliton {
namespace {

// Kinds that this version does not inject; they get a better answer than "unknown".
const std::vector<std::string>& later_kinds() {
  static const std::vector<std::string> kinds = {"duplicate",
                                                 "replay",
                                                 "reorder",
                                                 "corrupt",
                                                 "truncate",
                                                 "rate",
                                                 "queue",
                                                 "slot",
                                                 "mtu",
                                                 "ecn",
                                                 "partition",
                                                 "clog",
                                                 "pfc_pause",
                                                 "pfc_storm",
                                                 "pfc_deadlock",
                                                 "slow_receiver",
                                                 "incast",
                                                 "rebind",
                                                 "misroute",
                                                 "node_crash",
                                                 "node_pause",
                                                 "slow",
                                                 "role_hang",
                                                 "zombie",
                                                 "join_delay",
                                                 "clock",
                                                 "rcvbuf",
                                                 "syscall",
                                                 "rlimit",
                                                 "disk_full",
                                                 "seu_config",
                                                 "seu_memory",
                                                 "datapath_flip",
                                                 "device_hang",
                                                 "dram_cal_fail",
                                                 "reconfigure",
                                                 "reconfig_garbage",
                                                 "image_mismatch",
                                                 "throttle",
                                                 "device_dead",
                                                 "manager_down",
                                                 "lease_fault",
                                                 "no_spare"};
  return kinds;
}

std::vector<std::string> supported_kinds() {
  std::vector<std::string> names;
  for (const FaultKind* kind : fault_kinds()) names.emplace_back(kind->name);
  return names;
}

std::string explain_kind(const std::string& kind) {
  const std::string list = fmt::format("{}", fmt::join(supported_kinds(), ", "));
  const auto& later = later_kinds();
  if (std::find(later.begin(), later.end(), kind) != later.end())
    return fmt::format("\"{}\" is not supported in this version; supported: {}", kind, list);
  return fmt::format("no fault called \"{}\"{}; supported: {}", kind,
                     did_you_mean(kind, supported_kinds()), list);
}

// One rule in its long form.
class FaultReader {
 public:
  FaultReader(ReadContext& context, const YamlValue& value, std::size_t number, Duration time_limit)
      : label_(fmt::format("faults[{}]", number)),
        map_(context, value, kFaultFields, label_),
        time_limit_(time_limit) {
    fault_.rule.id = fmt::format("fault{}", number);
    fault_.position = context.where(value.mark);
  }

  // Empty when the entry is not a rule of a supported kind.
  std::optional<FaultSpec> read() {
    if (!map_.is_map()) return std::nullopt;
    if (const auto id = read_value(map_, "id")) fault_.rule.id = id->text();
    const YamlValue* kind = map_.find("kind");
    if (kind == nullptr) return std::nullopt;  // said when the long form was made
    fault_.rule.kind = find_fault_kind(kind->text);
    if (fault_.rule.kind == nullptr) {
      map_.error("kind", explain_kind(kind->text));
      return std::nullopt;
    }
    read_options();
    read_place();
    read_window();
    map_.finish(fmt::format("for a fault of kind {}", kind->text));
    // Names the place in reports, whichever spelling the rule used.
    fault_.rule.target = !fault_.switches.empty() ? fault_.switches
                         : fault_.link.empty()    ? fault_.from + "-" + fault_.to
                                                  : fault_.link;
    return std::move(fault_);
  }

 private:
  void read_options() {
    const FieldTable& table = fault_.rule.kind->fields;
    const std::shared_ptr<void> options = table.make();
    read_fields(map_, table, options.get());
    fault_.rule.options = collect(table, options.get());
  }

  void read_place() {
    const bool on_switches = fault_.rule.kind->target == FaultKind::Target::kSwitches;
    const YamlValue* where = map_.find("where");
    if (where == nullptr)
      return map_.context().error(map_.mark(), fmt::format("{}: names no {}; add {} or where",
                                                           label_, on_switches ? "switch" : "link",
                                                           on_switches ? "switch" : "link"));
    MapReader reader(map_.context(), *where, kFaultWhereFields, label_ + ".where");
    // `nodes` is refused by its own message, so a missing target is not reported as well.
    const bool on_nodes = reader.is_map() && where->find("nodes") != nullptr;
    on_switches ? read_switches(reader, on_nodes) : read_links(reader, on_nodes);
    reader.finish(fmt::format("for a fault of kind {}", fault_.rule.kind->name));
  }

  void read_switches(MapReader& where, bool on_nodes) {
    if (on_nodes) return;
    const YamlValue* said = where.require("switches");
    if (said == nullptr || (said = where.scalar("switches")) == nullptr) return;
    fault_.switches = said->text;
    check_selector(where, "switches", said->text);
  }

  void read_links(MapReader& where, bool on_nodes) {
    if (const auto direction = read_value(where, "direction")) {
      fault_.rule.forward = direction->number() != static_cast<std::int64_t>(Direction::kRx);
      fault_.rule.backward = direction->number() != static_cast<std::int64_t>(Direction::kTx);
    }
    const YamlValue* links = on_nodes ? where.find("links") : where.require("links");
    if (links != nullptr) read_links(*links);
  }

  void read_links(const YamlValue& value) {
    MapReader links(map_.context(), value, kFaultLinksFields, label_ + ".where.links");
    if (!links.is_map()) return;
    std::map<std::string_view, std::string> said;
    for (const char* key : {"name", "from", "to", "node"})
      if (const YamlValue* selector = links.find(key) != nullptr ? links.scalar(key) : nullptr) {
        said[key] = selector->text;
        check_selector(links, key, selector->text);
      }
    links.finish();
    const bool has_pair = said.contains("from") || said.contains("to");
    if (static_cast<int>(said.contains("name")) + has_pair + said.contains("node") != 1)
      return map_.context().error(
          value.mark, fmt::format("{}.where.links: needs one of name, from and to, node", label_));
    fault_.link = said["name"];
    if (!fault_.link.empty()) return;
    // `node: x` means all links of x, which is the pair from x to anything.
    const std::string any = "*";
    fault_.from = said.contains("from") ? said["from"] : said.contains("node") ? said["node"] : any;
    fault_.to = said.contains("to") ? said["to"] : any;
  }

  void check_selector(MapReader& map, std::string_view key, const std::string& text) {
    fault_.position = map.context().where(map.mark_of(key));
    const Result<std::vector<std::string>> names = expand_ranges(text, kLinksLimit);
    if (!names) return map.error(key, names.error().message);
    const auto bad = [](char c) { return c != '*' && !is_valid_name(std::string_view(&c, 1)); };
    for (const std::string& name : *names)
      if (name.empty() || std::any_of(name.begin(), name.end(), bad))
        return map.error(
            key, fmt::format("\"{}\" is not a name, range (fpga[0-3]) or glob (fpga*)", text));
  }

  void read_window() {
    const YamlValue* when = map_.find("when");
    if (when == nullptr) return;
    MapReader reader(map_.context(), *when, kFaultWhenFields, label_ + ".when");
    if (!reader.is_map()) return;
    const bool from_to = reader.find("from") != nullptr || reader.find("to") != nullptr;
    const auto time = [&](std::string_view key, Duration standard) {
      const auto said = read_value(reader, key);
      return said ? Duration{said->number()} : standard;
    };
    if (from_to) {
      const Duration from = time("from", Duration{0});
      const Duration to = time("to", kNever.time_since_epoch());
      if (to <= from)
        reader.error("to", fmt::format("{} is not after from, {}", spell(to), spell(from)));
      set_window(reader, "from", from, to);
    } else {
      const Duration at = time("at", Duration{0});
      const Duration length = time("for", Duration{0});
      set_window(reader, "at", at,
                 length > Duration{0} ? sum(at, length) : kNever.time_since_epoch());
    }
    reader.finish("beside from and to");
  }

  void set_window(MapReader& map, std::string_view key, Duration from, Duration to) {
    fault_.rule.from = kRunStart + from;
    fault_.rule.until = kRunStart + to;
    if (from >= time_limit_)
      map.error(key, fmt::format("{} is not within the run, which ends at {} (limits.time)",
                                 spell(from), spell(time_limit_)));
  }

  std::string label_;
  MapReader map_;
  Duration time_limit_;
  FaultSpec fault_;
};

}  // namespace

void read_faults(MapReader& cluster, Duration time_limit, std::vector<FaultSpec>& out) {
  const YamlValue* list = cluster.find("faults");
  if (list == nullptr) return;
  if (list->kind != YamlValue::Kind::kList)
    return cluster.error(
        "faults",
        "must be a list of rules such as {at: 1 ms, for: 500 us, link: fpga0-tor0, loss: 1 %}");
  std::map<std::string, Mark> used;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    const YamlValue entry = long_form(cluster.context(), list->items[i], i);
    std::optional<FaultSpec> fault = FaultReader(cluster.context(), entry, i, time_limit).read();
    if (!fault) continue;
    const auto [first, is_new] = used.emplace(fault->rule.id, list->items[i].mark);
    if (!is_new)
      cluster.context().error(list->items[i].mark,
                              fmt::format("faults[{}].id: \"{}\" is used twice: here and at {}", i,
                                          fault->rule.id, cluster.context().where(first->second)));
    out.push_back(std::move(*fault));
  }
}

}  // namespace soliton
