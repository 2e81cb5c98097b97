#include <algorithm>
#include <map>
#include <optional>

#include "cluster/spec/names.h"
#include "cluster/spec/parts.h"

namespace soliton {
namespace {

// Kinds of the faults page this version does not inject; they get a better answer than "unknown".
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
                                                 "switch_down",
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

const std::vector<std::string>& later_models() {
  static const std::vector<std::string> models = {"gilbert_elliott", "markov4", "list", "mask"};
  return models;
}

bool contains(const std::vector<std::string>& names, const std::string& name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

std::vector<std::string> supported_kinds() {
  std::vector<std::string> names;
  for (const auto& kind : fault_kinds()) names.emplace_back(kind.first);
  return names;
}

class FaultReader {
 public:
  FaultReader(ReadContext& context, const YamlValue& value, std::size_t number, Duration time_limit)
      : label_(fmt::format("faults[{}]", number)),
        map_(context, value, kFaultFields, label_),
        time_limit_(time_limit) {
    fault_.rule.id = fmt::format("fault{}", number);
    fault_.position = context.where(value.mark);
  }

  // Empty when the entry is no rule of a supported kind.
  std::optional<FaultSpec> read() {
    if (!map_.is_map()) return std::nullopt;
    map_.name("id", fault_.rule.id);
    if (!read_kind()) return std::nullopt;
    read_effect();
    read_place();
    read_window();
    map_.finish(fmt::format("for a fault of kind {}", spelling(fault_kinds(), fault_.rule.kind)));
    fault_.rule.target = fault_.link.empty() ? fault_.from + "-" + fault_.to : fault_.link;
    return std::move(fault_);
  }

 private:
  bool read_kind() {
    std::string kind;
    if (map_.text("kind", kind)) {
      has_kind_ = true;
      return named_kind(kind);
    }
    int found = 0;
    for (const auto& [name, meaning] : fault_kinds()) {
      if (map_.find(name) == nullptr) continue;
      fault_.rule.kind = meaning;
      ++found;
    }
    if (found == 0 && map_.find("jitter") != nullptr) {
      fault_.rule.kind = FaultKind::kDelay;
      return true;
    }
    // A profile is refused by finish(); it needs no second error.
    if (found == 0 && map_.find("profile") != nullptr)
      return map_.error("profile", profile_refusal()), false;
    if (found != 1)
      map_.context().error(map_.mark(),
                           fmt::format("{}: needs {} of loss, delay, link_down (or kind)", label_,
                                       found == 0 ? "one" : "only one"));
    return found == 1;
  }

  static std::string profile_refusal() {
    return std::string(kFaultFields.find("profile")->refused);
  }

  bool named_kind(const std::string& kind) {
    for (const auto& [name, meaning] : fault_kinds())
      if (name == kind) return fault_.rule.kind = meaning, true;
    const std::string list = fmt::format("{}", fmt::join(supported_kinds(), ", "));
    if (contains(later_kinds(), kind))
      map_.error("kind",
                 fmt::format("\"{}\" is not supported in this version; supported: {}", kind, list));
    else
      map_.error("kind", fmt::format("no fault called \"{}\"{}; supported: {}", kind,
                                     did_you_mean(kind, supported_kinds()), list));
    return false;
  }

  void read_effect() {
    FaultRule& rule = fault_.rule;
    if (rule.kind == FaultKind::kLoss) {
      read_loss();
      map_.integer_as("max_burst", rule.max_burst, 0, 1'000'000);
    } else if (rule.kind == FaultKind::kDelay) {
      map_.duration("delay", rule.delay, Duration{0}, milliseconds(3'600'000));
      map_.duration("jitter", rule.jitter, Duration{0}, milliseconds(3'600'000));
      if (map_.find("delay") == nullptr && map_.find("jitter") == nullptr)
        map_.context().error(map_.mark(), fmt::format("{}: needs delay, jitter or both", label_));
    } else if (!has_kind_) {
      bool down = true;
      if (map_.flag("link_down", down) && !down)
        map_.error("link_down", "false has no effect: leave the rule out");
    }
  }

  void read_loss() {
    if (!has_kind_) {
      map_.quantity("loss", fault_.rule.loss, parse_probability, Probability{0},
                    Probability{1'000'000'000});
      return;
    }
    const YamlValue* value = map_.require("model");
    if (value == nullptr) return;
    MapReader model(map_.context(), *value, kFaultModelFields, label_ + ".model");
    std::string type = "bernoulli";
    model.require("type");
    model.text("type", type);
    if (type != "bernoulli") {
      model.error(
          "type",
          contains(later_models(), type)
              ? fmt::format("\"{}\" is not supported in this version; supported: bernoulli", type)
              : fmt::format("\"{}\" is not known{}", type, suggestion(type, {"bernoulli"})));
      return;
    }
    model.require("p");
    model.quantity("p", fault_.rule.loss, parse_probability, Probability{0},
                   Probability{1'000'000'000});
    model.finish();
  }

  void read_place() {
    const YamlValue* where = map_.find("where");
    if (map_.find("link") != nullptr) {
      map_.text("link", fault_.link);
      check_selector(map_, "link", fault_.link);
      if (where != nullptr) map_.error("where", "link says already where");
      return;
    }
    if (where == nullptr)
      return map_.context().error(map_.mark(),
                                  fmt::format("{}: says of no link; add link or where", label_));
    MapReader reader(map_.context(), *where, kFaultWhereFields, label_ + ".where");
    enum class Direction : std::uint8_t { kTx, kRx, kBoth } direction = Direction::kBoth;
    reader.choice("direction", direction,
                  Choices<Direction>{
                      {"tx", Direction::kTx}, {"rx", Direction::kRx}, {"both", Direction::kBoth}});
    fault_.rule.forward = direction != Direction::kRx;
    fault_.rule.backward = direction != Direction::kTx;
    const bool on_nodes = reader.is_map() && where->find("nodes") != nullptr;
    const YamlValue* links = on_nodes ? reader.find("links") : reader.require("links");
    if (links != nullptr) read_links(*links);
    reader.finish();
  }

  void read_links(const YamlValue& value) {
    MapReader links(map_.context(), value, kFaultLinksFields, label_ + ".where.links");
    if (!links.is_map()) return;
    std::string node;
    links.text("name", fault_.link);
    links.text("from", fault_.from);
    links.text("to", fault_.to);
    links.text("node", node);
    const bool has_pair = links.find("from") != nullptr || links.find("to") != nullptr;
    const int ways = (links.find("name") != nullptr) + has_pair + (links.find("node") != nullptr);
    links.finish();
    if (ways != 1)
      return map_.context().error(
          value.mark, fmt::format("{}.where.links: needs one of name, from and to, node", label_));
    for (const char* key : {"name", "from", "to", "node"}) {
      std::string text;
      if (links.text(key, text)) check_selector(links, key, text);
    }
    if (!fault_.link.empty()) return;
    const std::string any = "*";
    if (fault_.from.empty()) fault_.from = node.empty() ? any : node;
    if (fault_.to.empty()) fault_.to = any;
  }

  void check_selector(MapReader& map, std::string_view key, const std::string& text) {
    if (map.find(key)->kind != YamlValue::Kind::kScalar) return;
    fault_.position = map.context().where(map.mark_of(key));
    const Result<std::vector<std::string>> names = expand_ranges(text, kLinksLimit);
    if (!names) return map.error(key, names.error().message);
    const auto bad = [](char c) { return c != '*' && !is_valid_name(std::string_view(&c, 1)); };
    for (const std::string& name : *names)
      if (name.empty() || std::any_of(name.begin(), name.end(), bad))
        return map.error(key,
                         fmt::format("\"{}\" is no name, range (fpga[0-3]) or glob (fpga*)", text));
  }

  void read_window() {
    const YamlValue* when = map_.find("when");
    if (when == nullptr) return read_at_for(map_);
    if (map_.find("at") != nullptr || map_.find("for") != nullptr)
      map_.error("when", "at and for say already when");
    MapReader reader(map_.context(), *when, kFaultWhenFields, label_ + ".when");
    if (!reader.is_map()) return;
    if (reader.find("from") == nullptr && reader.find("to") == nullptr) {
      read_at_for(reader);
    } else {
      Duration from{}, to = kNever.time_since_epoch();
      reader.duration("from", from, Duration{0});
      reader.duration("to", to, Duration{0});
      if (to <= from)
        reader.error("to", fmt::format("{} is not after from, {}", spell(to), spell(from)));
      set_window(reader, "from", from, to);
    }
    reader.finish("beside from and to");
  }

  void read_at_for(MapReader& map) {
    Duration at{}, length{};
    map.duration("at", at, Duration{0});
    const bool ends = map.duration("for", length, Duration{1});
    set_window(map, "at", at, ends ? sum(at, length) : kNever.time_since_epoch());
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
  bool has_kind_ = false;
};

}  // namespace

const Choices<FaultKind>& fault_kinds() {
  static const Choices<FaultKind> table = {{"loss", FaultKind::kLoss},
                                           {"delay", FaultKind::kDelay},
                                           {"link_down", FaultKind::kLinkDown}};
  return table;
}

void read_faults(MapReader& cluster, Duration time_limit, std::vector<FaultSpec>& out) {
  const YamlValue* list = cluster.find("faults");
  if (list == nullptr) return;
  if (list->kind != YamlValue::Kind::kList)
    return cluster.error(
        "faults",
        "must be a list of rules such as {at: 1 ms, for: 500 us, link: fpga0-tor0, loss: 1 %}");
  std::map<std::string, Mark> used;
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    std::optional<FaultSpec> fault =
        FaultReader(cluster.context(), list->items[i], i, time_limit).read();
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
