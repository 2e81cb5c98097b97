#include "node/cpu/graph_codec.h"

#include <fmt/format.h>

#include <functional>

#include "partition/ir/array_bytes.h"
#include "partition/ir/operator.h"

namespace soliton {
namespace {

using Kind = ir::Attribute::Kind;

capnp::Data::Reader data_of(const std::string& text) {
  return {reinterpret_cast<const capnp::byte*>(text.data()), text.size()};
}
std::string text_of(capnp::Data::Reader data) {
  return {reinterpret_cast<const char*>(data.begin()), data.size()};
}

template <typename T>
kj::ArrayPtr<const T> list_of(const std::vector<T>& values) {
  return kj::arrayPtr(values.data(), values.size());
}
template <typename T, typename List>
std::vector<T> vector_of(const List& list) {
  std::vector<T> out;
  out.reserve(list.size());
  for (const T value : list) out.push_back(value);
  return out;
}

void set_data(const std::vector<std::byte>& bytes,
              const std::function<void(capnp::Data::Reader)>& set) {
  set({reinterpret_cast<const capnp::byte*>(bytes.data()), bytes.size()});
}

void write_attribute(const ir::Attribute& from, wire::Graph::Attribute::Builder out) {
  out.setName(from.name);
  switch (from.kind) {
    case Kind::kReal:
      return out.setReal(from.real);
    case Kind::kInteger:
      return out.setInteger(from.integer);
    case Kind::kText:
      return out.setText(data_of(from.text));
    case Kind::kReals:
      return out.setReals(list_of(from.reals));
    case Kind::kIntegers:
      return out.setIntegers(list_of(from.integers));
    case Kind::kTexts: {
      auto texts = out.initTexts(static_cast<unsigned>(from.texts.size()));
      for (unsigned i = 0; i < texts.size(); ++i) texts.set(i, data_of(from.texts[i]));
      return;
    }
    case Kind::kArray:
      return set_data(bytes_of_array(from.array), [&](auto data) { out.setArray(data); });
    case Kind::kGraph:
      return write_graph(*from.graph, out.initGraph());
    case Kind::kOther:
      return out.setOther();
  }
}

Result<ir::Attribute> read_attribute(wire::Graph::Attribute::Reader in) {
  ir::Attribute out;
  out.name = in.getName().cStr();
  switch (in.which()) {
    case wire::Graph::Attribute::REAL:
      out.kind = Kind::kReal;
      out.real = in.getReal();
      break;
    case wire::Graph::Attribute::INTEGER:
      out.kind = Kind::kInteger;
      out.integer = in.getInteger();
      break;
    case wire::Graph::Attribute::TEXT:
      out.kind = Kind::kText;
      out.text = text_of(in.getText());
      break;
    case wire::Graph::Attribute::REALS:
      out.kind = Kind::kReals;
      out.reals = vector_of<float>(in.getReals());
      break;
    case wire::Graph::Attribute::INTEGERS:
      out.kind = Kind::kIntegers;
      out.integers = vector_of<std::int64_t>(in.getIntegers());
      break;
    case wire::Graph::Attribute::TEXTS:
      out.kind = Kind::kTexts;
      for (const auto text : in.getTexts()) out.texts.push_back(text_of(text));
      break;
    case wire::Graph::Attribute::ARRAY: {
      Result<ir::Array> array = array_of_bytes(in.getArray());
      if (!array) return tl::unexpected(array.error());
      out.kind = Kind::kArray;
      out.array = std::move(*array);
      break;
    }
    case wire::Graph::Attribute::GRAPH: {
      Result<ir::Graph> graph = read_graph(in.getGraph());
      if (!graph) return tl::unexpected(graph.error());
      out.kind = Kind::kGraph;
      out.graph = std::make_shared<const ir::Graph>(std::move(*graph));
      break;
    }
    default:
      break;
  }
  return out;
}

Result<ir::Node> read_node(wire::Graph::Node::Reader in) {
  ir::Node node;
  node.name = in.getName().cStr();
  node.op = in.getOp().cStr();
  node.kind = ir::find_operator(node.op);
  if (node.kind == nullptr) return invalid(fmt::format("there is no operator {}", node.op));
  node.inputs = vector_of<ir::ValueId>(in.getInputs());
  node.outputs = vector_of<ir::ValueId>(in.getOutputs());
  node.captured = in.getCaptured();
  for (const auto attribute : in.getAttributes()) {
    Result<ir::Attribute> read = read_attribute(attribute);
    if (!read) return tl::unexpected(read.error());
    node.attributes.push_back(std::move(*read));
  }
  return node;
}

}  // namespace

std::vector<std::byte> bytes_of_array(const ir::Array& array) {
  if (!array.present()) return {};
  Payload payload;
  ir::append_array(array, payload);
  // What is unknown here is not needed there, but for its shape: zeros stand for the elements.
  payload.bytes.resize(payload.size());
  return std::move(payload.bytes);
}

Result<ir::Array> array_of_bytes(capnp::Data::Reader in) {
  if (in.size() == 0) return ir::Array();
  Payload payload;
  payload.bytes.assign(reinterpret_cast<const std::byte*>(in.begin()),
                       reinterpret_cast<const std::byte*>(in.end()));
  Result<std::vector<ir::Array>> arrays = ir::arrays_of(payload);
  if (!arrays) return tl::unexpected(arrays.error());
  if (arrays->size() != 1) return invalid("the bytes of an array hold several");
  return std::move(arrays->front());
}

void write_graph(const ir::Graph& graph, wire::Graph::Builder out) {
  out.setOpset(graph.opset);
  auto values = out.initValues(static_cast<unsigned>(graph.values.size()));
  for (unsigned i = 0; i < values.size(); ++i) {
    auto value = values[i];
    value.setName(graph.values[i].name);
    set_data(bytes_of_array(graph.values[i].constant), [&](auto data) { value.setConstant(data); });
  }
  auto nodes = out.initNodes(static_cast<unsigned>(graph.nodes.size()));
  for (unsigned i = 0; i < nodes.size(); ++i) {
    const ir::Node& from = graph.nodes[i];
    nodes[i].setName(from.name);
    nodes[i].setOp(from.op);
    nodes[i].setInputs(list_of(from.inputs));
    nodes[i].setOutputs(list_of(from.outputs));
    nodes[i].setCaptured(static_cast<std::uint32_t>(from.captured));
    auto attributes = nodes[i].initAttributes(static_cast<unsigned>(from.attributes.size()));
    for (unsigned k = 0; k < attributes.size(); ++k)
      write_attribute(from.attributes[k], attributes[k]);
  }
  auto inputs = out.initInputs(static_cast<unsigned>(graph.inputs.size()));
  for (unsigned i = 0; i < inputs.size(); ++i) inputs.set(i, graph.inputs[i].value);
  out.setOutputs(list_of(graph.outputs));
}

Result<ir::Graph> read_graph(wire::Graph::Reader in) {
  ir::Graph out;
  out.opset = in.getOpset();
  for (const auto value : in.getValues()) {
    Result<ir::Array> constant = array_of_bytes(value.getConstant());
    if (!constant) return tl::unexpected(constant.error());
    out.values.push_back({value.getName().cStr(), std::move(*constant)});
  }
  for (const auto node : in.getNodes()) {
    Result<ir::Node> read = read_node(node);
    if (!read) return tl::unexpected(read.error());
    out.nodes.push_back(std::move(*read));
  }
  for (const std::uint32_t id : in.getInputs()) out.inputs.emplace_back().value = id;
  out.outputs = vector_of<ir::ValueId>(in.getOutputs());
  if (const std::string broken = ir::broken_rule(out); !broken.empty()) return invalid(broken);
  return out;
}

}  // namespace soliton
