#include "partition/plan/why.h"

#include <fmt/format.h>

#include <set>

namespace soliton {
namespace {

std::string stages(const std::vector<StageAccount>& all) {
  std::string out;
  for (const StageAccount& stage : all) {
    out += out.empty() ? "" : ", ";
    out += stage.layers;
    out += stage.nodes == 1 ? " on 1 node" : fmt::format(" on {} nodes", stage.nodes);
    out += stage.split;
  }
  return out;
}

std::string than(const PlanAccount& it, Duration value) {
  if (value == it.value) return to_string(value) + ", the same";
  const double ratio = static_cast<double>(value.count()) / static_cast<double>(it.value.count());
  return fmt::format("{} ({:+.1f} %)", to_string(value), 100 * (ratio - 1));
}

std::string compared(const PlanAccount& it, const PlanAccount::Alternative& other) {
  return fmt::format("{} node{} {}", other.nodes, other.nodes == 1 ? " gives" : "s give",
                     than(it, other.value));
}

std::string fewer(const PlanAccount& it) {
  if (it.nodes == 1) return "a run needs at least one";
  if (it.nodes <= it.nodes_min) return fmt::format("min_nodes is {}", it.nodes_min);
  if (it.fewer) return compared(it, *it.fewer);
  const char* verb = it.nodes - 1 < it.nodes_that_fit ? "fits" : "was found for";
  return fmt::format("no plan {} {} node{}", verb, it.nodes - 1, it.nodes == 2 ? "" : "s");
}

std::string more(const PlanAccount& it) {
  if (it.objective == Objective::kNodes) return "the objective is to use as few as possible";
  if (it.more) return compared(it, *it.more);
  if (it.nodes == it.nodes_usable) return "all usable nodes are used";
  if (it.nodes == it.nodes_max) return fmt::format("max_nodes is {}", it.nodes_max);
  if (it.constrained) return "no plan within the constraints was found for more";
  if (it.nodes >= it.nodes_spread) return "the layers cannot be spread over more";
  return "none was found that is estimated to be faster";
}

// What a node streams, and the time all of it takes once: no step can be shorter.
std::string stream_words(const Shard& shard) {
  if (shard.window_tiles == 0) return "";
  const MemoryUse dram = memory_use(shard).back();
  return fmt::format(
      "{} streams {} of weights from DRAM through a window of {} tiles: {} a pass at {}",
      shard.node, describe(dram.used_bytes), shard.window_tiles,
      to_string(transmit_time(dram.used_bytes, shard.device.dram_rate)),
      spell(shard.device.dram_rate));
}

// How far the times of each device can be trusted.
std::set<std::string> calibrations(const std::vector<Shard>& shards) {
  std::set<std::string> out;
  for (const Shard& shard : shards) {
    const NpuTimingParameters& timing = shard.device.timing;
    if (timing.calibrated != Calibration::kNone) {
      if (timing.error_percent)
        out.insert(fmt::format("note: times of {} are ± {} %{}{}", shard.device.name,
                               *timing.error_percent, timing.scope.empty() ? "" : ", ",
                               timing.scope));
      continue;
    }
    out.insert(fmt::format("note: times of {} are not calibrated{}{}", shard.device.name,
                           timing.source.empty() ? "" : ": ", timing.source));
  }
  return out;
}

}  // namespace

std::vector<std::string> why(const PlanAccount& it) {
  std::vector<std::string> out;
  out.push_back(fmt::format("uses {} of {} usable nodes", it.nodes, it.nodes_usable));
  if (!it.given)
    out.back() += fmt::format(" (fewest that hold the weights: {})", it.nodes_that_fit);
  out.push_back(fmt::format("critical path of a request: compute {} + network {} + host {}",
                            to_string(it.path.compute), to_string(it.path.network),
                            to_string(it.path.host)));
  out.push_back(fmt::format("stages: {}", stages(it.stages)));
  if (it.given) {
    out.emplace_back("the plan is given (partition.plan); no other was looked at");
  } else {
    out.push_back("why not fewer nodes: " + fewer(it));
    out.push_back("why not more nodes: " + more(it));
    out.push_back("next best change: " +
                  (it.next ? fmt::format("{}: {}", it.next->change, than(it, it.next->value))
                           : std::string("none fits")));
  }
  return out;
}

std::vector<std::string> remarks(std::int64_t batch, const std::vector<Shard>& shards) {
  std::vector<std::string> out;
  for (const std::string& line : calibrations(shards)) out.push_back(line);
  if (batch > 1)
    out.push_back(fmt::format("a batch of {} runs together: times are those of a full one", batch));
  for (const Shard& shard : shards)
    if (std::string line = stream_words(shard); !line.empty()) out.push_back(std::move(line));
  return out;
}

}  // namespace soliton
