#include "partition/onnx/import_onnx.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <unordered_map>

#include "partition/ir/operator.h"
#include "partition/ir/passes/fold.h"
#include "partition/ir/passes/tidy.h"
#include "partition/ir/shown_name.h"
#include "partition/onnx/limits.h"
#include "partition/onnx/parsed.h"

namespace soliton::onnx_import {

namespace {

using ir::kAbsent;
using ir::ValueId;

// One graph or body, its names resolved to values.
class Builder {
 public:
  Builder(const ParsedGraph& parsed, std::int64_t opset, const OuterNames* outer,
          Diagnostics& found)
      : parsed_(parsed), names_(parsed, outer), outer_(outer), found_(found) {
    out_.opset = opset;
  }

  // `outputs`: those that are wanted. `captured`: what a body takes from outside, its last inputs.
  ir::Graph run(const std::vector<std::string>& outputs, const std::vector<std::string>& captured) {
    const Checked<std::vector<std::size_t>> order = sorted_nodes(parsed_, outputs, outer_);
    if (!order) {
      for (const Error& error : order.error().errors) report(found_, error.message);
      return out_;
    }
    for (const ParsedInput& input : parsed_.inputs) add_input(input);
    for (const std::string& name : captured) add_input({.name = name, .type_name = "captured"});
    for (const std::size_t i : *order) add_node(parsed_.nodes[i]);
    for (const std::string& output : outputs) out_.outputs.push_back(value_of(output));
    return std::move(out_);
  }

 private:
  ValueId new_value(const std::string& name, ir::Array constant = {}) {
    const auto id = static_cast<ValueId>(out_.values.size());
    out_.values.push_back({name, std::move(constant)});
    ids_.emplace(name, id);
    return id;
  }

  // Constants become values where they are first read, so unused ones are dropped.
  ValueId value_of(const std::string& name) {
    if (name.empty()) return kAbsent;
    if (const auto at = ids_.find(name); at != ids_.end()) return at->second;
    const auto constant = parsed_.constants.find(name);
    return new_value(name, constant == parsed_.constants.end() ? ir::Array() : constant->second);
  }

  void add_input(const ParsedInput& from) {
    ir::Input input;
    input.value = new_value(from.name);
    input.type = from.type;
    input.ranked = from.ranked;
    input.shape = from.shape;
    input.symbols = from.symbols;
    out_.inputs.push_back(std::move(input));
  }

  void add_node(const ParsedNode& from) {
    ir::Node node;
    const auto first = std::ranges::find_if(
        from.outputs, [](const std::string& output) { return !output.empty(); });
    node.name = !from.named && first != from.outputs.end() ? *first : from.name;
    node.op = from.op;
    node.kind = ir::find_operator(node.op);
    node.attributes = from.attributes;
    const std::vector<std::string> read = names_read(from);
    node.captured = read.size() - from.inputs.size();
    for (const std::string& name : read) node.inputs.push_back(value_of(name));
    const std::vector<std::string> captured(read.end() - static_cast<std::ptrdiff_t>(node.captured),
                                            read.end());
    for (const auto& [attribute, body] : from.bodies)
      node.attributes.push_back(body_attribute(attribute, *body, captured));
    for (const std::string& name : from.outputs)
      node.outputs.push_back(name.empty() ? kAbsent : new_value(name));
    out_.nodes.push_back(std::move(node));
  }

  ir::Attribute body_attribute(const std::string& name, const ParsedGraph& body,
                               const std::vector<std::string>& captured) {
    ir::Attribute out;
    out.name = name;
    out.kind = ir::Attribute::Kind::kGraph;
    out.graph = std::make_shared<const ir::Graph>(
        Builder(body, out_.opset, &names_, found_).run(body.outputs, captured));
    return out;
  }

  const ParsedGraph& parsed_;
  OuterNames names_;
  const OuterNames* outer_;
  Diagnostics& found_;
  ir::Graph out_;
  std::unordered_map<std::string, ValueId> ids_;  // looked up, never iterated
};

// The outputs that are wanted; unknown ones are reported.
std::vector<std::string> wanted_outputs(const ParsedGraph& graph,
                                        const std::vector<std::string>& wanted,
                                        Diagnostics& found) {
  for (const std::string& output : wanted)
    if (std::ranges::find(graph.outputs, output) == graph.outputs.end())
      report(found, fmt::format("has no output \"{}\"; its outputs are \"{}\"", shown_name(output),
                                fmt::join(graph.outputs, "\", \"")));
  return wanted.empty() ? graph.outputs : wanted;
}

void bind_given(ir::Graph& graph, const std::map<std::string, ir::Array>& given,
                Diagnostics& found) {
  for (const auto& entry : given) {
    const std::string& name = entry.first;
    const auto at = std::ranges::find_if(
        graph.inputs, [&](const ir::Input& input) { return graph.name_of(input.value) == name; });
    if (at == graph.inputs.end()) {
      report(found, fmt::format("has no input \"{}\"", shown_name(name)));
      continue;
    }
    graph.values[at->value].constant = entry.second;
    graph.inputs.erase(at);
  }
}

// Each operator that is not supported once, with the nodes that use it.
void report_unsupported(const ir::Graph& graph, Diagnostics& found) {
  std::map<std::string, std::pair<std::string, int>> unsupported;  // op: first node, and how many
  const std::function<void(const ir::Graph&)> look = [&](const ir::Graph& in) {
    for (const ir::Node& node : in.nodes) {
      if (node.kind == nullptr &&
          ++unsupported.try_emplace(node.op, node.name, 0).first->second.second)
        continue;
      for (const ir::Attribute& attribute : node.attributes)
        if (attribute.graph) look(*attribute.graph);
    }
  };
  look(graph);
  std::vector<std::string> names;
  for (const ir::Operator* op : ir::operators()) names.emplace_back(op->name);
  for (const auto& [op, use] : unsupported) {
    const std::string nearest = nearest_name(op, names);
    report(found,
           fmt::format("operator {} is not supported (node \"{}\"{}){}; `soliton list operators` "
                       "names those that are; export the model with others, or cut it there and "
                       "name the output before it in model.output",
                       shown_name(op), shown_name(use.first),
                       use.second > 1 ? fmt::format(" and {} more", use.second - 1) : "",
                       nearest.empty() ? "" : fmt::format("; the nearest is {}", nearest)));
  }
}

// Inputs of types that arrays do not have, if anything reads them.
void report_types(const ir::Graph& graph, const ParsedGraph& parsed, Diagnostics& found) {
  for (const ir::Input& input : graph.inputs) {
    if (input.type != ir::ElementType::kNone) continue;
    const bool read = std::ranges::any_of(graph.nodes, [&](const ir::Node& node) {
      return std::ranges::find(node.inputs, input.value) != node.inputs.end();
    });
    const auto at =
        std::ranges::find(parsed.inputs, graph.name_of(input.value), &ParsedInput::name);
    if (read && at != parsed.inputs.end())
      report(found, fmt::format("graph input \"{}\" is of type {}, which is not supported",
                                shown_name(at->name), shown_name(at->type_name)));
  }
}

// "models/language-gru/fp32.onnx" to "language-gru/fp32".
std::string name_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  const std::size_t before =
      slash == std::string::npos || slash == 0 ? std::string::npos : path.rfind('/', slash - 1);
  std::string name = path.substr(before == std::string::npos ? 0 : before + 1);
  if (name.ends_with(".onnx")) name.resize(name.size() - 5);
  return shown_name(name);
}

Checked<ir::Graph> graph_of(const ParsedFile& file, const ImportOptions& options) {
  Diagnostics found;
  const std::vector<std::string> outputs = wanted_outputs(file.graph, options.outputs, found);
  if (!found.empty()) return tl::unexpected(std::move(found));
  ir::Graph graph = Builder(file.graph, file.opset, nullptr, found).run(outputs, {});
  if (found.empty()) bind_given(graph, options.given, found);
  if (!found.empty()) return tl::unexpected(std::move(found));
  ir::fold_constants(graph);
  ir::remove_unused(graph);
  report_unsupported(graph, found);
  report_types(graph, file.graph, found);
  if (!found.empty()) return tl::unexpected(std::move(found));
  return graph;
}

}  // namespace

}  // namespace soliton::onnx_import

namespace soliton {

Checked<ImportedModel> import_onnx(const std::string& path, const ImportOptions& options) {
  ImportedModel out;
  out.files.note(path);
  const Checked<onnx_import::ParsedFile> file = onnx_import::parse_onnx(path);
  Checked<ir::Graph> graph =
      file ? onnx_import::graph_of(*file, options) : tl::unexpected(file.error());
  if (!graph) {
    for (Error& error : graph.error().errors)
      error.message = fmt::format("{}: {}", shown_name(path, 4096), error.message);
    return tl::unexpected(std::move(graph.error()));
  }
  out.files.add(file->files);
  out.name = onnx_import::name_of(path);
  out.graph = std::move(*graph);
  return out;
}

}  // namespace soliton
