// What a shard's memories would have to hold against what they hold.
#include <fmt/format.h>

#include <algorithm>

#include "protocol/isa/check_parts.h"
#include "protocol/isa/memory_map.h"

namespace soliton {
namespace {

void check_dram_rate(const Shard& shard, ShardFaults& faults) {
  if (shard.device.dram_rate.bits_per_second > 0) return;
  for (const Touch& touch : touches(shard)) {
    if (touch.memory != Memory::kDram) continue;
    faults.at(touch.place);
    faults.report("{}: device {} has no dram_bandwidth", user_of(shard, touch), shard.device.name);
    return;
  }
}

const Touch* first_beyond(const std::vector<Touch>& all, const MemoryUse& use) {
  const auto first = std::find_if(all.begin(), all.end(), [&](const Touch& touch) {
    return memory_name(touch.memory) == use.memory && touch.end() > use.capacity;
  });
  return first == all.end() ? nullptr : &*first;
}

const Touch* furthest_in_dram(const Shard& shard, const std::vector<Touch>& all) {
  const Touch* furthest = nullptr;
  __int128 most = 0;
  for (const Touch& touch : all) {
    const std::int64_t unit = touch.tiles ? tile_bits(shard.format, shard.device.native_dim)
                                          : std::int64_t{16} * shard.device.native_dim;
    const __int128 bits = static_cast<__int128>(touch.end()) * unit;
    if (touch.memory != Memory::kDram || bits <= most) continue;
    furthest = &touch;
    most = bits;
  }
  return furthest;
}

// What of the matrix register file is not pinned weights.
std::string shares(const Shard& shard, const MemoryUse& use) {
  const std::int64_t lanes = lane_tiles(shard);
  std::string out;
  if (shard.window_tiles > 0) out += fmt::format(", {} of window", shard.window_tiles);
  if (lanes > 0) out += fmt::format(", {} of lanes for a batch of {}", lanes, shard.batch);
  if (out.empty()) return out;
  return fmt::format(" ({} tiles of weights{})", use.used - shard.window_tiles - lanes, out);
}

void over_budget(const Shard& shard, ShardFaults& faults, const MemoryUse& use) {
  const bool in_bytes = use.memory == "Dram";
  const char* unit = use.memory == "InstructionMemory" ? "words"
                     : use.memory == "MatrixRf"        ? "tiles"
                                                       : "vectors";
  const std::string needs = in_bytes ? "" : fmt::format("{} {} (", use.used, unit);
  const std::string free = in_bytes ? "" : fmt::format("{} (", use.capacity);
  const char* close = in_bytes ? "" : ")";
  std::string message =
      fmt::format("{} of {} needs {}{}{}, but has {}{}{}: {} short", use.memory, shard.device.name,
                  needs, describe(use.used_bytes), close, free, describe(use.capacity_bytes), close,
                  describe(use.used_bytes - use.capacity_bytes));
  if (use.memory == "MatrixRf") message += shares(shard, use);
  const std::vector<Touch> all = touches(shard);
  // Names what uses the first entry that does not fit, so that the error has a place in the file.
  const Touch* culprit = in_bytes ? furthest_in_dram(shard, all) : first_beyond(all, use);
  ShardPlace place;
  if (culprit != nullptr) {
    place = culprit->place;
    message += fmt::format("; the {} is {}", in_bytes ? "furthest" : "first beyond",
                           user_of(shard, *culprit));
  }
  faults.add({{ErrorCode::kDoesNotFit, std::move(message)}, place});
}

}  // namespace

void check_budgets(const Shard& shard, ShardFaults& faults) {
  check_dram_rate(shard, faults);
  for (const MemoryUse& use : memory_use(shard))
    if (use.used > use.capacity) over_budget(shard, faults, use);
}

}  // namespace soliton
