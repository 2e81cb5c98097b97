#include "protocol/isa/check_data.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "protocol/isa/memory_map.h"
#include "protocol/isa/offsets.h"

namespace soliton {

namespace {

// Which entries of one memory something writes. Entries beyond `limit` are of no interest: the
// budget refuses them.
class Written {
 public:
  static constexpr std::int64_t kMost = std::int64_t{1} << 26;
  explicit Written(std::int64_t limit) : limit_(std::clamp<std::int64_t>(limit, 0, kMost)) {}

  void add(std::int64_t first, std::int64_t count) {
    const std::int64_t end = std::min(first + count, limit_);
    first = std::max<std::int64_t>(first, 0);
    if (first >= end) return;
    if (entries_.size() < static_cast<std::size_t>(end))
      entries_.resize(static_cast<std::size_t>(end));
    std::fill(entries_.begin() + first, entries_.begin() + end, true);
  }
  void add_all() { all_ = true; }

  // The first entry of the range that nothing writes, or -1.
  std::int64_t first_missing(std::int64_t first, std::int64_t count) const {
    if (all_) return -1;
    const std::int64_t end = std::min(first + count, limit_);
    for (std::int64_t i = std::max<std::int64_t>(first, 0); i < end; ++i)
      if (i >= std::ssize(entries_) || !entries_[static_cast<std::size_t>(i)]) return i;
    return -1;
  }

 private:
  std::int64_t limit_;
  bool all_ = false;
  std::vector<bool> entries_;
};

bool writes(Opcode opcode) { return opcode == Opcode::kVWr || opcode == Opcode::kMWr; }

class ReadChecker {
 public:
  explicit ReadChecker(const Shard& shard)
      : shard_(shard), offsets_(offset_ranges(shard.program)), written_(memories(shard)) {}

  std::vector<ShardFault> run() {
    add_resident();
    each_access(
        [this](std::size_t c, std::size_t i, std::int64_t count) { add_write(c, i, count); });
    each_access([this](std::size_t c, std::size_t i, std::int64_t count) { check(c, i, count); });
    return std::move(found_);
  }

 private:
  static constexpr std::size_t kMemories = static_cast<std::size_t>(Memory::kNetQ) + 1;

  // By memory; the last is tiles in Dram.
  static std::vector<Written> memories(const Shard& shard) {
    const NpuDevice& device = shard.device;
    std::array<std::int64_t, kMemories + 1> limits{};
    const auto limit = [&](Memory memory) -> std::int64_t& {
      return limits[static_cast<std::size_t>(memory)];
    };
    limit(Memory::kInitialVrf) = device.initial_vrf;
    limit(Memory::kAddSubVrf0) = device.add_sub_vrf_0;
    limit(Memory::kAddSubVrf1) = device.add_sub_vrf_1;
    limit(Memory::kMultiplyVrf) = device.multiply_vrf;
    limit(Memory::kDram) = device.dram.count / (2 * std::int64_t{device.native_dim});
    limits[kMemories] = static_cast<std::int64_t>(static_cast<__int128>(device.dram.count) * 8 /
                                                  tile_bits(shard.format, device.native_dim));
    std::vector<Written> out;
    for (const std::int64_t entries : limits) out.emplace_back(entries);
    return out;
  }

  Written& of(Memory memory, bool tiles) {
    return written_[tiles && memory == Memory::kDram ? kMemories
                                                     : static_cast<std::size_t>(memory)];
  }

  void add_resident() {
    for (const Touch& touch : touches(shard_))
      if (touch.place.kind != ShardPlace::Kind::kChain &&
          static_cast<std::size_t>(touch.memory) < kMemories)
        of(touch.memory, touch.tiles).add(touch.first, touch.count);
  }

  template <typename Visit>
  void each_access(Visit visit) {
    for (std::size_t c = 0; c < shard_.program.chains.size(); ++c) {
      const Chain& chain = shard_.program.chains[c];
      for (std::size_t i = 0; i < chain.instructions.size(); ++i) {
        const Memory memory = chain.instructions[i].memory;
        if (memory == Memory::kNone || memory == Memory::kNetQ || memory == Memory::kMatrixRf)
          continue;
        visit(c, i,
              handles_tiles(chain.instructions[i].opcode) ? tiles_of(chain.rows, chain.columns)
                                                          : vectors_handled(chain, i));
      }
    }
  }

  void add_write(std::size_t c, std::size_t i, std::int64_t count) {
    const Instruction& instruction = shard_.program.chains[c].instructions[i];
    if (!writes(instruction.opcode)) return;
    Written& target = of(instruction.memory, handles_tiles(instruction.opcode));
    if (const std::optional<Reach> all = reach(offsets_, c, instruction, count))
      target.add(all->first, all->count);
    else
      target.add_all();
  }

  void check(std::size_t c, std::size_t i, std::int64_t count) {
    const Instruction& instruction = shard_.program.chains[c].instructions[i];
    const std::optional<Reach> all = reach(offsets_, c, instruction, count);
    if (!all) return;
    if (all->first < 0)
      report(c, i, fmt::format("reaches {}[{}]", memory_name(instruction.memory), all->first));
    if (writes(instruction.opcode)) return;
    // Between its first and its last address an access may leave entries out.
    const Written& source = of(instruction.memory, handles_tiles(instruction.opcode));
    std::int64_t missing = source.first_missing(all->first, count);
    if (missing < 0) missing = source.first_missing(all->first + all->count - count, count);
    if (missing >= 0) report(c, i, unwritten(instruction, missing));
  }

  static std::string unwritten(const Instruction& instruction, std::int64_t entry) {
    const std::string memory = memory_name(instruction.memory);
    if (handles_tiles(instruction.opcode))
      return fmt::format("reads tile {} of {}, which no matrix and no m_wr writes", entry, memory);
    return fmt::format("reads {}[{}], which no constant, no zeroed range and no v_wr writes",
                       memory, entry);
  }

  void report(std::size_t c, std::size_t i, const std::string& what) {
    found_.push_back({{ErrorCode::kInvalid, instruction_place(shard_, c, i) + ": " + what},
                      {ShardPlace::Kind::kChain, c, i}});
  }

  const Shard& shard_;
  std::vector<ChainOffsets> offsets_;
  std::vector<Written> written_;
  std::vector<ShardFault> found_;
};

}  // namespace

std::vector<ShardFault> check_reads(const Shard& shard) { return ReadChecker(shard).run(); }

}  // namespace soliton
