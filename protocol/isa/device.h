// What a device is: the values of configs/devices/*.yaml (npu design page, sections 6, 8, 10).
// Sizes are per device.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/base/quantity.h"
#include "protocol/tensor/format.h"

namespace soliton {

// The four fitted numbers of timing model C, in cycles, and how the cost of a matrix product is
// counted.
struct NpuTimingParameters {
  std::int64_t dispatch_cycles =
      68;  // I: least slot of a chain with an mv_mul. Higher: small models slow down
  std::int64_t depth_cycles = 248;    // D: MVU and MFU depth to write-back
  std::int64_t vector_cycles = 183;   // V: vector-only chain, read to write-back
  std::int64_t request_cycles = 654;  // T0: once a request, NetQ in and out, start of the program
  bool calibrated = false;            // false: printed as "not calibrated"
  std::string source;
};

// A format the device's matrix-vector unit accepts, with the beats a native tile takes on one
// engine.
struct NpuFormat {
  NumberFormat format;
  std::int64_t beats_per_tile = 10;
};

struct NpuDevice {
  std::string name;
  std::string description;
  std::string source;
  Frequency clock{250'000'000};
  int tile_engines = 6;  // T
  int lanes = 40;        // L
  int native_dim = 400;  // N: elements of a native vector; a native tile is N x N weights
  std::int64_t matrix_rf_tiles = 306;  // capacity in tiles of the first (native) format
  std::int64_t initial_vrf = 512;      // each register file in native vectors of fp16
  std::int64_t add_sub_vrf_0 = 512;
  std::int64_t add_sub_vrf_1 = 512;
  std::int64_t multiply_vrf = 512;
  std::int64_t instruction_words = 16384;
  int multifunction_units = 2;
  Bytes dram{};
  BitRate dram_rate{};
  BitRate network_rate{40'000'000'000};
  std::vector<NpuFormat> formats;  // [0] is the native one
  NpuTimingParameters timing;

  // 2 * T * N * L * f
  double peak_ops_per_second() const {
    return 2.0 * tile_engines * native_dim * lanes * static_cast<double>(clock.hertz);
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
