#include "cluster/run/shared_devices.h"

#include <algorithm>
#include <map>
#include <vector>

#include "cluster/run/run.h"

namespace soliton {
namespace {

// A memory of a device: its name in memory_use(), and its size in the unit of that.
struct MemorySize {
  const char* memory;
  std::int64_t NpuDevice::*size;
};
constexpr MemorySize kSizes[] = {{"InitialVrf", &NpuDevice::initial_vrf},
                                 {"AddSubVrf_0", &NpuDevice::add_sub_vrf_0},
                                 {"AddSubVrf_1", &NpuDevice::add_sub_vrf_1},
                                 {"MultiplyVrf", &NpuDevice::multiply_vrf},
                                 {"InstructionMemory", &NpuDevice::instruction_words}};

// Tiles of the device's native format that `use` takes, in which the size of the matrix register file is.
std::int64_t native_tiles(const MemoryUse& use, const Shard& shard) {
  const std::int64_t each = tile_bits(shard.device.formats.front().format, shard.device.native_dim);
  const std::int64_t bits = use.used * tile_bits(shard.format, shard.device.native_dim);
  return (bits + each - 1) / each;
}

// False: a memory is full.
bool take(const MemoryUse& use, const Shard& shard, NpuDevice& device) {
  if (use.memory == "MatrixRf") {
    device.matrix_rf_tiles -= native_tiles(use, shard);
    return device.matrix_rf_tiles > 0;
  }
  if (use.memory == "Dram") {
    device.dram = Bytes{device.dram.count - use.used_bytes.count};
    return device.dram.count >= 0;
  }
  const auto* const row = std::ranges::find(
      kSizes, use.memory, [](const MemorySize& size) { return std::string(size.memory); });
  device.*row->size -= use.used;
  return device.*row->size > 0;
}

bool take_all(const Shard& shard, NpuDevice& device) {
  return std::ranges::all_of(memory_use(shard),
                             [&](const MemoryUse& use) { return take(use, shard, device); });
}

}  // namespace

std::set<std::string> nodes_in_use(const PreparedRun& run) {
  std::set<std::string> out;
  for (const PreparedRun* service : services_of(run))
    for (const CopyPlace& copy : service->copies)
      for (const Shard& shard : service->plan.shards) out.insert(copy.node(shard.node));
  return out;
}

std::set<std::string> take_memory_in_use(const PreparedRun& run, ClusterSpec& spec) {
  std::set<std::string> full;
  for (const PreparedRun* service : services_of(run))
    for (const CopyPlace& copy : service->copies)
      for (const Shard& shard : service->plan.shards) {
        const std::string& name = copy.node(shard.node);
        const auto node = std::ranges::find(spec.nodes, name, &NodeSpec::name);
        if (service->plan.shards.size() > 1 || !take_all(shard, node->device.npu))
          full.insert(name);
      }
  return full;
}

bool can_have(const NpuDevice& device, const Shard& shard) {
  NpuDevice alike = device;
  alike.matrix_rf_tiles = shard.device.matrix_rf_tiles;
  alike.dram = shard.device.dram;
  for (const MemorySize& row : kSizes) alike.*row.size = shard.device.*row.size;
  if (!(alike == shard.device)) return false;
  if (device == shard.device) return true;
  Shard there = shard;
  there.device = device;
  return std::ranges::all_of(memory_use(there),
                             [](const MemoryUse& use) { return use.used <= use.capacity; });
}

}  // namespace soliton
