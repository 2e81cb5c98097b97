// soliton model: what is in a model file.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

#include "cluster/cli/commands.h"
#include "cluster/cli/output.h"
#include "partition/ir/describe.h"
#include "partition/ir/passes/states.h"
#include "partition/onnx/import_onnx.h"
#include "partition/onnx/read_onnx.h"
#include "protocol/base/suggestion.h"
#include "protocol/json/json.h"
#include "protocol/tensor/format.h"

namespace soliton {
namespace {

constexpr int kNative = 400;  // elements of a native vector of bw-s10, for bytes per format

// Of all parameters, unpadded, in blocks of the format's own length or a native vector.
std::int64_t bytes_in(const NumberFormat& format, std::int64_t parameters) {
  return (format.storage_bits(parameters, format.block == 0 ? kNative : format.block) + 7) / 8;
}

struct ModelOptions {
  std::vector<std::string> shapes;  // NAME=1,80
  bool all = false;
};

// "x=1,80" as a shape.
Result<std::pair<std::string, ir::Shape>> parse_shape(const std::string& text) {
  const std::size_t equals = text.rfind('=');
  const auto wrong = [&] {
    return invalid(fmt::format("--input {}: must be NAME=EXTENT,EXTENT…, such as x=1,80", text));
  };
  if (equals == std::string::npos) return wrong();
  ir::Shape shape;
  const char* at = text.data() + equals + 1;
  const char* const end = text.data() + text.size();
  while (at < end) {
    std::int64_t extent = 0;
    const auto [next, error] = std::from_chars(at, end, extent);
    if (error != std::errc{} || extent < 1 || (next != end && *next != ',')) return wrong();
    shape.push_back(extent);
    at = next == end ? end : next + 1;
  }
  return std::pair(text.substr(0, equals), std::move(shape));
}

// The shape of an input as far as it is known: a batch that is left open is 1.
std::optional<ir::Shape> shape_of(const ir::Input& input) {
  if (!input.ranked) return std::nullopt;
  ir::Shape out = input.shape;
  for (std::size_t axis = 0; axis < out.size(); ++axis) {
    if (out[axis] != ir::kOpen) continue;
    if (axis != 0) return std::nullopt;
    out[axis] = 1;
  }
  return out;
}

Checked<std::vector<std::optional<ir::Shape>>> shapes_of(const ir::Graph& graph,
                                                         const ModelOptions& options) {
  std::vector<std::string> names;
  std::vector<std::optional<ir::Shape>> out;
  for (const ir::Input& input : graph.inputs) {
    names.push_back(graph.name_of(input.value));
    out.push_back(shape_of(input));
  }
  Diagnostics problems;
  for (const std::string& text : options.shapes) {
    Result<std::pair<std::string, ir::Shape>> shape = parse_shape(text);
    if (!shape) {
      problems.add(shape.error());
      continue;
    }
    const auto at = std::ranges::find(names, shape->first);
    if (at == names.end())
      problems.add(ErrorCode::kInvalid,
                   fmt::format("--input {}: the model has no input \"{}\"{}", text, shape->first,
                               suggestion(shape->first, names)));
    else
      out[static_cast<std::size_t>(at - names.begin())] = std::move(shape->second);
  }
  if (!problems.empty()) return tl::unexpected(std::move(problems));
  return out;
}

// Where operators run, and why.
struct Places {
  bool chain = false;  // FPGA programs are made from the model
  std::string reason;  // why not

  static bool multiplies(std::string_view op) {
    return op == "LSTM" || op == "GRU" || op == "RNN" || op == "Gemm" || op == "MatMul";
  }
  const char* where(std::string_view op) const { return chain && multiplies(op) ? "npu" : "cpu"; }
  std::string why(std::string_view op) const {
    if (!chain) return reason;
    return multiplies(op) ? "its weights are pinned" : "it is no product with pinned weights";
  }
};

struct Report {
  ImportedModel model;
  ir::GraphDescription what;
  Places places;
  std::vector<std::string> states;  // inputs that are carried
};

Checked<Report> report_of(const std::string& file, const ModelOptions& options) {
  Checked<ImportedModel> model = import_onnx(file);
  if (!model) return tl::unexpected(std::move(model.error()));
  Report out;
  out.model = std::move(*model);
  const Checked<std::vector<std::optional<ir::Shape>>> shapes = shapes_of(out.model.graph, options);
  if (!shapes) return tl::unexpected(shapes.error());
  out.what = ir::describe(out.model.graph, *shapes);
  for (std::size_t k = 1; k < out.model.graph.inputs.size(); ++k)
    if (ir::find_states(out.model.graph, {k})) out.states.push_back(out.what.inputs[k].name);
  const Checked<Model> chain = read_onnx(file);
  out.places.chain = chain.has_value();
  if (!chain) out.places.reason = chain.error().errors.front().message;
  return out;
}

Json ports_json(const std::vector<ir::PortDescription>& ports) {
  Json out = Json::array();
  for (const ir::PortDescription& port : ports)
    out.push_back(
        {{"name", port.name}, {"type", ir::element_name(port.type)}, {"shape", port.shape}});
  return out;
}

Json bytes_json(const ir::GraphDescription& what) {
  Json out = {{"stored", what.constant_bytes}};
  for (const NumberFormat& format : builtin_formats())
    out[format.name] = bytes_in(format, what.parameters);
  return out;
}

std::string json_of(const Report& report) {
  Json operators = Json::array();
  std::int64_t on_npu = 0, on_cpu = 0;
  for (const ir::NodeDescription& node : report.what.nodes) {
    const std::string where = report.places.where(node.type);
    if (node.work) (where == "npu" ? on_npu : on_cpu) += node.work->multiply_adds;
    operators.push_back({{"name", node.name},
                         {"type", node.type},
                         {"where", where},
                         {"why", report.places.why(node.type)}});
  }
  Json out = {{"name", report.model.name},
              {"opset", report.model.graph.opset},
              {"operators", std::move(operators)},
              {"parameters", report.what.parameters},
              {"bytes", bytes_json(report.what)},
              {"inputs", ports_json(report.what.inputs)},
              {"outputs", ports_json(report.what.outputs)},
              {"states", report.states}};
  out["multiply_adds"] = report.what.work ? Json{{"npu", on_npu}, {"cpu", on_cpu}} : Json();
  return json_text(out, JsonLayout::kIndented) + "\n";
}

std::string ports_text(const char* what, const std::vector<ir::PortDescription>& ports) {
  std::string out;
  for (const ir::PortDescription& port : ports)
    out += fmt::format("{:<10}{}  {}{}\n", what, port.name, port.shape,
                       port.type == ir::ElementType::kNone
                           ? ""
                           : fmt::format("  {}", ir::element_name(port.type)));
  return out;
}

// Operators by type, the most frequent first.
std::string types_text(const Report& report) {
  std::map<std::string, std::pair<int, std::int64_t>> types;
  for (const ir::NodeDescription& node : report.what.nodes) {
    auto& [count, multiply_adds] = types[node.type];
    ++count;
    if (node.work) multiply_adds += node.work->multiply_adds;
  }
  std::vector<std::pair<std::string, std::pair<int, std::int64_t>>> rows(types.begin(),
                                                                         types.end());
  std::ranges::stable_sort(
      rows, [](const auto& a, const auto& b) { return a.second.first > b.second.first; });
  std::string out;
  for (const auto& [type, row] : rows)
    out += fmt::format("  {:>5} {:<24} {}{}\n", row.first, type, report.places.where(type),
                       row.second > 0 ? fmt::format("  {} multiply-adds", row.second) : "");
  return out;
}

// "bytes     ms-fp8 95875 · …", in lines that fit a terminal.
std::string bytes_text(std::int64_t parameters) {
  constexpr std::size_t kWidth = 78;
  std::string out, line = "bytes    ";
  for (const NumberFormat& format : builtin_formats()) {
    const std::string next = fmt::format(" {} {},", format.name, bytes_in(format, parameters));
    if (line.size() + next.size() > kWidth) {
      out += line + "\n";
      line = "         ";
    }
    line += next;
  }
  line.back() = '\n';
  return out + line;
}

std::string text_of(const Report& report, const ModelOptions& options) {
  const ir::GraphDescription& what = report.what;
  std::string out = fmt::format("{}: {} operators, opset {}, {} parameters\n", report.model.name,
                                what.nodes.size(), report.model.graph.opset, what.parameters);
  out += ports_text("input", what.inputs) + ports_text("output", what.outputs);
  for (const std::string& state : report.states)
    out += fmt::format("{:<10}{}: an output returns it, so it is carried from request to request\n",
                       "state", state);
  out += bytes_text(what.parameters) + "operators\n" + types_text(report);
  if (what.work)
    out += fmt::format("a request  {} multiply-adds, {} other operations\n",
                       what.work->multiply_adds, what.work->operations);
  for (const std::string& open : what.open)
    out += fmt::format("arithmetic is unknown: {}; say --input NAME=1,80\n", open);
  if (!report.places.chain)
    out += fmt::format("everything runs on the CPU: {}\n", report.places.reason);
  if (options.all)
    for (const ir::NodeDescription& node : what.nodes)
      out += fmt::format("  {}  {}  {}  {}\n", report.places.where(node.type), node.type, node.name,
                         node.output);
  return out;
}

int show(const CommandLine& line, const ModelOptions& options) {
  const Checked<Report> report = report_of(line.inputs.front(), options);
  if (!report) return report_errors(report.error());
  return line.json ? printed(print_json(json_of(*report)))
                   : printed(print_lines(text_of(*report, options)));
}

RunCommand define(OptionSet& options, CommandLine&) {
  auto own = std::make_shared<ModelOptions>();
  options.inputs("file", "ONNX file");
  options.texts("--input", "NAME=SHAPE", own->shapes,
                "shape of an input that the file leaves open, x=1,80; may be given several times");
  options.flag("--all", own->all, "also every operator by name");
  return [own](const CommandLine& line) { return show(line, *own); };
}

}  // namespace

const CliCommand kModelCommand = {
    .name = "model",
    .what = "What is in a model: operators, parameters, bytes per format, what runs where and why",
    .example = "soliton model configs/models/language-gru/fp32.onnx",
    .finds_files = true,
    .define = define};

}  // namespace soliton
