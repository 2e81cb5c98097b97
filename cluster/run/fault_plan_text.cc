#include "cluster/run/fault_plan_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "cluster/yaml/read_fields.h"

namespace soliton {
namespace {

constexpr std::size_t kShown = 12;              // links, and windows, of a rule
constexpr std::uint64_t kWindowsMost = 10'000;  // that are looked at

std::string direction_of(const FaultRule& rule) {
  return rule.forward && rule.backward ? "both ways" : rule.forward ? "tx" : "rx";
}

// The first of the items, and how many more there are.
std::string some_of(const std::vector<std::string>& items) {
  const std::size_t shown = std::min(items.size(), kShown);
  std::string out = fmt::format("{}", fmt::join(items.begin(), items.begin() + shown, ", "));
  if (items.size() > shown) out += fmt::format(" and {} more", items.size() - shown);
  return out;
}

std::vector<std::string> links_of(const FaultRule& rule, const Topology& topology) {
  std::vector<std::string> out;
  for (const std::uint32_t link : rule.links) out.push_back(topology.links[link].name);
  return out;
}

std::vector<std::string> nodes_of(const FaultRule& rule, const Topology& topology) {
  std::vector<std::string> out;
  for (const std::uint32_t node : rule.nodes) out.push_back(topology.vertices[node].name);
  return out;
}

// Of a rule about nodes those of the first; others have their own where chance decides.
std::vector<std::string> windows_of(const FaultPlan& plan, std::size_t rule) {
  std::vector<std::string> out;
  const std::vector<std::uint32_t>& nodes = plan.rules[rule].nodes;
  FaultTimes times = nodes.empty() ? plan.times(rule) : plan.times(rule, nodes.front());
  const auto text = [](Instant at) {
    return at == kNever ? std::string("the end") : spell(at.time_since_epoch());
  };
  std::optional<FaultWindow> window = times.window(0);
  for (std::uint64_t i = 0; window && i < kWindowsMost && window->from < plan.until;
       window = times.window(++i))
    out.push_back(fmt::format("{} to {}", text(window->from), text(window->until)));
  return out;
}

// All that makes a difference to what the rule does.
std::string identity_of(const FaultPlan& plan, std::size_t number, const Topology& topology) {
  const FaultRule& rule = plan.rules[number];
  std::string out = fmt::format("{}|{}|{}|{}|{}|{}", rule.id, rule.kind->name,
                                fmt::join(links_of(rule, topology), ","), direction_of(rule),
                                spell(rule.when), fmt::join(windows_of(plan, number), ","));
  out += FieldWriter("").flow(rule.kind->fields, rule.options);
  out += FieldWriter("").flow(kResolvedMatchFields, collect(kResolvedMatchFields, &rule.match));
  for (const std::vector<std::uint32_t>& set : rule.sets)
    out += fmt::format("|{}", fmt::join(set, ","));
  for (const FaultFiring& firing : rule.events)
    out += fmt::format("|{},{},{}", port_of(firing.hop), firing.ordinal, spell(firing.action));
  for (const std::uint32_t node : rule.nodes) out += fmt::format("|{}", node);
  for (const NodeFiring& firing : rule.node_events)
    out += fmt::format("|{},{}", firing.ordinal, spell(firing.trouble, firing.at));
  return out;
}

}  // namespace

std::string fault_plan_text(const FaultPlan& plan, const Topology& topology) {
  if (plan.rules.empty()) return "";
  std::uint64_t hash = hash_bytes(fmt::format("{}", plan.seed));
  std::string rules;
  for (std::size_t i = 0; i < plan.rules.size(); ++i) {
    const FaultRule& rule = plan.rules[i];
    hash = hash_bytes(identity_of(plan, i, topology), hash);
    auto out = std::back_inserter(rules);
    fmt::format_to(out, "# {}: {}; {}\n", rule.id, rule.kind->name, rule.effect()->words());
    if (rule.nodes.empty())
      fmt::format_to(out, "#   links, {}: {}\n", direction_of(rule),
                     some_of(links_of(rule, topology)));
    else
      fmt::format_to(out, "#   nodes: {}\n", some_of(nodes_of(rule, topology)));
    const std::vector<std::string> windows = windows_of(plan, i);
    fmt::format_to(out, "#   {}: {}\n", windows.size() == 1 ? "window" : "windows",
                   windows.empty() ? spell(rule.when) : some_of(windows));
  }
  return fmt::format("# fault plan {:016x}\n{}", hash, rules);
}

}  // namespace soliton
