// An ONNX file as plain values, without protobuf: names are not resolved yet, nothing is computed.
// parse_onnx() checks what a file may claim before it allocates memory (limits.h).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

#include "partition/ir/graph.h"
#include "protocol/base/files_read.h"
#include "protocol/base/result.h"

namespace soliton::onnx_import {

struct ParsedGraph;

struct ParsedNode {
  std::string name;                 // for messages: the file's, or "GRU #3"
  bool named = false;               // the file gives it a name
  std::string op;                   // "GRU"; with its domain when that is not ONNX's own
  std::vector<std::string> inputs;  // "": the input is left out
  std::vector<std::string> outputs;
  std::vector<ir::Attribute> attributes;                                           // without bodies
  std::vector<std::pair<std::string, std::shared_ptr<const ParsedGraph>>> bodies;  // by attribute
};

struct ParsedInput {
  std::string name;
  ir::ElementType type = ir::ElementType::kNone;  // kNone: of a type that is not supported
  std::string type_name;                          // of such a type, for messages
  bool ranked = false;
  ir::Shape shape;                   // ir::kOpen: known with the request
  std::vector<std::string> symbols;  // per axis; "" without a name
};

struct ParsedGraph {
  std::vector<ParsedNode> nodes;                         // in file order
  std::unordered_map<std::string, ir::Array> constants;  // initializers; looked up, never iterated
  std::vector<ParsedInput> inputs;                       // without those that are initializers
  std::vector<std::string> outputs;
};

struct ParsedFile {
  ParsedGraph graph;
  std::int64_t opset = 0;
  FilesRead files;  // the files with external weights
};

// Messages do not name the file; the caller adds its name.
Checked<ParsedFile> parse_onnx(const std::string& path);

// The names that a body may take from the graphs around it.
class OuterNames {
 public:
  // `outer` must outlive the object; null for the outermost graph.
  OuterNames(const ParsedGraph& graph, const OuterNames* outer);
  bool has(const std::string& name) const;

 private:
  std::unordered_set<std::string> own_;  // looked up, never iterated
  const OuterNames* outer_;
};

// Indices into graph.nodes such that producers come before consumers (in file order where that
// leaves a choice), only for nodes on which one of `outputs` depends. `outer`: of a body, the names
// around it. Errors: a tensor that two nodes make, an input that nothing makes, a cycle ("cycle: a >
// b > c > a").
Checked<std::vector<std::size_t>> sorted_nodes(const ParsedGraph& graph,
                                               const std::vector<std::string>& outputs,
                                               const OuterNames* outer = nullptr);

// What a node reads: its inputs ("" for those left out), then what its bodies take from outside, each
// name once among those.
std::vector<std::string> names_read(const ParsedNode& node);

// Appends to `found` unless that has many errors already; then counts on in one last line.
void report(Diagnostics& found, std::string message);

}  // namespace soliton::onnx_import
