// Programs of random chains on the small device: two NetQ ports of one vector, nine matrices, all
// register files.
#pragma once

#include <cstdint>
#include <vector>

#include "protocol/base/rng.h"
#include "tests/unit/npu/programs.h"

namespace soliton::testing {

class RandomProgram {
 public:
  // Without weights the program is good for times only.
  RandomProgram(std::uint64_t seed, int chains, bool with_weights = false)
      : random_(seed, "program"), b_(small_device(), msfp16_block8(), 4) {
    b_.shard.device.functions.push_back(NpuFunction::kRowReduce);
    b_.in_port("x", 16);
    b_.in_port("y", 16);
    // r x c tiles take 4 r c / 3 cycles: some matrices are below the dispatch floor of 5 cycles,
    // some above.
    for (const int rows : {1, 2, 3}) {
      for (const int columns : {1, 2, 3})
        tiles_[rows][columns] = b_.matrix("W", 16 * rows, 16 * columns,
                                          weights(with_weights ? 256 * rows * columns : 0));
    }
    for (int i = 0; i < chains; ++i) add_chain();
    b_.segment(1, 0);
  }
  // Every register of every file leaves through out port 0.
  void add_dump() {
    const std::uint16_t out = b_.out_port("registers", 16);
    for (const Memory file : kFiles)
      for (std::uint32_t i = 0; i < kVectorsPerFile; ++i)
        b_.chain("dump", 16, 16, {v_rd(file, i), v_wr(Memory::kNetQ, out)});
    b_.segment(1, 0);
  }
  Shard& shard() { return b_.shard; }
  const Shard& shard() const { return b_.shard; }

  static constexpr std::uint32_t kVectorsPerFile = 6;

 private:
  static constexpr Memory kFiles[] = {Memory::kInitialVrf, Memory::kAddSubVrf0, Memory::kAddSubVrf1,
                                      Memory::kMultiplyVrf};

  std::vector<float> weights(int count) const {
    std::vector<float> out;
    for (int i = 0; i < count; ++i)
      out.push_back(static_cast<float>(random_.child(1).unit(static_cast<std::uint64_t>(i)) - 0.5));
    return out;
  }

  std::uint64_t pick(std::uint64_t bound) { return random_.below(ordinal_++, bound); }

  std::uint32_t vector(std::uint32_t count) {
    return static_cast<std::uint32_t>(pick(kVectorsPerFile + 1 - count));
  }

  void add_chain() {
    const auto rows = static_cast<std::uint32_t>(1 + pick(3));
    const auto columns = static_cast<std::uint32_t>(1 + pick(3));
    const bool product = pick(2) == 0;
    const std::uint32_t width = product ? columns : rows;
    std::vector<Instruction> list;
    const bool message = width == 1 && pick(4) == 0;
    list.push_back(message ? v_rd(Memory::kNetQ, static_cast<std::uint32_t>(pick(2)))
                           : v_rd(Memory::kInitialVrf, vector(width)));
    if (product) list.push_back(mv_mul(tiles_[rows][columns]));
    if (pick(2) == 0) list.push_back(add_0(vector(rows)));
    if (pick(3) == 0) list.push_back(operation(Opcode::kVSigm));
    if (pick(2) == 0) list.push_back(mul(vector(rows)));
    const std::uint64_t adder = pick(5);
    if (adder == 0) list.push_back(add_1(vector(rows)));
    if (adder == 1) list.push_back(operation(Opcode::kVRmean, Memory::kNone, 16 * rows - 5));
    for (std::uint64_t writes = 1 + pick(2); writes > 0; --writes)
      list.push_back(v_wr(kFiles[pick(4)], vector(rows)));
    b_.chain("c", std::size_t{16} * rows, std::size_t{16} * columns, std::move(list));
  }

  Random random_;
  std::uint64_t ordinal_ = 0;
  ShardBuilder b_;
  std::uint32_t tiles_[4][4] = {};
};

}  // namespace soliton::testing
