// One input of the program fuzzer: little-endian instruction words. Decodes, encodes back, prints
// and checks.
#pragma once

#include <cstddef>
#include <cstdint>

namespace soliton {

// Ends the process when a property fails. Returns whether the words decoded to a program.
bool fuzz_program(const std::uint8_t* data, std::size_t size);

}  // namespace soliton
