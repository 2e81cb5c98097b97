#include "partition/onnx/read_onnx.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "partition/ir/shown_name.h"
#include "partition/onnx/chain.h"
#include "partition/onnx/graph.h"

namespace soliton {

namespace onnx_import {

namespace {

struct Operator {
  std::string_view name;
  Handler handle;
};

// Sorted by name.
constexpr std::array kOperators{
    Operator{"Add", handle_add},
    Operator{"Cast", handle_cast},
    Operator{"Concat", handle_concat},
    Operator{"Constant", handle_constant},
    Operator{"ConstantOfShape", handle_constant_of_shape},
    Operator{"Dropout", handle_identity},
    Operator{"Expand", handle_expand},
    Operator{"Flatten", handle_flatten},
    Operator{"GRU", handle_recurrent},
    Operator{"Gather", handle_gather},
    Operator{"Gemm", handle_gemm},
    Operator{"Identity", handle_identity},
    Operator{"LSTM", handle_recurrent},
    Operator{"LogSoftmax", handle_softmax},
    Operator{"MatMul", handle_matmul},
    Operator{"RNN", handle_recurrent},
    Operator{"Reshape", handle_reshape},
    Operator{"Shape", handle_shape},
    Operator{"Slice", handle_slice},
    Operator{"Softmax", handle_softmax},
    Operator{"Squeeze", handle_squeeze},
    Operator{"Transpose", handle_transpose},
    Operator{"Unsqueeze", handle_unsqueeze},
};

Handler handler_of(const std::string& op) {
  const auto at = std::find_if(kOperators.begin(), kOperators.end(),
                               [&](const Operator& o) { return o.name == op; });
  return at == kOperators.end() ? nullptr : at->handle;
}

// One message an operator type: its first node, and how many there are.
Diagnostics unsupported(const Graph& graph, const std::vector<std::size_t>& order) {
  struct Missing {
    std::string op;
    std::string node;
    std::size_t count;
  };
  constexpr std::size_t kMaxTypes = 32;
  std::vector<Missing> missing;
  for (const std::size_t i : order) {
    const Node& node = graph.nodes[i];
    if (handler_of(node.op) != nullptr) continue;
    const auto same = std::find_if(missing.begin(), missing.end(),
                                   [&](const Missing& m) { return m.op == node.op; });
    if (same != missing.end())
      ++same->count;
    else if (missing.size() < kMaxTypes)
      missing.push_back({node.op, node.name, 1});
  }
  Diagnostics found;
  for (const Missing& m : missing)
    report(found, fmt::format("node \"{}\": operator {} is not supported{}; supported: {}",
                              shown_name(m.node), shown_name(m.op),
                              m.count > 1 ? fmt::format(" ({} nodes)", m.count) : "",
                              fmt::join(onnx_operators(), ", ")));
  return found;
}

Stream stream_of(const GraphInput& input) {
  Stream out;
  out.pieces = {Piece{}};
  out.input = input.name;
  out.integers = input.kind == GraphInput::Kind::kIntegers;
  for (const GraphInput::Extent& extent : input.shape)
    out.axes.push_back(extent.size == 1 ? Axis{} : Axis{Role::kOpen, extent.size, extent.symbol});
  if (!out.integers && !out.axes.empty()) out.axes.back().role = Role::kFeature;
  return out;
}

std::string shown_names(const std::vector<std::string>& names) {
  std::vector<std::string> shown;
  for (const std::string& name : names) shown.push_back(shown_name(name));
  return fmt::format("{}", fmt::join(shown, ", "));
}

// What the first output leaves over of a graph's inputs and outputs: states that go in and come
// out, and what nothing would feed or return. REQUIRES: the chain is complete.
class StateReader {
 public:
  StateReader(Chain& chain, const OnnxOptions& options) : chain_(chain), options_(options) {}

  Diagnostics run() {
    const std::vector<std::string>& outputs = chain_.graph->outputs;
    for (std::size_t i = 1; i < outputs.size(); ++i)
      if (!take_output(i)) leave_output(outputs[i]);
    for (const StateInput& state : chain_.states) settle(state);
    return std::move(found_);
  }

 private:
  // Operators that only look at a state from another side.
  static bool is_view(const Node& node) {
    constexpr std::array kViews{"Cast",    "Concat", "Constant", "Identity",  "Reshape",
                                "Dropout", "Slice",  "Squeeze",  "Transpose", "Unsqueeze"};
    return std::ranges::find(kViews, node.op) != kViews.end();
  }

  bool known(const std::string& name) {
    if (name.empty() || chain_.values.contains(name)) return true;
    const auto at = chain_.graph->constants.find(name);
    if (at == chain_.graph->constants.end()) return false;
    chain_.values.emplace(name, at->second);
    return true;
  }

  const Stream* stream_of_output(std::size_t output) {
    const std::string& name = chain_.graph->outputs[output];
    const Checked<std::vector<std::size_t>> order =
        sorted_nodes(*chain_.graph->parsed, {chain_.graph->outputs[output]});
    if (!order) return nullptr;
    for (const std::size_t i : *order) {
      const Node& node = chain_.graph->nodes[i];
      const auto seen = [&](const std::string& it) { return chain_.values.contains(it); };
      if (std::ranges::any_of(node.outputs, seen)) continue;
      if (!is_view(node) ||
          !std::ranges::all_of(node.inputs, [&](const auto& it) { return known(it); }) ||
          !handler_of(node.op)(chain_, node))
        return nullptr;
    }
    const auto at = chain_.values.find(name);
    return at == chain_.values.end() ? nullptr : std::get_if<Stream>(&at->second);
  }

  // True when it is where layers leave the states that inputs begin with.
  bool take_output(std::size_t output) {
    const Stream* stream = stream_of_output(output);
    if (stream == nullptr || (stream->form != Form::kLast && stream->form != Form::kCell))
      return false;
    std::vector<StateInput*> states;
    for (const Piece& piece : stream->pieces) {
      const auto at = std::ranges::find_if(chain_.states, [&](const StateInput& state) {
        return state.stage == piece.stage && state.cell == (stream->form == Form::kCell);
      });
      if (at == chain_.states.end()) return false;
      states.push_back(&*at);
    }
    for (StateInput* state : states) state->returned = true;
    return !states.empty();
  }

  void leave_output(const std::string& output) {
    if (!options_.output.empty())
      return add_note(chain_, fmt::format("output \"{}\" is not returned", shown_name(output)));
    report(found_, fmt::format("graph output \"{}\" is a second result, and one is returned; name "
                               "the one that is wanted: model.output: NAME, one of {}",
                               shown_name(output), shown_names(chain_.graph->outputs)));
  }

  void settle(const StateInput& state) {
    const char* what = state.cell ? "initial cell state" : "initial state";
    const std::string input = fmt::format("input \"{}\", the {} of \"{}\",",
                                          shown_name(state.input), what, shown_name(state.node));
    if (options_.zero_state) return add_note(chain_, input + " is zero in every request");
    if (!state.returned)
      return report(found_, fmt::format("graph {} has no source, and no output returns it, "
                                        "so it cannot be carried from request to request; write "
                                        "model.state: zero to begin every request with zeros",
                                        input));
    auto& layer = std::get<RecurrentLayer>(chain_.model.layers[state.layer]);
    (state.cell ? layer.carries_cell : layer.carries_hidden) = true;
    add_note(chain_, input + " is carried from request to request");
  }

  Chain& chain_;
  const OnnxOptions& options_;
  Diagnostics found_;
};

class Reader {
 public:
  Reader(const Graph& graph, const OnnxOptions& options) : graph_(graph), options_(options) {
    chain_.graph = &graph;
  }

  Checked<Model> run() {
    const Checked<std::vector<std::size_t>> order =
        sorted_nodes(*graph_.parsed, {graph_.outputs.front()});
    if (!order) return tl::unexpected(order.error());
    if (Diagnostics found = unsupported(graph_, *order); !found.empty())
      return tl::unexpected(std::move(found));
    begin(*order);
    for (const std::size_t i : *order)
      if (Status status = visit(graph_.nodes[i]); !status)
        return failed(fmt::format("node \"{}\" ({}) {}", shown_name(graph_.nodes[i].name),
                                  shown_name(graph_.nodes[i].op), status.error().message));
    if (Status status = end(); !status) return failed(std::move(status.error().message));
    if (Diagnostics loose = StateReader(chain_, options_).run(); !loose.empty())
      return tl::unexpected(std::move(loose));
    if (Diagnostics wrong = check_model(chain_.model); !wrong.empty())
      return tl::unexpected(std::move(wrong));
    return std::move(chain_.model);
  }

 private:
  static tl::unexpected<Diagnostics> failed(std::string message) {
    Diagnostics found;
    found.add(ErrorCode::kInvalid, std::move(message));
    return tl::unexpected(std::move(found));
  }

  void begin(const std::vector<std::size_t>& order) {
    chain_.any_recurrent = std::any_of(order.begin(), order.end(), [&](std::size_t i) {
      const std::string& op = graph_.nodes[i].op;
      return op == "LSTM" || op == "GRU" || op == "RNN";
    });
    for (const GraphInput& input : graph_.inputs)
      if (input.kind != GraphInput::Kind::kOther && input.has_shape)
        chain_.values.emplace(input.name, stream_of(input));
  }

  // The folding limit grows with what a file brings, so that reordering large weights by operators
  // stays possible.
  Status load_constant(const std::string& name) {
    if (name.empty() || chain_.values.contains(name)) return {};
    const auto at = graph_.constants.find(name);
    if (at == graph_.constants.end()) return invalid(unreadable(name));
    const std::size_t elements =
        std::visit([](const auto& values) { return values.size(); }, at->second->values);
    chain_.folding_left += 4 * static_cast<std::int64_t>(elements);
    chain_.values.emplace(name, at->second);
    return {};
  }

  Status visit(const Node& node) {
    for (const std::string& input : node.inputs)
      if (const Status status = load_constant(input); !status) return status;
    return handler_of(node.op)(chain_, node);
  }

  // A name that has a producer but no value.
  std::string unreadable(const std::string& name) const {
    const bool given = std::any_of(graph_.inputs.begin(), graph_.inputs.end(),
                                   [&](const auto& i) { return i.name == name; });
    return given ? fmt::format(
                       "reads the graph's input \"{}\", whose shape or element type is missing or "
                       "not supported",
                       shown_name(name))
                 : fmt::format("reads \"{}\", an output of its node that is not supported",
                               shown_name(name));
  }

  Status end() {
    const std::string& output = graph_.outputs.front();
    const auto at = chain_.values.find(output);
    const Stream* stream = at == chain_.values.end() ? nullptr : std::get_if<Stream>(&at->second);
    const std::string start = fmt::format("graph output \"{}\" ", shown_name(output));
    if (stream == nullptr) return invalid(start + "does not depend on the data of a request");
    if (const Status status = finish(chain_, *stream); !status)
      return invalid(start + status.error().message);
    return {};
  }

  const Graph& graph_;
  const OnnxOptions& options_;
  Chain chain_;
};

// The output that is wanted becomes the first.
Diagnostics put_first(const std::string& output, Graph& graph) {
  Diagnostics unknown;
  if (output.empty()) return unknown;
  const auto at = std::ranges::find(graph.outputs, output);
  if (at == graph.outputs.end())
    report(unknown, fmt::format("has no output \"{}\"; its outputs are {}", shown_name(output),
                                shown_names(graph.outputs)));
  else
    std::rotate(graph.outputs.begin(), at, at + 1);
  return unknown;
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

}  // namespace

}  // namespace onnx_import

Checked<Model> read_onnx(const std::string& path, const OnnxOptions& options) {
  FilesRead files;
  files.note(path);
  Checked<onnx_import::Graph> graph = onnx_import::load_graph(path);
  if (graph)
    if (Diagnostics unknown = onnx_import::put_first(options.output, *graph); !unknown.empty())
      graph = tl::unexpected(std::move(unknown));
  Checked<Model> model = graph ? onnx_import::Reader(*graph, options).run()
                               : Checked<Model>(tl::unexpected(graph.error()));
  if (!model) {
    for (Error& error : model.error().errors)
      error.message = fmt::format("{}: {}", shown_name(path, 4096), error.message);
    return model;
  }
  files.add(graph->files);
  model->files = std::move(files);
  model->source = path;
  model->name = onnx_import::name_of(path);
  return model;
}

std::vector<std::string> onnx_operators() {
  std::vector<std::string> out;
  for (const onnx_import::Operator& op : onnx_import::kOperators) out.emplace_back(op.name);
  return out;
}

}  // namespace soliton
