// protobuf to ParsedGraph. With tensor_proto.cc the only place that sees ONNX's classes; their exceptions
// and log end here.
#include <fmt/format.h>
#include <google/protobuf/io/coded_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/stubs/logging.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <utility>

#include "partition/ir/shown_name.h"
#include "partition/onnx/bytes.h"
#include "partition/onnx/limits.h"
#include "partition/onnx/parsed.h"
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

void convert_type(Diagnostics& found, const ::onnx::TypeProto::Tensor& type, ParsedInput& input) {
  input.type = element_type_of(type.elem_type());
  input.type_name = type_text(type.elem_type());
  input.ranked = type.has_shape();
  if (static_cast<std::size_t>(type.shape().dim_size()) > kMaxOnnxDims)
    return report(found,
                  fmt::format("graph input \"{}\" has {} dimensions; at most {}",
                              shown_name(input.name), type.shape().dim_size(), kMaxOnnxDims));
  for (const auto& dim : type.shape().dim()) {
    // Some exporters write -1 or 0 for a free dimension.
    const bool fixed = dim.has_dim_value() && dim.dim_value() > 0;
    input.shape.push_back(fixed ? dim.dim_value() : ir::kOpen);
    input.symbols.push_back(fixed ? "" : checked_name(found, "dimension", dim.dim_param()));
  }
}

// Operators and graphs. Wrong ones are added to `found`, which outlives it, as `external` does.
class Converter {
 public:
  Converter(ExternalData& external, Diagnostics& found) : external_(external), found_(found) {}

  // Frees the messages as it goes, as they may be large.
  ParsedGraph convert(::onnx::GraphProto& graph) {
    ParsedGraph out;
    for (auto& tensor : *graph.mutable_initializer()) convert_initializer(tensor, out);
    for (const auto& input : graph.input()) convert_input(input, out);
    for (const auto& output : graph.output())
      out.outputs.push_back(checked_name(found_, "graph output", output.name()));
    for (auto& node : *graph.mutable_node())
      out.nodes.push_back(convert_node(node, out.nodes.size()));
    return out;
  }

 private:
  // `index`: of the operator in the graph.
  ParsedNode convert_node(::onnx::NodeProto& proto, std::size_t index) {
    ParsedNode node;
    node.op = checked_name(found_, "operator type", proto.op_type());
    if (!is_standard(proto.domain()))
      node.op = checked_name(found_, "domain", proto.domain()) + ":" + node.op;
    node.named = !proto.name().empty();
    node.name = node.named ? checked_name(found_, "node", proto.name())
                           : fmt::format("{} #{}", node.op, index);
    for (const std::string& input : proto.input())
      node.inputs.push_back(checked_name(found_, "tensor", input));
    for (const std::string& output : proto.output())
      node.outputs.push_back(checked_name(found_, "tensor", output));
    for (auto& attribute : *proto.mutable_attribute()) convert_attribute(node, attribute);
    return node;
  }

  static bool has_attribute(const ParsedNode& node, const std::string& name) {
    return std::ranges::find(node.attributes, name, &ir::Attribute::name) !=
               node.attributes.end() ||
           std::ranges::find(node.bodies, name, [](const auto& b) { return b.first; }) !=
               node.bodies.end();
  }

  void convert_attribute(ParsedNode& node, ::onnx::AttributeProto& proto) {
    using ::onnx::AttributeProto;
    using Kind = ir::Attribute::Kind;
    ir::Attribute out;
    out.name = checked_name(found_, "attribute", proto.name());
    if (has_attribute(node, out.name))
      return report(found_, fmt::format("node \"{}\": attribute {} appears twice",
                                        shown_name(node.name), shown_name(out.name)));
    switch (proto.type()) {
      case AttributeProto::FLOAT:
        out.kind = Kind::kReal;
        out.real = proto.f();
        break;
      case AttributeProto::INT:
        out.kind = Kind::kInteger;
        out.integer = proto.i();
        break;
      case AttributeProto::STRING:
        out.kind = Kind::kText;
        out.text = proto.s();
        break;
      case AttributeProto::FLOATS:
        out.kind = Kind::kReals;
        out.reals.assign(proto.floats().begin(), proto.floats().end());
        break;
      case AttributeProto::INTS:
        out.kind = Kind::kIntegers;
        out.integers.assign(proto.ints().begin(), proto.ints().end());
        break;
      case AttributeProto::STRINGS:
        out.kind = Kind::kTexts;
        out.texts.assign(proto.strings().begin(), proto.strings().end());
        break;
      case AttributeProto::TENSOR:
        convert_tensor(node, proto, out);
        break;
      case AttributeProto::GRAPH:
        node.bodies.emplace_back(out.name,
                                 std::make_shared<ParsedGraph>(convert(*proto.mutable_g())));
        return;
      default:
        break;
    }
    node.attributes.push_back(std::move(out));
  }

  // Tensors inside operators nobody reads are not looked at: the operator's own error says more.
  void convert_tensor(const ParsedNode& node, const ::onnx::AttributeProto& proto,
                      ir::Attribute& out) {
    if (node.op != "Constant" && node.op != "ConstantOfShape") return;
    Result<ir::Array> array = array_of(proto.t(), external_);
    if (!array)
      return report(found_, fmt::format("node \"{}\": attribute {} {}", shown_name(node.name),
                                        shown_name(out.name), array.error().message));
    out.kind = ir::Attribute::Kind::kArray;
    out.array = std::move(*array);
  }

  void convert_initializer(::onnx::TensorProto& tensor, ParsedGraph& out) {
    const std::string name = checked_name(found_, "initializer", tensor.name());
    Result<ir::Array> array = array_of(tensor, external_);
    // The copy in the message is not needed any more, and may be large.
    tensor.Clear();
    if (!array)
      return report(found_,
                    fmt::format("initializer \"{}\": {}", shown_name(name), array.error().message));
    if (name.empty()) return report(found_, "an initializer has no name");
    if (!out.constants.emplace(name, std::move(*array)).second)
      report(found_, fmt::format("initializer \"{}\" appears twice", shown_name(name)));
  }

  void convert_input(const ::onnx::ValueInfoProto& proto, ParsedGraph& out) {
    // Before IR version 4 every initializer was listed as an input too.
    if (out.constants.contains(proto.name())) return;
    ParsedInput input;
    input.name = checked_name(found_, "graph input", proto.name());
    if (proto.type().has_tensor_type())
      convert_type(found_, proto.type().tensor_type(), input);
    else
      input.type_name = "something other than a tensor";
    out.inputs.push_back(std::move(input));
  }

  ExternalData& external_;
  Diagnostics& found_;
};

std::int64_t opset_of(const ::onnx::ModelProto& model, Diagnostics& found) {
  std::optional<std::int64_t> opset;
  for (const auto& entry : model.opset_import()) {
    if (!is_standard(entry.domain())) continue;
    if (opset && entry.version() != *opset)
      report(found, "the file names two versions of ONNX's operators (opset)");
    opset = entry.version();
  }
  if (!opset)
    report(found, "the file names no version of ONNX's operators (opset)");
  else if (*opset < kOldestOpset || *opset > kNewestOpset)
    report(found, fmt::format("opset {} is not supported; supported: {} to {}", *opset,
                              kOldestOpset, kNewestOpset));
  return opset.value_or(kNewestOpset);
}

tl::unexpected<Diagnostics> failed(std::string message) {
  Diagnostics found;
  found.add(ErrorCode::kInvalid, std::move(message));
  return tl::unexpected(std::move(found));
}

Checked<ParsedFile> convert_model(::onnx::ModelProto& model, const std::string& path) {
  if (!model.has_graph()) return failed("has no graph: not an ONNX model");
  Diagnostics found;
  ExternalData external(path);
  ParsedFile out;
  out.opset = opset_of(model, found);
  ::onnx::GraphProto& graph = *model.mutable_graph();
  if (graph.node_size() == 0) report(found, "the graph has no operators");
  if (graph.output_size() == 0) report(found, "the graph has no outputs");
  if (graph.sparse_initializer_size() > 0) report(found, "sparse initializers are not supported");
  out.graph = Converter(external, found).convert(graph);
  if (!found.empty()) return tl::unexpected(std::move(found));
  out.files = external.files();
  return out;
}

bool parse(const std::string& bytes, ::onnx::ModelProto& model) {
  google::protobuf::io::CodedInputStream input(reinterpret_cast<const std::uint8_t*>(bytes.data()),
                                               static_cast<int>(bytes.size()));
  input.SetRecursionLimit(kMaxOnnxRecursion);
  return model.ParseFromCodedStream(&input) && input.ConsumedEntireMessage();
}

Checked<ParsedFile> load(const std::string& path) {
  Result<std::string> bytes = read_file(path, kMaxOnnxBytes);
  if (!bytes) return failed(bytes.error().message);
  if (const Status scanned = scan_onnx(*bytes); !scanned) return failed(scanned.error().message);
  const google::protobuf::LogSilencer silence;
  ::onnx::ModelProto model;
  if (!parse(*bytes, model)) return failed("is not an ONNX model, or is cut short");
  *bytes = std::string();
  return convert_model(model, path);
}

}  // namespace

Checked<ParsedFile> parse_onnx(const std::string& path) {
  try {
    return load(path);
  } catch (const std::bad_alloc&) {
    throw;  // not the file's fault
  } catch (const std::exception& error) {
    return failed(fmt::format("cannot be read: {}", shown_name(error.what())));
  }
}

}  // namespace soliton::onnx_import
