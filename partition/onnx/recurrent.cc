// LSTM, GRU and RNN nodes to recurrent layers. Gates change order on the way: ONNX z r h and i o f
// c, here r z n and i f o c.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "partition/ir/shown_name.h"
#include "partition/onnx/chain.h"
#include "partition/onnx/fold.h"

namespace soliton::onnx_import {

namespace {

// Position in ONNX of each of our gates.
constexpr std::array<std::int64_t, 3> kGruGates{1, 0, 2};
constexpr std::array<std::int64_t, 4> kLstmGates{0, 2, 1, 3};
constexpr std::array<std::int64_t, 1> kRnnGates{0};

std::int64_t onnx_gate(Cell cell, std::int64_t gate) {
  const auto at = static_cast<std::size_t>(gate);
  return cell == Cell::kGru    ? kGruGates.at(at)
         : cell == Cell::kLstm ? kLstmGates.at(at)
                               : kRnnGates.at(at);
}

struct Setup {
  Cell cell = Cell::kGru;
  std::int64_t directions = 1;
  bool reverse = false;
  bool reset_after = false;
  bool batch_first = false;
  std::int64_t gates() const { return gate_count(cell); }
};

bool same_word(const std::string& a, const std::string& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](unsigned char x, unsigned char y) {
    return std::tolower(x) == std::tolower(y);
  });
}

std::vector<std::string> usual_activations(Cell cell) {
  switch (cell) {
    case Cell::kGru:
      return {"Sigmoid", "Tanh"};
    case Cell::kLstm:
      return {"Sigmoid", "Tanh", "Tanh"};
    case Cell::kRnn:
      break;
  }
  return {"Tanh"};
}

Status check_activations(const Node& node, const Setup& setup) {
  const Attribute* given = node.find("activations");
  if (given == nullptr) return {};
  const std::vector<std::string> usual = usual_activations(setup.cell);
  bool right = given->texts.size() == usual.size() * static_cast<std::size_t>(setup.directions);
  for (std::size_t i = 0; right && i < given->texts.size(); ++i)
    right = same_word(given->texts[i], usual[i % usual.size()]);
  if (!right) return invalid(fmt::format("has activations other than {}", fmt::join(usual, ", ")));
  return {};
}

Result<Setup> setup_of(const Node& node) {
  Setup setup;
  setup.cell = node.op == "GRU" ? Cell::kGru : node.op == "LSTM" ? Cell::kLstm : Cell::kRnn;
  const Result<std::string> direction = node.text("direction", "forward");
  if (!direction) return tl::unexpected(direction.error());
  if (*direction == "bidirectional")
    setup.directions = 2;
  else if (*direction == "reverse")
    setup.reverse = true;
  else if (*direction != "forward")
    return invalid(fmt::format("has direction \"{}\"", shown_name(*direction)));
  const Result<std::int64_t> reset = node.integer("linear_before_reset", 0);
  const Result<std::int64_t> layout = node.integer("layout", 0);
  const Result<std::int64_t> coupled = node.integer("input_forget", 0);
  for (const auto* number : {&reset, &layout, &coupled})
    if (!*number) return tl::unexpected(number->error());
  if (*coupled != 0)
    return invalid("couples input and forget gates (input_forget), which is not supported");
  if (node.find("clip") != nullptr) return invalid("clips its gates, which is not supported");
  setup.reset_after = setup.cell == Cell::kGru && *reset != 0;
  setup.batch_first = *layout != 0;
  if (const Status status = check_activations(node, setup); !status)
    return tl::unexpected(status.error());
  return setup;
}

// Settles which axes of the input are steps and batch.
Status settle_steps(Chain& chain, const Stream& x, const Setup& setup) {
  if (x.integers) return invalid("reads symbol numbers, not vectors");
  if (x.axes.size() != 3 || x.axes[2].role != Role::kFeature)
    return invalid(fmt::format("reads {}, not [steps, 1, vector]", describe(x)));
  const Axis& steps = x.axes[setup.batch_first ? 1 : 0];
  const Axis& batch = x.axes[setup.batch_first ? 0 : 1];
  if (batch.role == Role::kSteps)
    return invalid(fmt::format("reads {} with the steps as its batch", describe(x)));
  if (batch.size != kUnknown && batch.size != 1)
    add_note(chain, fmt::format("the fixed batch of {} is lanes that requests fill: each is one",
                                batch.size));
  if (batch.size == kUnknown)
    add_note(chain, fmt::format("the input's free dimension \"{}\" is taken as 1",
                                shown_name(batch.symbol)));
  if (steps.role != Role::kSteps && steps.role != Role::kOpen && steps.role != Role::kUnit)
    return invalid(fmt::format("reads {}, not [steps, 1, vector]", describe(x)));
  if (!chain.steps_known) chain.model.fixed_steps = steps.size == kUnknown ? 0 : steps.size;
  chain.steps_known = true;
  return {};
}

// A state given to the layer: nothing, an input of the graph, or a constant.
struct InitialState {
  std::string input;  // of the graph
  Floats values;      // [directions * hidden]; empty: zeros
};

Result<InitialState> initial_state(Chain& chain, const Node& node, std::size_t input,
                                   const char* what, std::int64_t elements) {
  InitialState out;
  if (!node.has_input(input)) return out;
  if (const Stream* stream = chain.stream(node, input)) {
    out.input = stream->input;
    if (out.input.empty()) return invalid(fmt::format("its {} comes from another layer", what));
    return out;
  }
  const std::optional<double> all = single_value(chain.value(node, input));
  if (all == 0.0) return out;
  const auto count = static_cast<std::size_t>(elements);
  if (all) {
    out.values.assign(count, static_cast<float>(*all));
    return out;
  }
  const ConstantPtr constant = chain.constant(node, input);
  if (!constant || constant->floats() == nullptr || constant->floats()->size() != count)
    return invalid(
        fmt::format("its {} is not a constant of {} numbers, one for each element of "
                    "the state",
                    what, elements));
  out.values = *constant->floats();
  return out;
}

// Lengths that cut nothing off are none.
Result<Lengths> lengths_of(const Chain& chain, const Node& node) {
  if (!node.has_input(4)) return Lengths{};
  if (const Stream* stream = chain.stream(node, 4)) {
    if (!stream->integers || stream->input.empty())
      return invalid("has sequence lengths (sequence_lens) that are not an input of the graph");
    return Lengths{Lengths::From::kInput, stream->input, 0};
  }
  const std::optional<double> steps = single_value(chain.value(node, 4));
  const std::int64_t most = chain.model.row_steps > 0 ? chain.model.row_steps
                            : chain.model.fixed_steps != 0 && chain.model.row_steps == 0
                                ? chain.model.fixed_steps
                                : kMaxSteps;
  if (!steps || *steps < 1 || *steps > static_cast<double>(most))
    return invalid(
        fmt::format("has sequence lengths (sequence_lens) that are not one number "
                    "between 1 and {}",
                    most));
  const auto whole = static_cast<std::int64_t>(*steps);
  if (whole == most) return Lengths{};
  return Lengths{Lengths::From::kConstant, "", whole};
}

// All recurrent layers must agree: what one leaves behind a request's end, another would read.
Status settle_lengths(Chain& chain, const Node& node) {
  const Result<Lengths> lengths = lengths_of(chain, node);
  if (!lengths) return tl::unexpected(lengths.error());
  if (chain.lengths && *chain.lengths != *lengths)
    return invalid("has other sequence lengths (sequence_lens) than the recurrent layer before it");
  if (chain.lengths) return {};
  chain.lengths = *lengths;
  if (lengths->from == Lengths::From::kInput) {
    chain.model.takes_lengths = true;
    add_note(chain, fmt::format("input \"{}\" is the length of each request (workload.lengths)",
                                shown_name(lengths->input)));
  }
  if (lengths->from == Lengths::From::kConstant) {
    chain.model.row_steps = chain.model.fixed_steps != 0 ? chain.model.fixed_steps : -1;
    chain.model.fixed_steps = lengths->steps;
    add_note(chain,
             fmt::format("the first {} steps of a request count (sequence_lens)", lengths->steps));
  }
  return {};
}

void take_state(Chain& chain, const Node& node, const InitialState& state, bool cell,
                RecurrentLayer& layer) {
  if (!state.input.empty())
    chain.states.push_back(
        {state.input, node.name, chain.stages.size(), chain.model.layers.size(), cell, false});
  if (state.values.empty()) return;
  for (std::size_t d = 0; d < layer.directions.size(); ++d) {
    const auto begin = state.values.begin() + static_cast<std::ptrdiff_t>(d) * layer.hidden;
    Tensor& tensor = cell ? layer.directions[d].initial_cell : layer.directions[d].initial_hidden;
    tensor.name = layer.name + (cell ? ".c0" : ".h0");
    tensor.shape = {layer.hidden};
    tensor.values = std::make_shared<const std::vector<float>>(begin, begin + layer.hidden);
  }
}

Status load_states(Chain& chain, const Node& node, RecurrentLayer& layer) {
  const std::int64_t elements = layer.hidden * static_cast<std::int64_t>(layer.directions.size());
  const Result<InitialState> hidden = initial_state(chain, node, 5, "initial state", elements);
  if (!hidden) return tl::unexpected(hidden.error());
  take_state(chain, node, *hidden, false, layer);
  if (layer.cell != Cell::kLstm) return {};
  const Result<InitialState> cell = initial_state(chain, node, 6, "initial cell state", elements);
  if (!cell) return tl::unexpected(cell.error());
  take_state(chain, node, *cell, true, layer);
  if (node.has_input(7) && single_value(chain.value(node, 7)) != 0.0)
    return invalid("has peepholes, which are not supported");
  return {};
}

Result<ConstantPtr> weights(const Chain& chain, const Node& node, std::size_t input,
                            const char* what, const Shape& shape) {
  const ConstantPtr constant = chain.constant(node, input);
  if (!constant || constant->floats() == nullptr)
    return invalid(fmt::format("its {} are not constant numbers", what));
  if (constant->shape != shape)
    return invalid(fmt::format("its {} have shape [{}], not [{}]", what,
                               fmt::join(constant->shape, ", "), fmt::join(shape, ", ")));
  return constant;
}

// `count` rows of `width` values from row `first` on, gate by gate in our order.
Tensor reordered(std::string name, const Floats& all, std::int64_t first,
                 const RecurrentLayer& layer, std::int64_t width) {
  std::vector<float> out;
  const std::int64_t gate_values = layer.hidden * width;
  for (std::int64_t gate = 0; gate < layer.gates(); ++gate) {
    const auto begin = all.begin() + first * width + onnx_gate(layer.cell, gate) * gate_values;
    out.insert(out.end(), begin, begin + gate_values);
  }
  const std::int64_t rows = layer.gates() * layer.hidden;
  Shape shape = width == 1 ? Shape{rows} : Shape{rows, width};
  return {std::move(name), std::move(shape),
          std::make_shared<const std::vector<float>>(std::move(out))};
}

Result<std::int64_t> hidden_size(const Chain& chain, const Node& node) {
  const ConstantPtr recurrent = chain.constant(node, 2);
  if (!recurrent || recurrent->shape.size() != 3)
    return invalid("its recurrent weights are not a constant [directions, gates, hidden]");
  const Result<std::int64_t> given = node.integer("hidden_size", recurrent->shape[2]);
  if (!given) return given;
  if (*given < 1 || *given > kMaxWidth || *given != recurrent->shape[2])
    return invalid(fmt::format("has hidden_size {}, but recurrent weights for {}", *given,
                               recurrent->shape[2]));
  return given;
}

Status load_weights(const Chain& chain, const Node& node, const Setup& setup,
                    RecurrentLayer& layer) {
  const std::int64_t rows = setup.gates() * layer.hidden;
  const auto w = weights(chain, node, 1, "input weights", {setup.directions, rows, layer.input});
  const auto r =
      weights(chain, node, 2, "recurrent weights", {setup.directions, rows, layer.hidden});
  Result<ConstantPtr> b = std::make_shared<const Constant>(
      Constant{{}, Floats(static_cast<std::size_t>(setup.directions * 2 * rows))});
  if (node.has_input(3)) b = weights(chain, node, 3, "biases", {setup.directions, 2 * rows});
  for (const auto* part : {&w, &r, &std::as_const(b)})
    if (!*part) return tl::unexpected(part->error());
  for (std::int64_t d = 0; d < setup.directions; ++d) {
    const std::string name = d == 0 ? layer.name : layer.name + ".reverse";
    RecurrentWeights out;
    out.input = reordered(name + ".W", *(*w)->floats(), d * rows, layer, layer.input);
    out.recurrent = reordered(name + ".R", *(*r)->floats(), d * rows, layer, layer.hidden);
    out.input_bias = reordered(name + ".Wb", *(*b)->floats(), 2 * d * rows, layer, 1);
    out.recurrent_bias = reordered(name + ".Rb", *(*b)->floats(), (2 * d + 1) * rows, layer, 1);
    // A matrix of one column is still a matrix.
    out.input.shape = {rows, layer.input};
    out.recurrent.shape = {rows, layer.hidden};
    layer.directions.push_back(std::move(out));
  }
  return {};
}

Stream output(const Chain& chain, const Setup& setup, std::int64_t hidden, Form form) {
  Stream out;
  for (int d = 0; d < setup.directions; ++d) out.pieces.push_back({chain.stages.size() - 1, d});
  out.form = form;
  const Axis steps{Role::kSteps, chain.model.fixed_steps == 0 ? kUnknown : chain.model.fixed_steps,
                   "steps"};
  const Axis pieces{Role::kPieces, setup.directions, ""};
  const Axis vector{Role::kFeature, hidden, ""};
  const Axis batch;
  if (form == Form::kSequence)
    out.axes = setup.batch_first ? std::vector{batch, steps, pieces, vector}
                                 : std::vector{steps, pieces, batch, vector};
  else
    out.axes =
        setup.batch_first ? std::vector{batch, pieces, vector} : std::vector{pieces, batch, vector};
  return out;
}

Result<RecurrentLayer> layer_of(Chain& chain, const Node& node, const Setup& setup,
                                std::int64_t width) {
  RecurrentLayer layer;
  layer.name = layer_name(chain, cell_name(setup.cell));
  layer.cell = setup.cell;
  layer.input = width;
  layer.reset_after = setup.reset_after;
  layer.reverse = setup.reverse;
  const Result<std::int64_t> hidden = hidden_size(chain, node);
  if (!hidden) return tl::unexpected(hidden.error());
  layer.hidden = *hidden;
  if (const Status status = load_weights(chain, node, setup, layer); !status)
    return tl::unexpected(status.error());
  if (const Status status = load_states(chain, node, layer); !status)
    return tl::unexpected(status.error());
  return layer;
}

}  // namespace

Status handle_recurrent(Chain& chain, const Node& node) {
  const Stream* x = chain.stream(node, 0);
  if (x == nullptr) return invalid("does not read the data of a request");
  if (chain.model.after != HostAfter::kNone)
    return invalid("follows a softmax, which must come last");
  const Result<Setup> setup = setup_of(node);
  if (!setup) return tl::unexpected(setup.error());
  const Result<std::int64_t> width = vector_width(*x);
  if (!width) return tl::unexpected(width.error());
  if (const Status status = settle_steps(chain, *x, *setup); !status) return status;
  if (const Status status = settle_lengths(chain, node); !status) return status;
  const Result<Feed> feed = consume(chain, *x);
  if (!feed) return tl::unexpected(feed.error());
  if (*feed != Feed::kSequence) return invalid("reads one vector, not one for each step");
  Result<RecurrentLayer> layer = layer_of(chain, node, *setup, *width);
  if (!layer) return tl::unexpected(layer.error());
  if (chain.model.layers.empty()) chain.model.input = *width;
  const std::int64_t hidden = layer->hidden;
  chain.model.layers.emplace_back(std::move(*layer));
  chain.stages.push_back({node.name, true, static_cast<int>(setup->directions), setup->reverse});
  chain.set(node, 0, output(chain, *setup, hidden, Form::kSequence));
  chain.set(node, 1, output(chain, *setup, hidden, Form::kLast));
  if (setup->cell == Cell::kLstm) chain.set(node, 2, output(chain, *setup, hidden, Form::kCell));
  return {};
}

}  // namespace soliton::onnx_import
