// Reads an ONNX file into the graph IR: the chains of Gather (embedding), LSTM, GRU, RNN, Gemm and
// MatMul + Add, Softmax that run on an NPU between a CPU host's first and last part, with the
// constant and shape computations exporters put around them.
//
// What is assumed is said in Model::notes: a free batch dimension is 1, a fixed one is lanes that
// requests fill. State that is graph input and output is carried from request to request or begins
// with zeros, as OnnxOptions says; other inputs and outputs that nothing would feed or return are
// refused by name. The file is not trusted: faults, section 11, row ONNX.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "partition/ir/model.h"
#include "protocol/base/result.h"

namespace soliton {

// Limits on what a file may claim.
inline constexpr std::int64_t kMaxOnnxBytes =
    (std::int64_t{2} << 30) - 1;  // of the file: protobuf's own limit
inline constexpr std::int64_t kMaxOnnxExternalBytes = std::int64_t{8}
                                                      << 30;  // of weights stored beside it, in all
inline constexpr std::size_t kMaxOnnxNodes = 1'000'000;
inline constexpr std::size_t kMaxOnnxDims = 16;
inline constexpr std::size_t kMaxOnnxName = 4096;  // bytes
inline constexpr int kMaxOnnxRecursion = 100;      // of protobuf messages
inline constexpr int kMaxOnnxSubgraphs = 8;        // graphs inside graphs
inline constexpr std::int64_t kMaxOnnxFolded = std::int64_t{1}
                                               << 24;  // elements made by constant folding

struct OnnxOptions {
  // The one to return of several that are no state; "": there must be one only.
  std::string output;
  // State that is an input begins every request with zeros; else with what the request before it
  // left, for which an output must return it.
  bool zero_state = false;
};

// Every message starts with `path: `. Errors: kInvalid.
Checked<Model> read_onnx(const std::string& path, const OnnxOptions& options = {});

// Operator types read_onnx() understands, sorted: for messages and `soliton list`.
std::vector<std::string> onnx_operators();

}  // namespace soliton
