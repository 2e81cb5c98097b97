// Reads an ONNX file into the graph IR. It supports chains of Gather (embedding), LSTM, GRU, RNN,
// Gemm, MatMul + Add, and Softmax that run on NPUs, with the first and last part on a CPU host,
// together with the constant and shape computations that exporters put around them.
//
// Model::notes states what is assumed: a free batch dimension is 1; a fixed one is a number of
// lanes that requests fill. State that is both input and output of the graph is carried from
// request to request or begins with zeros, as OnnxOptions says. Other inputs and outputs that
// nothing would provide or return are refused by name. The file is not trusted: the limits below
// hold before memory is allocated for what it claims (docs/decisions/scan-before-protobuf.md).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "partition/ir/model.h"
#include "protocol/base/result.h"

namespace soliton {

// Limits on what a file may claim.
inline constexpr std::int64_t kMaxOnnxBytes =
    (std::int64_t{2} << 30) - 1;  // of the model file: protobuf's own limit
inline constexpr std::int64_t kMaxOnnxExternalBytes = std::int64_t{8}
                                                      << 30;  // of all weights stored beside it
inline constexpr std::size_t kMaxOnnxNodes = 1'000'000;
inline constexpr std::size_t kMaxOnnxDims = 16;
inline constexpr std::size_t kMaxOnnxName = 4096;  // bytes
inline constexpr int kMaxOnnxRecursion = 100;      // of protobuf messages
inline constexpr int kMaxOnnxSubgraphs = 8;        // graphs inside graphs
inline constexpr std::int64_t kMaxOnnxFolded = std::int64_t{1}
                                               << 24;  // elements made by constant folding

struct OnnxOptions {
  // Name of the output to return if there are several that are not state; "": there must be only
  // one.
  std::string output;
  // True: state that is an input begins every request with zeros. False: it begins with what the
  // previous request left, for which an output must return it.
  bool zero_state = false;
};

// Every message begins with `path: `. Error: kInvalid.
Checked<Model> read_onnx(const std::string& path, const OnnxOptions& options = {});

// Operator types read_onnx() understands, sorted: for messages and `soliton list`.
std::vector<std::string> onnx_operators();

}  // namespace soliton
