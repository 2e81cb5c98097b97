#include "cluster/report/plan_words.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cluster/report/words.h"

namespace soliton {
namespace {

// (what, where), in order of first appearance.
using Groups = std::vector<std::pair<std::string, std::vector<std::string>>>;

void add_to_group(Groups& groups, const std::string& key, const std::string& node) {
  const auto found =
      std::find_if(groups.begin(), groups.end(), [&](const auto& g) { return g.first == key; });
  if (found == groups.end()) {
    groups.push_back({key, {node}});
  } else if (found->second.back() != node) {
    found->second.push_back(node);
  }
}

// "rows 0-63 of gru0" is part of "rows of gru0"; anything else stands for itself.
std::string group_of(const std::string& hold) {
  const std::size_t of = hold.find(" of ");
  if (!hold.starts_with("rows ") || of == std::string::npos) return hold;
  return "rows" + hold.substr(of);
}

// Layers that sit on the same nodes are named together.
struct Layers {
  bool rows = false;
  std::vector<std::string> names, nodes;
};

std::vector<Layers> merged_by_place(const Groups& groups) {
  std::vector<Layers> out;
  for (const auto& [what, nodes] : groups) {
    const bool rows = what.starts_with("rows of ");
    const std::string name = rows ? what.substr(8) : what;
    const auto same = std::ranges::find_if(
        out, [&](const Layers& it) { return it.nodes == nodes && it.rows == rows; });
    if (same != out.end())
      same->names.push_back(name);
    else
      out.push_back({rows, {name}, nodes});
  }
  return out;
}

// All of a few; of many the first, the last and their number.
std::string words_of(const Layers& layers) {
  constexpr std::size_t kFew = 4;
  const std::vector<std::string>& names = layers.names;
  const char* what = layers.rows ? "rows of " : "";
  if (names.size() <= kFew) return fmt::format("{}{}", what, fmt::join(names, ", "));
  return fmt::format("{}{} … {} ({} in all)", what, names.front(), names.back(), names.size());
}

}  // namespace

std::vector<std::string> nodes_of_role(const std::vector<NodeResult>& nodes,
                                       const std::string& role) {
  std::vector<std::string> out;
  for (const NodeResult& node : nodes)
    if (node.role == role) out.push_back(node.name);
  return out;
}

std::string cluster_words(const std::vector<NodeResult>& nodes) {
  std::vector<std::pair<std::string, int>> devices;
  for (const NodeResult& node : nodes) {
    if (node.role != "npu" && node.role != "traffic") continue;
    const auto found = std::find_if(devices.begin(), devices.end(),
                                    [&](const auto& d) { return d.first == node.device; });
    if (found == devices.end())
      devices.emplace_back(node.device, 1);
    else
      ++found->second;
  }
  std::vector<std::string> parts;
  for (const auto& [device, count] : devices)
    parts.push_back(fmt::format("{} × {}", count, device));
  const std::size_t hosts = nodes_of_role(nodes, "host").size();
  if (hosts > 0) parts.push_back(fmt::format("{} host{}", hosts, hosts == 1 ? "" : "s"));
  const std::size_t idle = nodes_of_role(nodes, "idle").size();
  return fmt::format("{}{}", fmt::join(parts, " + "),
                     idle > 0 ? fmt::format(" ({} more idle)", idle) : "");
}

std::string placement_words(const Plan& plan) {
  Groups groups;
  for (const Placement& placement : plan.placements)
    for (const std::string& hold : placement.holds)
      add_to_group(groups, group_of(hold), placement.node);
  std::vector<std::string> parts;
  for (const Layers& layers : merged_by_place(groups))
    parts.push_back(fmt::format("{} {} {}", words_of(layers),
                                layers.nodes.size() > 1 ? "over" : "on",
                                name_ranges(layers.nodes)));
  return fmt::format("{}", fmt::join(parts, ", "));
}

std::string step_words(const Plan& plan) {
  const auto slowest = std::max_element(
      plan.placements.begin(), plan.placements.end(),
      [](const Placement& a, const Placement& b) { return a.step.duration < b.step.duration; });
  if (slowest == plan.placements.end() || slowest->step.limit.empty()) return "";
  const StepReport& step = slowest->step;
  if (step.cycles == 0) return fmt::format("{} on {}", spell_time(step.duration), slowest->node);
  std::string out = fmt::format("{} on {} ({:.0f} cycles)", spell_time(step.duration),
                                slowest->node, step.cycles);
  if (step.with_exchanges > step.duration)
    out += fmt::format(", {} with exchanges", spell_time(step.with_exchanges));
  return out + fmt::format(", limited by {}; UDM {}, SDM {:.0f} cycles", step.limit,
                           step.udm_cycles, step.sdm_cycles);
}

std::string verdict_words(const Certificate& certificate) {
  if (certificate.plan_class.empty()) return certificate.verdict;
  return fmt::format("{} ({})", certificate.verdict, certificate.plan_class);
}

std::vector<Fullness> fullness(const Plan& plan) {
  std::vector<Fullness> out;
  for (const Placement& placement : plan.placements) {
    if (placement.memory.empty()) continue;  // a host, whose memory is not counted
    Fullness fullest{placement.node, "", 0, 0};
    for (const MemoryUse& use : placement.memory) {
      const Fullness candidate{placement.node, use.memory, use.used, use.capacity};
      if (fullest.capacity == 0 || candidate.share() > fullest.share()) fullest = candidate;
    }
    out.push_back(fullest);
  }
  return out;
}

std::string full_percent(const Fullness& f) {
  const double rounded = std::round(f.share() * 100);
  return fmt::format("{:.0f} %", f.used < f.capacity ? std::min(rounded, 99.0) : rounded);
}

const char* reference_words(const Plan* plan) {
  const bool on_cpu = plan != nullptr && plan->shards.empty();
  return on_cpu ? "the whole model on one CPU" : "one unsharded device";
}

std::string peak_words(const Plan& plan) {
  double sum = 0;
  bool equal = true;
  for (const Shard& shard : plan.shards) {
    sum += shard.device.peak_ops_per_second();
    equal = equal && shard.device.name == plan.shards[0].device.name;
  }
  if (plan.shards.empty() || !equal) return significant(sum / 1e12, 3);
  const auto count = plan.shards.size();
  return fmt::format("{} × {}", count, significant(sum / static_cast<double>(count) / 1e12, 3));
}

}  // namespace soliton
