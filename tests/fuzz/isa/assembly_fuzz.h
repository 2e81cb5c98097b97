// One input of the assembly fuzzer: the text of a `.npu` file. Reads, prints, reads again, builds
// and checks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace soliton {

// Ends the process when a property fails. Returns whether the text became a shard.
bool fuzz_assembly(const std::uint8_t* data, std::size_t size);

}  // namespace soliton
