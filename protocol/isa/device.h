// What a device is: the values of configs/devices/*.yaml (npu design page, sections 6, 8, 10).
// Sizes are per device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/tensor/format.h"

namespace soliton {

// How a matrix-vector product is shared between the T tile engines.
enum class Occupancy : std::uint8_t {
  kSpread,   // tiles go to whichever engine is free: rows * columns * beats / T cycles, no rounding
  kColumns,  // each engine holds every T-th tile column: rows * ceil(columns / T) * beats cycles
};

// How the recurrent cells are written as chains: the state is updated in the multifunction units of
// the last product's chain, or by vector chains of its own.
enum class CellPrograms : std::uint8_t { kFused, kStepwise };

// The parameters of timing model C, in cycles. A device family is a set of these numbers; no term
// belongs to a model or to a row of a table.
struct NpuTimingParameters {
  // I: least slot of a chain with an mv_mul. Higher: small models slow down.
  std::int64_t dispatch_cycles = 68;
  // Added to the occupancy of every product. Higher: every size slows down.
  std::int64_t slot_overhead_cycles = 0;
  // D: MVU and MFU depth to write-back, and what each native vector of rows adds.
  std::int64_t depth_cycles = 248;
  std::int64_t depth_cycles_per_vector = 0;
  // V: vector-only chain, read to write-back, and what each native vector adds.
  std::int64_t vector_cycles = 183;
  std::int64_t vector_cycles_per_vector = 0;
  // T0: once a request, NetQ in and out, start of the program.
  std::int64_t request_cycles = 654;
  Occupancy occupancy = Occupancy::kSpread;
  bool calibrated = false;  // false: printed as "not calibrated"
  std::string source;
  bool operator==(const NpuTimingParameters&) const = default;
};

// A format the device's matrix-vector unit accepts, with the beats a native tile takes on one
// engine.
struct NpuFormat {
  NumberFormat format;
  std::int64_t beats_per_tile = 10;
  bool operator==(const NpuFormat&) const = default;
};

// A peak someone published for a build that is not the configuration described: shown beside the
// device's own, never used to compute anything.
struct PublishedPeak {
  std::string format;
  double tops = 0;  // 10^12 operations a second
  bool operator==(const PublishedPeak&) const = default;
};

struct NpuDevice {
  std::string name;
  std::string description;
  std::string source;
  Frequency clock{250'000'000};
  int tile_engines = 6;  // T
  int lanes = 40;        // L
  int native_dim = 400;  // N: elements of a native vector; a native tile is N x N weights
  // Vectors of different requests that every unit handles at once, with the same weights and
  // instructions: a batch of up to this many takes the time of one vector.
  int batch_lanes = 1;
  std::int64_t matrix_rf_tiles = 306;  // capacity in tiles of the first (native) format
  std::int64_t initial_vrf = 512;      // each register file in native vectors of fp16
  std::int64_t add_sub_vrf_0 = 512;
  std::int64_t add_sub_vrf_1 = 512;
  std::int64_t multiply_vrf = 512;
  std::int64_t instruction_words = 16384;
  int multifunction_units = 2;
  Bytes dram{};
  BitRate dram_rate{};
  BitRate network_rate{};          // of its port; 0: as fast as the cable it is on
  std::vector<NpuFormat> formats;  // [0] is the native one
  std::vector<PublishedPeak> published_peaks;
  CellPrograms cell_programs = CellPrograms::kFused;
  NpuTimingParameters timing;
  bool operator==(const NpuDevice&) const = default;

  // 2 * T * N * L * f * batch lanes.
  double peak_ops_per_second() const {
    return 2.0 * tile_engines * native_dim * lanes * static_cast<double>(clock.hertz) * batch_lanes;
  }
  // The same when a tile takes `beats_per_tile` cycles on an engine: N / L for the native format.
  double peak_ops_per_second(std::int64_t beats_per_tile) const {
    return 2.0 * tile_engines * native_dim * native_dim / static_cast<double>(beats_per_tile) *
           static_cast<double>(clock.hertz) * batch_lanes;
  }
  // Engine tiles a matrix of rows x columns native tiles takes: under kColumns every engine has as
  // many tile columns as the fullest.
  std::int64_t tiles_taken(std::int64_t rows, std::int64_t columns) const {
    if (timing.occupancy == Occupancy::kSpread) return rows * columns;
    return rows * ((columns + tile_engines - 1) / tile_engines) * tile_engines;
  }
};

// A host: runs the CPU part of a model and the clients. time of an operator = overhead + bytes
// touched / memory rate.
struct CpuDevice {
  std::string name;
  std::string description;
  std::string source;
  Duration operator_overhead = nanoseconds(200);
  BitRate memory_rate{160'000'000'000};
};

// Exactly one of the two is meant, by `kind`.
struct Device {
  enum class Kind : std::uint8_t { kNpu, kCpu } kind = Kind::kNpu;
  NpuDevice npu;
  CpuDevice cpu;
  const std::string& name() const { return kind == Kind::kNpu ? npu.name : cpu.name; }
};

}  // namespace soliton
