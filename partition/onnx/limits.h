// Limits on what an ONNX file may claim; they hold before memory is allocated for it
// (docs/decisions/scan-before-protobuf.md).
#pragma once

#include <cstddef>
#include <cstdint>

namespace soliton {

inline constexpr std::int64_t kMaxOnnxBytes =
    (std::int64_t{2} << 30) - 1;  // of the model file: protobuf's own limit
inline constexpr std::int64_t kMaxOnnxExternalBytes = std::int64_t{8}
                                                      << 30;  // of all weights stored beside it
inline constexpr std::size_t kMaxOnnxNodes = 1'000'000;
inline constexpr std::size_t kMaxOnnxDims = 16;
inline constexpr std::size_t kMaxOnnxName = 4096;  // bytes
inline constexpr int kMaxOnnxRecursion = 100;      // of protobuf messages
inline constexpr int kMaxOnnxSubgraphs = 8;        // graphs inside graphs

}  // namespace soliton
