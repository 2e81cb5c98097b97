// A device for tests that adds a constant to what it gets and sends it on: one vector chain of 183 cycles
// at 250 MHz.
#pragma once

#include "protocol/isa/shard.h"

namespace soliton {

inline Shard adder(float constant) {
  Shard shard;
  shard.node = "fpga0";
  shard.device.native_dim = 4;
  shard.device.tile_engines = 1;
  shard.device.lanes = 4;
  shard.device.formats.push_back({NumberFormat{.name = "ms-fp8"}, 1});
  shard.format = shard.device.formats[0].format;
  shard.vectors.push_back(
      {"constant", Memory::kAddSubVrf0, 0, std::vector<Half>(4, to_half(constant))});
  shard.program.chains.push_back({"add",
                                  1,
                                  1,
                                  {{Opcode::kVRd, Memory::kNetQ, 0},
                                   {Opcode::kVvAdd, Memory::kAddSubVrf0, 0},
                                   {Opcode::kVWr, Memory::kNetQ, 0}}});
  shard.program.segments.push_back({0, 1, 0, 1});
  shard.in_ports.push_back({"x", 4, false});
  shard.out_ports.push_back({"y", 4, {{"host0", 9}}});
  return shard;
}

inline constexpr Duration kAdderRequest = nanoseconds(654 * 4);  // T0
inline constexpr Duration kAdderChain = nanoseconds(183 * 4);

}  // namespace soliton
