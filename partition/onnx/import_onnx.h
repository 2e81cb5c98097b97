// Reads an ONNX file into the graph IR (partition/ir/graph.h): names resolved, nodes in topological
// order, constants folded, what no output needs removed. Shapes are not bound yet: they are a matter
// of the workload.
//
// The file is not trusted: the limits of limits.h hold before memory is allocated for what it
// claims.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "partition/ir/graph.h"
#include "protocol/base/files_read.h"
#include "protocol/base/result.h"

namespace soliton {

struct ImportOptions {
  // Graph inputs that have one value in every request (model.inputs): they become constants.
  std::map<std::string, ir::Array> given;
  // The graph outputs that are wanted, in this order; empty: all.
  std::vector<std::string> outputs;
};

struct ImportedModel {
  std::string name;  // "language-gru/fp32"
  ir::Graph graph;
  FilesRead files;  // the model file and the files with its external weights
};

// Every message begins with `path: `. Errors: kInvalid; each operator that is not supported once, with
// its node.
Checked<ImportedModel> import_onnx(const std::string& path, const ImportOptions& options = {});

}  // namespace soliton
