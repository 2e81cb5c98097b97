#include "partition/ir/graph.h"

#include <fmt/format.h>

#include <algorithm>

namespace soliton::ir {

namespace {

tl::unexpected<Error> wrong_kind(std::string_view attribute, const char* wanted) {
  return invalid(fmt::format("has an attribute {} that is not {}", attribute, wanted));
}

}  // namespace

const Attribute* Node::find(std::string_view attribute) const {
  const auto at = std::ranges::find(attributes, attribute, &Attribute::name);
  return at == attributes.end() ? nullptr : &*at;
}

Result<std::int64_t> Node::integer(std::string_view attribute, std::int64_t otherwise) const {
  const Attribute* a = find(attribute);
  if (a == nullptr) return otherwise;
  if (a->kind != Attribute::Kind::kInteger) return wrong_kind(attribute, "an integer");
  return a->integer;
}

Result<float> Node::real(std::string_view attribute, float otherwise) const {
  const Attribute* a = find(attribute);
  if (a == nullptr) return otherwise;
  if (a->kind != Attribute::Kind::kReal) return wrong_kind(attribute, "a number");
  return a->real;
}

Result<std::string> Node::text(std::string_view attribute, std::string_view otherwise) const {
  const Attribute* a = find(attribute);
  if (a == nullptr) return std::string(otherwise);
  if (a->kind != Attribute::Kind::kText) return wrong_kind(attribute, "a text");
  return a->text;
}

Result<std::vector<std::int64_t>> Node::integers(std::string_view attribute,
                                                 std::vector<std::int64_t> otherwise) const {
  const Attribute* a = find(attribute);
  if (a == nullptr) return otherwise;
  if (a->kind != Attribute::Kind::kIntegers) return wrong_kind(attribute, "a list of integers");
  return a->integers;
}

Result<std::vector<float>> Node::reals(std::string_view attribute,
                                       std::vector<float> otherwise) const {
  const Attribute* a = find(attribute);
  if (a == nullptr) return otherwise;
  if (a->kind != Attribute::Kind::kReals) return wrong_kind(attribute, "a list of numbers");
  return a->reals;
}

std::string broken_rule(const Graph& graph) {
  std::vector<bool> made(graph.values.size());
  const auto make = [&](ValueId id) {
    if (id == kAbsent) return true;
    if (id >= made.size() || made[id]) return false;
    return static_cast<bool>(made[id] = true);
  };
  for (ValueId id = 0; id < graph.values.size(); ++id)
    if (graph.values[id].constant.present()) make(id);
  for (const Input& input : graph.inputs)
    if (input.value == kAbsent || !make(input.value)) return "an input is made twice";
  for (const Node& node : graph.nodes) {
    if (node.kind == nullptr) return fmt::format("node {} has no operator", node.name);
    for (const ValueId id : node.inputs)
      if (id != kAbsent && (id >= made.size() || !made[id]))
        return fmt::format("node {} reads a value that is made later or never", node.name);
    for (const ValueId id : node.outputs)
      if (!make(id)) return fmt::format("node {} makes a value that exists already", node.name);
  }
  for (const ValueId id : graph.outputs)
    if (id >= made.size() || !made[id]) return "an output is never made";
  return "";
}

}  // namespace soliton::ir
