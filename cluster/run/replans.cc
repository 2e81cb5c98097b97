#include "cluster/run/replans.h"

#include <algorithm>

namespace soliton {
namespace {

constexpr std::size_t kNpusMost = 16;
constexpr std::int64_t kWeightsMost = std::int64_t{64} << 20;  // bytes of all shards together

std::int64_t weight_bytes(const Plan& plan) {
  std::int64_t out = 0;
  for (const Placement& placement : plan.placements)
    for (const MemoryUse& use : placement.memory) out += use.used_bytes.count;
  return out;
}

}  // namespace

std::vector<Replan> replans_of(const PreparedRun& run) {
  std::vector<Replan> out;
  const std::size_t npus = run.plan.shards.size();
  if (npus < 2 || npus > kNpusMost || weight_bytes(run.plan) > kWeightsMost) return out;
  if (!run.spec.partition.plan.empty()) return out;  // the file wants this one
  for (std::uint32_t node = 0; node < run.spec.nodes.size(); ++node) {
    const std::string& name = run.spec.nodes[node].name;
    if (std::ranges::find(run.plan.shards, name, &Shard::node) == run.plan.shards.end()) continue;
    ClusterSpec without = run.spec;
    without.partition.forbid.push_back(name);
    without.partition.min_nodes = 1;
    Checked<std::unique_ptr<PreparedRun>> divided = prepare_plan(without);
    // What does not fit without the node has no other division.
    if (divided) out.push_back({node, std::move(*divided)});
  }
  return out;
}

}  // namespace soliton
