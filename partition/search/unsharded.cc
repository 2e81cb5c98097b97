#include <algorithm>

#include "partition/lower/lower.h"
#include "partition/search/partition.h"

namespace soliton {
namespace {

// Sets each capacity to at least what the shard uses.
void enlarge(Shard& shard) {
  NpuDevice& device = shard.device;
  const std::pair<const char*, std::int64_t*> files[] = {
      {"InitialVrf", &device.initial_vrf},
      {"AddSubVrf_0", &device.add_sub_vrf_0},
      {"AddSubVrf_1", &device.add_sub_vrf_1},
      {"MultiplyVrf", &device.multiply_vrf},
      {"InstructionMemory", &device.instruction_words}};
  for (const MemoryUse& use : memory_use(shard)) {
    for (const auto& [name, capacity] : files) {
      if (use.memory == name) *capacity = std::max(*capacity, use.used);
    }
    // The file is sized in native tiles, which may be smaller or larger than the shard's.
    if (use.memory == "MatrixRf" && use.used > use.capacity) {
      const std::int64_t native = tile_bits(device.formats.front().format, device.native_dim);
      const std::int64_t bits = use.used * tile_bits(shard.format, device.native_dim);
      device.matrix_rf_tiles = (bits + native - 1) / native;
    }
  }
}

// Values do not depend on where weights lie, and memories are made as large as needed.
LayerGraph all_pinned(LayerGraph model) {
  for (Layer& layer : model.layers) std::visit([](auto& it) { it.in_dram = false; }, layer);
  return model;
}

}  // namespace

Checked<Plan> unsharded(const LayerGraph& given, const NpuDevice& device,
                        const std::string& precision, const GraphEnds* ends) {
  const LayerGraph model = all_pinned(given);
  LowerRequest request;
  request.model = &model;
  request.nodes = {{"unsharded", device}};
  request.stages = {{0, model.layers.size(), {0}, false}};
  request.host = "host";
  request.ends = ends;
  request.precision = precision;
  Diagnostics problems = check_layers(model);
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  auto lowered = lower(request);
  if (!lowered) {
    problems.add(std::move(lowered.error()));
    return tl::unexpected<Diagnostics>(std::move(problems));
  }
  Plan plan;
  plan.model = model.name;
  plan.host = request.host;
  plan.host_ports = std::move(lowered->host);
  plan.shards = std::move(lowered->shards);
  plan.nodes_used = 1;
  enlarge(plan.shards.front());
  problems = check_shard(plan.shards.front());
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  plan.placements.push_back(
      {"unsharded", device.name, "", lowered->holds.front(), memory_use(plan.shards.front()), {}});
  return plan;
}

}  // namespace soliton
