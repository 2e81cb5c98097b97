// What a chain takes on a device, from sizes alone: the terms of timing model C (chain_timing.h), in
// ticks of 1/T cycle, T the tile engines.
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
