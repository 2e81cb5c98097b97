// soliton model: what is in a model file.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/file/spec.h"
#include "partition/ir/describe.h"
#include "partition/ir/evaluate.h"
#include "partition/ir/passes/states.h"
#include "partition/ir/passes/tokens_first.h"
#include "partition/onnx/import_onnx.h"
#include "partition/region/split_model.h"
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
  std::string device = "bw-s10";  // whose functions decide what runs on FPGAs
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

// Where operators run, and why, by name. Those in bodies run with the operator that has them.
struct Places {
  std::map<std::string, std::string> why_cpu;  // by operator; "" for those on FPGAs

  const char* where(const std::string& name) const {
    const auto at = why_cpu.find(name);
    return at != why_cpu.end() && at->second.empty() ? "npu" : "cpu";
  }
  std::string why(const std::string& name) const {
    const auto at = why_cpu.find(name);
    if (at == why_cpu.end()) return "is in the body of an operator on the CPU";
    return at->second.empty() ? "becomes part of a program" : at->second;
  }
};

// What a run makes of the graph before it is split: state that begins with zeros, and convolutions in
// the form that FPGAs run.
ir::Graph prepared(ir::Graph graph, const std::vector<ir::Array>& kinds) {
  std::vector<std::size_t> returned;
  for (std::size_t k = 1; k < graph.inputs.size(); ++k)
    if (kinds[k].present() && ir::is_real(kinds[k].type()) && ir::find_states(graph, {k}))
      returned.push_back(k);
  if (const auto pairs = ir::find_states(graph, returned))
    for (const ir::StatePair& pair : *pairs) {
      const ir::Array& kind = kinds[pair.input];
      const std::vector<float> zeros(static_cast<std::size_t>(kind.elements()));
      graph.states.push_back(
          {graph.inputs[pair.input].value, graph.outputs[pair.output],
           ir::converted(ir::Array::of<float>(kind.shape(), zeros), kind.type())});
    }
  ir::tokens_first(graph, ir::alike(ir::infer_partly(graph, kinds)));
  return graph;
}

// On FPGAs like `device`, for requests of the shapes that are known.
Places places_on(const NpuDevice& device, const ir::Graph& model,
                 const std::vector<std::optional<ir::Shape>>& shapes) {
  std::vector<ir::Array> kinds(model.inputs.size());
  for (std::size_t k = 0; k < kinds.size(); ++k)
    if (shapes[k]) kinds[k] = ir::Array::unknown(model.inputs[k].type, *shapes[k]);
  const ir::Graph graph = prepared(model, kinds);
  const ir::RequestShapes arrays = ir::alike(ir::infer_partly(graph, kinds));
  const SplitModel split = split_model({&graph,
                                        &arrays,
                                        [&](Opcode opcode) {
                                          const NpuFunctionRow* row = function_of(opcode);
                                          return row == nullptr || device.has(row->function);
                                        },
                                        {}});
  Places out;
  for (const ir::Node& node : model.nodes) out.why_cpu[node.name] = "";
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    out.why_cpu[graph.nodes[i].name] = split.why[i];
  return out;
}

struct Report {
  ImportedModel model;
  ir::GraphDescription what;
  Places places;
  std::vector<std::string> states;  // inputs that are carried
};

Checked<Report> report_of(const std::string& file, const ModelOptions& options,
                          const NpuDevice& device) {
  Checked<ImportedModel> model = import_onnx(file);
  if (!model) return tl::unexpected(std::move(model.error()));
  Report out;
  out.model = std::move(*model);
  const Checked<std::vector<std::optional<ir::Shape>>> shapes = shapes_of(out.model.graph, options);
  if (!shapes) return tl::unexpected(shapes.error());
  out.what = ir::describe(out.model.graph, *shapes);
  for (std::size_t k = 1; k < out.model.graph.inputs.size(); ++k)
    if (ir::find_states(out.model.graph, {k})) out.states.push_back(out.what.inputs[k].name);
  out.places = places_on(device, out.model.graph, *shapes);
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
    const std::string where = report.places.where(node.name);
    if (node.work) (where == "npu" ? on_npu : on_cpu) += node.work->multiply_adds;
    operators.push_back({{"name", node.name},
                         {"type", node.type},
                         {"where", where},
                         {"why", report.places.why(node.name)}});
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
  using Row = std::pair<std::string, std::string>;  // type, where
  std::map<Row, std::pair<int, std::int64_t>> types;
  for (const ir::NodeDescription& node : report.what.nodes) {
    auto& [count, multiply_adds] = types[{node.type, report.places.where(node.name)}];
    ++count;
    if (node.work) multiply_adds += node.work->multiply_adds;
  }
  std::vector<std::pair<Row, std::pair<int, std::int64_t>>> rows(types.begin(), types.end());
  std::ranges::stable_sort(
      rows, [](const auto& a, const auto& b) { return a.second.first > b.second.first; });
  std::string out;
  for (const auto& [type, row] : rows)
    out += fmt::format("  {:>5} {:<24} {}{}\n", row.first, type.first, type.second,
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
  if (options.all)
    for (const ir::NodeDescription& node : what.nodes)
      out += fmt::format("  {}  {}  {}  {}  {}\n", report.places.where(node.name), node.type,
                         node.name, node.output, report.places.why(node.name));
  return out;
}

Checked<NpuDevice> device_named(const std::string& name) {
  Checked<std::vector<Device>> devices = builtin_devices(data_root());
  if (!devices) return tl::unexpected(std::move(devices.error()));
  std::vector<std::string> names;
  for (const Device& device : *devices) {
    if (device.kind != Device::Kind::kNpu) continue;
    if (device.name() == name) return device.npu;
    names.push_back(device.name());
  }
  Diagnostics problems;
  problems.add(ErrorCode::kInvalid,
               fmt::format("--device {}: is no FPGA that is shipped{}; there are {}", name,
                           suggestion(name, names), fmt::join(names, ", ")));
  return tl::unexpected(std::move(problems));
}

int show(const CommandLine& line, const ModelOptions& options) {
  const Checked<NpuDevice> device = device_named(options.device);
  if (!device) return report_errors(device.error());
  const Checked<Report> report = report_of(line.inputs.front(), options, *device);
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
  options.text("--device", "NAME", own->device,
               "FPGA whose functions decide what runs there (default bw-s10)");
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
