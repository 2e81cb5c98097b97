#include <algorithm>
#include <iterator>
#include <map>
#include <optional>

#include "cluster/file/fault_parts.h"
#include "cluster/file/fault_profiles.h"
#include "cluster/file/long_form.h"
#include "cluster/file/parts.h"

namespace soliton {
namespace {

// Kinds that this version does not inject; they get a better answer than "unknown".
constexpr std::string_view kLaterKinds[] = {
    "queue",  "pfc_pause", "pfc_storm", "pfc_deadlock", "slow_receiver", "incast",
    "rebind", "clock",     "rcvbuf",    "syscall",      "rlimit",        "disk_full"};

std::vector<std::string> supported_kinds() {
  std::vector<std::string> names;
  for (const FaultKind* kind : fault_kinds()) names.emplace_back(kind->name);
  return names;
}

std::string explain_kind(const std::string& kind) {
  const std::string list = fmt::format("{}", fmt::join(supported_kinds(), ", "));
  if (std::ranges::find(kLaterKinds, kind) != std::end(kLaterKinds))
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
    read_fault_place(map_, label_, fault_);
    read_fault_time(map_, label_, time_limit_, fault_);
    map_.finish(fmt::format("for a fault of kind {}", kind->text));
    fault_.rule.target = target();
    return std::move(fault_);
  }

 private:
  void read_options() {
    const FieldTable& table = fault_.rule.kind->fields;
    const std::shared_ptr<void> options = table.make();
    read_fields(map_, table, options.get());
    fault_.rule.options = collect(table, options.get());
  }

  // Names the place in reports, whichever spelling the rule used.
  std::string target() const {
    if (!fault_.sets.empty() && fault_.link.empty() && fault_.from.empty()) {
      std::vector<std::string> sets;
      for (const std::vector<std::string>& set : fault_.sets)
        sets.push_back(fmt::format("{}", fmt::join(set, "+")));
      return fmt::format("{}", fmt::join(sets, " / "));
    }
    if (!fault_.switches.empty()) return fault_.switches;
    if (!fault_.cycle.empty()) return fmt::format("{}", fmt::join(fault_.cycle, " > "));
    if (fault_.rule.kind->target == FaultKind::Target::kNodes)
      return fault_.nodes.empty() ? "the resource manager" : fault_.nodes;
    if (fault_.rule.kind->target == FaultKind::Target::kRecorded)
      return find_setting(fault_.rule.options, "events")->text();
    return fault_.link.empty() ? fault_.from + "-" + fault_.to : fault_.link;
  }

  std::string label_;
  MapReader map_;
  Duration time_limit_;
  FaultSpec fault_;
};

}  // namespace

void read_faults(MapReader& cluster, ClusterSpec& spec) {
  const YamlValue* list = cluster.find("faults");
  if (list == nullptr) return;
  if (list->kind != YamlValue::Kind::kList)
    return cluster.error(
        "faults",
        "must be a list of rules such as {at: 1 ms, for: 500 us, link: fpga0-tor0, loss: 1 %}");
  std::map<std::string, Mark> used;
  const std::vector<YamlValue> rules = without_profiles(cluster.context(), list->items, spec);
  for (std::size_t i = 0; i < rules.size(); ++i) {
    const YamlValue entry = long_form(cluster.context(), rules[i], i);
    std::optional<FaultSpec> fault =
        FaultReader(cluster.context(), entry, i, spec.time_limit).read();
    if (!fault) continue;
    const auto [first, is_new] = used.emplace(fault->rule.id, rules[i].mark);
    if (!is_new)
      cluster.context().error(rules[i].mark,
                              fmt::format("faults[{}].id: \"{}\" is used twice: here and at {}", i,
                                          fault->rule.id, cluster.context().where(first->second)));
    spec.faults.push_back(std::move(*fault));
  }
}

}  // namespace soliton
