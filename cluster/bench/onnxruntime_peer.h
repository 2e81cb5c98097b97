// ONNX Runtime as a peer: a Node.js process that measures the time of a step (the npm package
// onnxruntime-node contains the library; Debian does not package it).
#pragma once

#include <cstdio>
#include <memory>
#include <string>

#include "protocol/base/result.h"

namespace soliton {

class OnnxRuntimePeer {
 public:
  // kEnvironment if node or the package below `folder` is missing, or the process does not answer.
  static Result<std::unique_ptr<OnnxRuntimePeer>> start(const std::string& folder);
  ~OnnxRuntimePeer();
  OnnxRuntimePeer(const OnnxRuntimePeer&) = delete;
  OnnxRuntimePeer& operator=(const OnnxRuntimePeer&) = delete;

  // `what`: "lstm fp32", "lstm int8", "gru fp32". The least over `calls` calls.
  Result<double> step_us(const std::string& what, int hidden, int steps, int calls);

 private:
  OnnxRuntimePeer() = default;

  int process_ = -1;
  std::FILE* to_ = nullptr;
  std::FILE* from_ = nullptr;
};

}  // namespace soliton
