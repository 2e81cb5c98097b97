// The form of a file that the reader of chains works on: all real constants as fp32, all integers as
// int64.
#include "partition/onnx/graph.h"

namespace soliton::onnx_import {

namespace {

ConstantPtr constant_of(const ir::Array& array) {
  Shape shape = array.shape();
  if (ir::is_real(array.type())) {
    const ir::Array wide = ir::converted(array, ir::ElementType::kFloat32);
    const auto values = wide.as<float>();
    return std::make_shared<const Constant>(
        Constant{std::move(shape), Floats(values.begin(), values.end())});
  }
  const ir::Array wide = ir::converted(array, ir::ElementType::kInt64);
  const auto values = wide.as<std::int64_t>();
  return std::make_shared<const Constant>(
      Constant{std::move(shape), Integers(values.begin(), values.end())});
}

Attribute attribute_of(const ir::Attribute& from) {
  using From = ir::Attribute::Kind;
  Attribute out;
  out.name = from.name;
  out.kind = from.kind == From::kReal       ? Attribute::Kind::kFloat
             : from.kind == From::kInteger  ? Attribute::Kind::kInteger
             : from.kind == From::kText     ? Attribute::Kind::kText
             : from.kind == From::kReals    ? Attribute::Kind::kFloats
             : from.kind == From::kIntegers ? Attribute::Kind::kIntegers
             : from.kind == From::kTexts    ? Attribute::Kind::kTexts
             : from.kind == From::kArray    ? Attribute::Kind::kTensor
                                            : Attribute::Kind::kOther;
  out.number = from.real;
  out.integer = from.integer;
  out.text = from.text;
  out.numbers = from.reals;
  out.integers = from.integers;
  out.texts = from.texts;
  if (from.array.present()) out.tensor = constant_of(from.array);
  return out;
}

GraphInput input_of(const ParsedInput& from) {
  GraphInput out;
  out.name = from.name;
  if (from.type == ir::ElementType::kInt64 || from.type == ir::ElementType::kInt32)
    out.kind = GraphInput::Kind::kIntegers;
  if (ir::is_real(from.type) && from.type_name != "BFLOAT16") out.kind = GraphInput::Kind::kFloats;
  out.has_shape = from.ranked;
  for (std::size_t axis = 0; axis < from.shape.size(); ++axis)
    out.shape.push_back(
        {from.shape[axis] == ir::kOpen ? kUnknown : from.shape[axis], from.symbols[axis]});
  return out;
}

}  // namespace

Checked<Graph> load_graph(const std::string& path) {
  Checked<ParsedFile> file = parse_onnx(path);
  if (!file) return tl::unexpected(std::move(file.error()));
  Graph out;
  out.opset = file->opset;
  for (const ParsedNode& node : file->graph.nodes) {
    Node& to = out.nodes.emplace_back();
    to.name = node.name;
    to.op = node.op;
    to.inputs = node.inputs;
    to.outputs = node.outputs;
    for (const ir::Attribute& attribute : node.attributes)
      to.attributes.push_back(attribute_of(attribute));
    for (const auto& [name, unused] : node.bodies) to.attributes.emplace_back().name = name;
  }
  for (auto& [name, array] : file->graph.constants) {
    out.constants.emplace(name, constant_of(array));
    array = array.forgotten();
  }
  for (const ParsedInput& input : file->graph.inputs) out.inputs.push_back(input_of(input));
  out.outputs = file->graph.outputs;
  out.files = std::move(file->files);
  out.parsed = std::make_shared<const ParsedGraph>(std::move(file->graph));
  return out;
}

}  // namespace soliton::onnx_import
