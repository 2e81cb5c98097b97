// protobuf to Graph. With tensor_proto.cc the only place that sees ONNX's classes; their exceptions
// and log end here.
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>

#include <utility>

#include "partition/ir/shown_name.h"
#include "partition/onnx/bytes.h"
#include "partition/onnx/graph.h"
#include "partition/onnx/read_onnx.h"
#include "partition/onnx/tensor_proto.h"
#include "partition/onnx/wire_scan.h"

namespace soliton::onnx_import {

namespace {

// Versions of ONNX's operators whose meaning of those read here is known.
constexpr std::int64_t kOldestOpset = 7;
constexpr std::int64_t kNewestOpset = 22;

bool is_standard(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

std::string checked_name(Diagnostics& found, const char* what, const std::string& name) {
  if (name.size() > kMaxOnnxName)
    report(found, fmt::format("{} \"{}\" has a name of {} bytes; at most {}", what,
                              shown_name(name, 32), name.size(), kMaxOnnxName));
  return name.substr(0, kMaxOnnxName);
}

void convert_type(Diagnostics& found, const ::onnx::TypeProto::Tensor& type, GraphInput& input) {
  using ::onnx::TensorProto;
  const int element = type.elem_type();
  if (element == TensorProto::INT64 || element == TensorProto::INT32)
    input.kind = GraphInput::Kind::kIntegers;
  if (element == TensorProto::FLOAT || element == TensorProto::FLOAT16 ||
      element == TensorProto::DOUBLE)
    input.kind = GraphInput::Kind::kFloats;
  input.has_shape = type.has_shape();
  if (static_cast<std::size_t>(type.shape().dim_size()) > kMaxOnnxDims)
    return report(found,
                  fmt::format("graph input \"{}\" has {} dimensions; at most {}",
                              shown_name(input.name), type.shape().dim_size(), kMaxOnnxDims));
  for (const auto& dim : type.shape().dim()) {
    // Some exporters write -1 or 0 for a free dimension.
    if (dim.has_dim_value() && dim.dim_value() > 0)
      input.shape.push_back({dim.dim_value(), ""});
    else
      input.shape.push_back({kUnknown, checked_name(found, "dimension", dim.dim_param())});
  }
}

// Operators with their attributes. Wrong ones are added to `found`, which outlives it, as
// `external` does.
class NodeConverter {
 public:
  NodeConverter(ExternalData& external, Diagnostics& found) : external_(external), found_(found) {}

  // `index`: of the operator in the graph.
  Node convert(::onnx::NodeProto& proto, std::size_t index) {
    Node node;
    node.op = checked_name(found_, "operator type", proto.op_type());
    if (!is_standard(proto.domain()))
      node.op = checked_name(found_, "domain", proto.domain()) + ":" + node.op;
    node.name = proto.name().empty() ? fmt::format("{} #{}", node.op, index)
                                     : checked_name(found_, "node", proto.name());
    for (const std::string& input : proto.input())
      node.inputs.push_back(checked_name(found_, "tensor", input));
    for (const std::string& output : proto.output())
      node.outputs.push_back(checked_name(found_, "tensor", output));
    for (const auto& attribute : proto.attribute()) convert_attribute(node, attribute);
    return node;
  }

 private:
  void convert_attribute(Node& node, const ::onnx::AttributeProto& proto) {
    using ::onnx::AttributeProto;
    Attribute out;
    out.name = checked_name(found_, "attribute", proto.name());
    if (node.find(out.name) != nullptr)
      return report(found_, fmt::format("node \"{}\": attribute {} appears twice",
                                        shown_name(node.name), shown_name(out.name)));
    switch (proto.type()) {
      case AttributeProto::FLOAT:
        out.kind = Attribute::Kind::kFloat;
        out.number = proto.f();
        break;
      case AttributeProto::INT:
        out.kind = Attribute::Kind::kInteger;
        out.integer = proto.i();
        break;
      case AttributeProto::STRING:
        out.kind = Attribute::Kind::kText;
        out.text = proto.s();
        break;
      case AttributeProto::FLOATS:
        out.kind = Attribute::Kind::kFloats;
        out.numbers.assign(proto.floats().begin(), proto.floats().end());
        break;
      case AttributeProto::INTS:
        out.kind = Attribute::Kind::kIntegers;
        out.integers.assign(proto.ints().begin(), proto.ints().end());
        break;
      case AttributeProto::STRINGS:
        out.kind = Attribute::Kind::kTexts;
        out.texts.assign(proto.strings().begin(), proto.strings().end());
        break;
      case AttributeProto::TENSOR:
        convert_tensor(node, proto, out);
        break;
      default:
        break;
    }
    node.attributes.push_back(std::move(out));
  }

  // Tensors inside operators nobody reads are not looked at: the operator's own error says more.
  void convert_tensor(const Node& node, const ::onnx::AttributeProto& proto, Attribute& out) {
    if (node.op != "Constant" && node.op != "ConstantOfShape") return;
    Result<ConstantPtr> constant = constant_of(proto.t(), external_);
    if (!constant)
      return report(found_, fmt::format("node \"{}\": attribute {} {}", shown_name(node.name),
                                        shown_name(out.name), constant.error().message));
    out.kind = Attribute::Kind::kTensor;
    out.tensor = std::move(*constant);
  }

  ExternalData& external_;
  Diagnostics& found_;
};

class Converter {
 public:
  Converter(::onnx::ModelProto& model, const std::string& path) : model_(model), external_(path) {}

  Checked<Graph> run() {
    if (!model_.has_graph()) return fail("has no graph: not an ONNX model");
    convert_opset();
    ::onnx::GraphProto& graph = *model_.mutable_graph();
    if (graph.node_size() == 0) report(found_, "the graph has no operators");
    if (graph.output_size() == 0) report(found_, "the graph has no outputs");
    if (graph.sparse_initializer_size() > 0)
      report(found_, "sparse initializers are not supported");
    for (auto& tensor : *graph.mutable_initializer()) convert_initializer(tensor);
    for (const auto& input : graph.input()) convert_input(input);
    for (const auto& output : graph.output())
      out_.outputs.push_back(checked_name(found_, "graph output", output.name()));
    for (auto& node : *graph.mutable_node())
      out_.nodes.push_back(nodes_.convert(node, out_.nodes.size()));
    if (!found_.empty()) return tl::unexpected(std::move(found_));
    out_.files = external_.files();
    return std::move(out_);
  }

 private:
  static tl::unexpected<Diagnostics> fail(std::string message) {
    Diagnostics found;
    found.add(ErrorCode::kInvalid, std::move(message));
    return tl::unexpected(std::move(found));
  }

  void convert_opset() {
    bool seen = false;
    for (const auto& entry : model_.opset_import()) {
      if (!is_standard(entry.domain())) continue;
      if (seen && entry.version() != out_.opset)
        report(found_, "the file names two versions of ONNX's operators (opset)");
      seen = true;
      out_.opset = entry.version();
    }
    if (!seen)
      report(found_, "the file names no version of ONNX's operators (opset)");
    else if (out_.opset < kOldestOpset || out_.opset > kNewestOpset)
      report(found_, fmt::format("opset {} is not supported; supported: {} to {}", out_.opset,
                                 kOldestOpset, kNewestOpset));
  }

  void convert_initializer(::onnx::TensorProto& tensor) {
    const std::string name = checked_name(found_, "initializer", tensor.name());
    Result<ConstantPtr> constant = constant_of(tensor, external_);
    // The copy in the message is not needed any more, and may be large.
    tensor.Clear();
    if (!constant)
      return report(found_, fmt::format("initializer \"{}\": {}", shown_name(name),
                                        constant.error().message));
    if (name.empty()) return report(found_, "an initializer has no name");
    if (!out_.constants.emplace(name, std::move(*constant)).second)
      report(found_, fmt::format("initializer \"{}\" appears twice", shown_name(name)));
  }

  void convert_input(const ::onnx::ValueInfoProto& proto) {
    // Before IR version 4 every initializer was listed as an input too.
    if (out_.constants.contains(proto.name())) return;
    GraphInput input;
    input.name = checked_name(found_, "graph input", proto.name());
    if (proto.type().has_tensor_type()) convert_type(found_, proto.type().tensor_type(), input);
    out_.inputs.push_back(std::move(input));
  }

  ::onnx::ModelProto& model_;
  ExternalData external_;
  Graph out_;
  Diagnostics found_;
  NodeConverter nodes_{external_, found_};
};

bool parse(const std::string& bytes, ::onnx::ModelProto& model) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  input.SetRecursionLimit(kMaxOnnxRecursion);
  return model.ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

Checked<Graph> failed(std::string message) {
  Diagnostics found;
  found.add(ErrorCode::kInvalid, std::move(message));
  return tl::unexpected(std::move(found));
}

Checked<Graph> load(const std::string& path) {
  Result<std::string> bytes = read_file(path, kMaxOnnxBytes);
  if (!bytes) return failed(bytes.error().message);
  if (const Status scanned = scan_onnx(*bytes); !scanned) return failed(scanned.error().message);
  const google::protobuf::LogSilencer silence;
  ::onnx::ModelProto model;
  if (!parse(*bytes, model)) return failed("is not an ONNX model, or is cut short");
  *bytes = std::string();
  return Converter(model, path).run();
}

}  // namespace

Checked<Graph> load_graph(const std::string& path) {
  try {
    return load(path);
  } catch (const std::bad_alloc&) {
    throw;  // not the file's fault
  } catch (const std::exception& error) {
    return failed(fmt::format("cannot be read: {}", shown_name(error.what())));
  }
}

}  // namespace soliton::onnx_import
