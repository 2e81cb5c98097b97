#include "partition/onnx/parsed.h"

#include <algorithm>

namespace soliton::onnx_import {

namespace {

constexpr std::size_t kMaxErrors = 20;

// Everything a graph defines itself.
std::unordered_set<std::string> own_names(const ParsedGraph& graph) {
  std::unordered_set<std::string> own;
  for (const ParsedInput& input : graph.inputs) own.insert(input.name);
  for (const auto& [name, unused] : graph.constants) own.insert(name);
  for (const ParsedNode& node : graph.nodes) own.insert(node.outputs.begin(), node.outputs.end());
  return own;
}

// What a body takes from outside, in the order of its use.
void add_outer(const ParsedGraph& body, std::vector<std::string>& out) {
  const std::unordered_set<std::string> own = own_names(body);
  const auto add = [&](const std::string& name) {
    if (!name.empty() && !own.contains(name) && std::ranges::find(out, name) == out.end())
      out.push_back(name);
  };
  for (const ParsedNode& node : body.nodes)
    for (const std::string& name : names_read(node)) add(name);
  for (const std::string& name : body.outputs) add(name);
}

}  // namespace

OuterNames::OuterNames(const ParsedGraph& graph, const OuterNames* outer)
    : own_(own_names(graph)), outer_(outer) {}

bool OuterNames::has(const std::string& name) const {
  return own_.contains(name) || (outer_ != nullptr && outer_->has(name));
}

std::vector<std::string> names_read(const ParsedNode& node) {
  std::vector<std::string> captured;
  for (const auto& [unused, body] : node.bodies) add_outer(*body, captured);
  std::vector<std::string> out = node.inputs;
  out.insert(out.end(), captured.begin(), captured.end());
  return out;
}

void report(Diagnostics& found, std::string message) {
  if (found.errors.size() < kMaxErrors)
    found.add(ErrorCode::kInvalid, std::move(message));
  else if (found.errors.size() == kMaxErrors)
    found.add(ErrorCode::kInvalid, "and more errors of this kind");
}

}  // namespace soliton::onnx_import
