// What a chain takes on a device, from sizes alone: the terms of the timing model (chain_timing.h),
// in ticks of 1/T cycle, T the tile engines.
#pragma once

#include <algorithm>
#include <cstdint>

#include "protocol/base/clock_domain.h"
#include "protocol/isa/device.h"

namespace soliton {

class ChainCosts {
 public:
  // `beats_per_tile`: of the format. `device` must outlive the object.
  ChainCosts(const NpuDevice& device, std::int64_t beats_per_tile)
      : device_(device), beats_(beats_per_tile) {}

  // Time of the tile engines for so many tiles, and the unit's slot with dispatch floor and overhead.
  Ticks occupied(std::int64_t tiles) const { return times_ticks(tiles, beats_); }
  Ticks slot(Ticks occupied) const {
    return std::max(cycles(device_.timing.dispatch_cycles),
                    add_ticks(occupied, cycles(device_.timing.slot_overhead_cycles)));
  }
  // D: from the end of the slot to the result; V: of a vector chain. `rows`: native vectors.
  Ticks depth(std::int64_t rows) const {
    return cycles(device_.timing.depth_cycles + device_.timing.depth_cycles_per_vector * rows);
  }
  Ticks vector(std::int64_t rows) const {
    return cycles(device_.timing.vector_cycles + device_.timing.vector_cycles_per_vector * rows);
  }
  // The least time from the end of a product's slot to its result in any program: where vectors are
  // handed over word by word, the first rows leave long before the last ones are multiplied.
  Ticks least_depth(std::int64_t rows) const {
    if (device_.timing.word_cycles == 0) return depth(rows);
    return std::min(depth(rows), cycles(device_.timing.word_depth_cycles));
  }
  // Word by word: time of the tile engines for a product. They take up `word_rows` tile rows at
  // once, whether the matrix has so many or not.
  Ticks occupied_by_words(std::int64_t rows, std::int64_t columns) const {
    return occupied(device_.tiles_taken(std::max(rows, device_.timing.word_rows), columns));
  }
  // One native vector takes N / L cycles past a point of the pipeline (C).
  Ticks vector_pass() const {
    return (std::int64_t{device_.native_dim} * device_.tile_engines + device_.lanes - 1) /
           device_.lanes;
  }

 private:
  Ticks cycles(std::int64_t count) const { return count * device_.tile_engines; }

  const NpuDevice& device_;
  std::int64_t beats_;
};

}  // namespace soliton
