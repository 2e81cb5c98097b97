#include "cluster/run/operator_places.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "partition/ir/shown_name.h"
#include "protocol/base/located.h"
#include "protocol/base/names.h"

namespace soliton {
namespace {

bool has_npu(const NodeSpec& node) { return node.device.kind == Device::Kind::kNpu; }

// The first of the hosts that the rule names, else the first of all.
std::size_t host_of(const PlacementRule* rule, const std::vector<std::string>& hosts) {
  if (rule == nullptr) return 0;
  for (const std::string& node : rule->nodes)
    if (const auto at = std::ranges::find(hosts, node); at != hosts.end())
      return static_cast<std::size_t>(at - hosts.begin());
  return 0;
}

bool names_host(const PlacementRule& rule, const ClusterSpec& spec) {
  return std::ranges::any_of(spec.nodes, [&](const NodeSpec& node) {
    return !has_npu(node) && std::ranges::find(rule.nodes, node.name) != rule.nodes.end();
  });
}

}  // namespace

const PlacementRule* rule_for(const std::vector<PlacementRule>& placement,
                              const std::string& name) {
  // Of two as long, one without `*` is the name itself.
  const auto rank = [](const PlacementRule& it) {
    return std::pair(it.pattern.size(), it.pattern.find('*') == std::string::npos);
  };
  const PlacementRule* rule = nullptr;
  for (const PlacementRule& candidate : placement)
    if (glob_matches(candidate.pattern, name) && (rule == nullptr || rank(candidate) > rank(*rule)))
      rule = &candidate;
  return rule;
}

std::vector<std::size_t> npus_of(const ClusterSpec& spec, const PlacementRule& rule) {
  const std::set<std::string> named(rule.nodes.begin(), rule.nodes.end());
  std::vector<std::size_t> out;
  for (std::size_t i = 0; i < spec.nodes.size(); ++i)
    if (has_npu(spec.nodes[i]) && named.count(spec.nodes[i].name) > 0) out.push_back(i);
  return out;
}

Diagnostics check_patterns(const std::vector<PlacementRule>& placement, const std::string& model,
                           const std::vector<std::string>& names) {
  Diagnostics problems;
  for (const PlacementRule& rule : placement)
    if (std::ranges::none_of(
            names, [&](const std::string& name) { return glob_matches(rule.pattern, name); }))
      problems.add(ErrorCode::kInvalid,
                   located(rule.position, fmt::format("placement: no operator of {} is called "
                                                      "\"{}\"",
                                                      model, shown_name(rule.pattern))));
  return problems;
}

Checked<OperatorPlaces> operator_places(const ClusterSpec& spec, const ir::Graph& graph,
                                        const std::string& model,
                                        const std::vector<std::string>& hosts) {
  OperatorPlaces out;
  std::vector<std::string> names, unplaced;
  const bool fpgas = std::ranges::any_of(spec.nodes, has_npu);
  for (const ir::Node& node : graph.nodes) {
    names.push_back(node.name);
    const PlacementRule* rule = rule_for(spec.placement, node.name);
    if (rule == nullptr && !fpgas) unplaced.push_back(shown_name(node.name));
    out.host.push_back(host_of(rule, hosts));
    out.on_cpu.push_back(rule != nullptr && npus_of(spec, *rule).empty());
  }
  Diagnostics problems = check_patterns(spec.placement, model, names);
  if (!spec.placement.empty() && !unplaced.empty())
    problems.add(
        ErrorCode::kInvalid,
        located(spec.placement.front().position,
                fmt::format(
                    "placement: operator \"{}\"{} is placed nowhere; place the rest with "
                    "{{\"*\": cpu}}",
                    unplaced.front(),
                    unplaced.size() > 1 ? fmt::format(" and {} more", unplaced.size() - 1) : "")));
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  return out;
}

Diagnostics check_on_fpgas(const ClusterSpec& spec, const ir::Graph& graph,
                           const SplitModel& split) {
  struct Left {
    std::string first;
    std::size_t count = 0;
  };
  std::vector<Left> left(spec.placement.size());  // by rule
  for (std::size_t i = 0; i < graph.nodes.size(); ++i) {
    const PlacementRule* rule = rule_for(spec.placement, graph.nodes[i].name);
    if (rule == nullptr || split.on_fpga[i] || npus_of(spec, *rule).empty()) continue;
    if (names_host(*rule, spec)) continue;
    Left& its = left[static_cast<std::size_t>(rule - spec.placement.data())];
    if (++its.count == 1)
      its.first = fmt::format("{} ({}) {}", shown_name(graph.nodes[i].name), graph.nodes[i].op,
                              split.why[i]);
  }
  Diagnostics problems;
  for (std::size_t r = 0; r < left.size(); ++r) {
    if (left[r].count == 0) continue;
    const std::string more =
        left[r].count > 1 ? fmt::format(", and {} more", left[r].count - 1) : "";
    problems.add(
        ErrorCode::kInvalid,
        located(spec.placement[r].position,
                fmt::format("placement: \"{}\" names FPGAs alone, but {}{}; add a host, or "
                            "place such operators on cpu",
                            shown_name(spec.placement[r].pattern), left[r].first, more)));
  }
  return problems;
}

}  // namespace soliton
