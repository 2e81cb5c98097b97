// What both the fuzzer of the importer and its replay do with some bytes.
#pragma once

#include <cstdint>
#include <span>

namespace soliton {

// Imports the bytes as an ONNX file; of what imports, infers all shapes and runs it on zeros if it is
// small. Whatever the bytes are, this ends without a crash: they are refused, or they run.
void fuzz_onnx(std::span<const std::uint8_t> bytes);

}  // namespace soliton
