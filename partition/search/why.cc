#include "partition/search/why.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "partition/search/stage_cost.h"

namespace soliton {
namespace {

Duration value(const PartitionRequest& request, const Prediction& prediction) {
  return request.objective == Objective::kThroughput ? prediction.interval : prediction.latency;
}

std::string stages(const Model& model, const std::vector<Stage>& all) {
  std::string out;
  for (const Stage& stage : all) {
    const auto name = [&](std::size_t layer) { return layer_name(model.layers[layer]); };
    const std::size_t count = stage.nodes.size();
    out += out.empty() ? "" : ", ";
    out += stage.last - stage.first == 1 ? name(stage.first)
                                         : name(stage.first) + " to " + name(stage.last - 1);
    out += count == 1 ? " on 1 node" : fmt::format(" on {} nodes", count);
    out += describe(shape_of(stage).option);
  }
  return out;
}

std::string compared(const WhyRequest& it, const PlayedPlan& other) {
  const Duration own = value(*it.request, it.chosen->prediction);
  const Duration its = value(*it.request, other.prediction);
  const double ratio = static_cast<double>(its.count()) / static_cast<double>(own.count());
  return fmt::format("{} nodes give {} ({:+.1f} %)", other.nodes, to_string(its),
                     100 * (ratio - 1));
}

std::string fewer(const WhyRequest& it) {
  const std::size_t nodes = it.chosen->nodes;
  if (nodes == 1) return "one node is the least";
  if (it.request->min_nodes > 0 && nodes <= static_cast<std::size_t>(it.request->min_nodes))
    return fmt::format("min_nodes is {}", it.request->min_nodes);
  if (it.fewer != nullptr) return compared(it, *it.fewer);
  const char* verb = nodes - 1 < it.fewest ? "fits" : "was found for";
  return fmt::format("no plan {} {} node{}", verb, nodes - 1, nodes == 2 ? "" : "s");
}

std::string more(const WhyRequest& it) {
  const std::size_t nodes = it.chosen->nodes;
  if (it.request->objective == Objective::kNodes) return "the objective is the fewest";
  if (it.more != nullptr) return compared(it, *it.more);
  if (nodes == it.view->nodes.size()) return "all usable nodes are used";
  if (nodes == it.nodes_most) return fmt::format("max_nodes is {}", it.nodes_most);
  return "the layers cannot be spread over more";
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

std::set<std::string> uncalibrated(const std::vector<Shard>& shards) {
  std::set<std::string> out;
  for (const Shard& shard : shards) {
    const NpuTimingParameters& timing = shard.device.timing;
    if (timing.calibrated) continue;
    out.insert(fmt::format("note: times of {} are not calibrated{}{}", shard.device.name,
                           timing.source.empty() ? "" : ": ", timing.source));
  }
  return out;
}

}  // namespace

std::vector<std::string> why(const WhyRequest& it) {
  std::vector<std::string> out;
  const Breakdown& path = it.chosen->prediction.path;
  out.push_back(fmt::format("uses {} of {} usable nodes (fewest that hold the weights: {})",
                            it.chosen->nodes, it.view->nodes.size(), it.fewest));
  out.push_back(fmt::format("critical path of a request: compute {} + network {} + host {}",
                            to_string(path.compute), to_string(path.network),
                            to_string(path.host)));
  out.push_back(fmt::format("stages: {}", stages(*it.request->model, it.chosen->stages)));
  out.push_back("why not fewer nodes: " + fewer(it));
  out.push_back("why not more nodes: " + more(it));
  for (const std::string& text : it.request->model->cpu_operators)
    out.push_back("on the host: " + text);
  for (const std::string& text : it.request->model->notes) out.push_back("note: " + text);
  return out;
}

std::vector<std::string> remarks(const PartitionRequest& request,
                                 const std::vector<Shard>& shards) {
  std::vector<std::string> out;
  for (const std::string& line : uncalibrated(shards)) out.push_back(line);
  if (request.batch > 1)
    out.push_back(
        fmt::format("a batch of {} runs together: times are those of a full one", request.batch));
  for (const Shard& shard : shards)
    if (std::string line = stream_words(shard); !line.empty()) out.push_back(std::move(line));
  return out;
}

}  // namespace soliton
