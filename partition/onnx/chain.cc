#include "partition/onnx/chain.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/ir/shown_name.h"
#include "partition/onnx/read_onnx.h"
#include "protocol/base/check.h"

namespace soliton::onnx_import {

const Value& Chain::value(const Node& node, std::size_t input) const {
  const auto at = values.find(node.inputs[input]);
  SOLITON_CHECK_MSG(at != values.end(), "tensor {} before its producer", node.inputs[input]);
  return at->second;
}

ConstantPtr Chain::constant(const Node& node, std::size_t input) const {
  if (!node.has_input(input)) return nullptr;
  const auto* found = std::get_if<ConstantPtr>(&value(node, input));
  return found == nullptr ? nullptr : *found;
}

const Stream* Chain::stream(const Node& node, std::size_t input) const {
  return node.has_input(input) ? std::get_if<Stream>(&value(node, input)) : nullptr;
}

void Chain::set(const Node& node, std::size_t output, Value value) {
  if (output < node.outputs.size() && !node.outputs[output].empty())
    values.insert_or_assign(node.outputs[output], std::move(value));
}

Status Chain::charge(std::int64_t elements) {
  if (elements > folding_left)
    return invalid("the constants computed in the graph are too large for its file");
  folding_left -= elements;
  return {};
}

std::string layer_name(const Chain& chain, const std::string& kind) {
  const auto same = [&](const Layer& layer) {
    return soliton::layer_name(layer).starts_with(kind);
  };
  return fmt::format("{}{}", kind,
                     std::count_if(chain.model.layers.begin(), chain.model.layers.end(), same));
}

void add_note(Chain& chain, std::string note) {
  std::vector<std::string>& notes = chain.model.notes;
  if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(std::move(note));
}

namespace {

Status check_newest(const Chain& chain, const Stream& stream) {
  if (!stream.whole) return invalid("reads a part of a graph input");
  if (stream.form == Form::kCell) return invalid("reads the cell state of an LSTM");
  const std::size_t newest = chain.stages.size() - 1;
  const std::size_t stage = stream.pieces.front().stage;
  for (const Piece& piece : stream.pieces)
    if (piece.stage != stage) return invalid("reads results of several layers at once");
  if (stage != newest)
    return invalid(fmt::format(
        "reads the result of {}, which \"{}\" has read already: branches are not supported",
        stage == 0 ? "the graph's input"
                   : fmt::format("\"{}\"", shown_name(chain.stages[stage].made_by)),
        shown_name(chain.stages[stage + 1].made_by)));
  return {};
}

Status check_pieces(const Chain& chain, const Stream& stream) {
  const Stage& stage = chain.stages[stream.pieces.front().stage];
  bool ordered = stream.pieces.size() == static_cast<std::size_t>(stage.directions);
  for (std::size_t i = 0; ordered && i < stream.pieces.size(); ++i)
    ordered = stream.pieces[i].direction == static_cast<int>(i);
  if (!ordered)
    return invalid(fmt::format("does not read both directions of \"{}\", forward first",
                               shown_name(stage.made_by)));
  return {};
}

// The only direction of a layer ends at the last step (or, in reverse, the first): its vector there
// is its last state.
Form resolved(const Chain& chain, const Stream& stream) {
  const Stage& stage = chain.stages[stream.pieces.front().stage];
  if (!stage.recurrent) return stream.form;
  if (stage.directions == 1 && stream.form == Form::kAtLastStep && !stage.reverse)
    return Form::kLast;
  if (stage.directions == 1 && stream.form == Form::kAtFirstStep && stage.reverse)
    return Form::kLast;
  return stream.form;
}

// Dense layers at the end that were thought to run at every step, of which only the last vector is
// read, run once. False when no recurrent layer comes before them, or one whose last vector only a
// dense layer can take.
bool run_once(Model& model) {
  auto layer = model.layers.rbegin();
  for (; layer != model.layers.rend(); ++layer) {
    auto* dense = std::get_if<DenseLayer>(&*layer);
    if (dense == nullptr) break;
    dense->every_step = false;
  }
  if (layer == model.layers.rend()) return false;
  auto& recurrent = std::get<RecurrentLayer>(*layer);
  recurrent.emits_sequence = recurrent.reverse || recurrent.directions.size() > 1;
  return !recurrent.emits_sequence || layer != model.layers.rbegin();
}

}  // namespace

Result<Feed> consume(Chain& chain, const Stream& stream) {
  if (stream.form == Form::kAtLastStep && chain.lengths &&
      chain.lengths->from != Lengths::From::kNothing)
    return invalid(
        "reads the last step, which is padding where a request is shorter than the input "
        "(sequence_lens); supported: all steps, or the last states");
  if (const Status status = check_newest(chain, stream); !status)
    return tl::unexpected(status.error());
  if (const Status status = check_pieces(chain, stream); !status)
    return tl::unexpected(status.error());
  const Form form = resolved(chain, stream);
  if (form == Form::kAtFirstStep) return invalid("reads the first step only");
  if (chain.stages.back().recurrent) {
    std::get<RecurrentLayer>(chain.model.layers.back()).emits_sequence = form != Form::kLast;
  } else if (form == Form::kAtLastStep) {
    if (!run_once(chain.model))
      return invalid("reads the last step of something that no recurrent layer made");
    return Feed::kLast;
  }
  if (form == Form::kAtLastStep) return Feed::kAtStep;
  return form == Form::kSequence ? Feed::kSequence : Feed::kLast;
}

Result<std::int64_t> vector_width(const Stream& stream) {
  if (stream.has(Role::kPieces)) {
    const Axis& pieces = stream.axes[stream.find(Role::kPieces)];
    if (pieces.size != 1)
      return invalid(
          fmt::format("reads {} with its directions stacked, not joined", describe(stream)));
  }
  const std::size_t feature = stream.find(Role::kFeature);
  if (feature == stream.axes.size() || stream.axes[feature].size == kUnknown)
    return invalid(fmt::format("reads {}, which has no axis of known vectors", describe(stream)));
  return stream.axes[feature].size;
}

Stream next_stage(Chain& chain, const Node& node, const Stream& before, Feed feed,
                  std::int64_t width) {
  chain.stages.push_back({node.name});
  Stream out = before;
  out.pieces = {Piece{chain.stages.size() - 1, 0}};
  out.form = feed == Feed::kSequence ? Form::kSequence : Form::kLast;
  for (Axis& axis : out.axes) {
    if (axis.role == Role::kFeature) axis.size = width;
    if (axis.role == Role::kPieces) axis = Axis{};
  }
  return out;
}

Status settle_open_axes(Chain& chain, Stream& stream) {
  if (chain.any_recurrent || chain.steps_known) return {};
  std::int64_t steps = 1;
  for (Axis& axis : stream.axes) {
    if (axis.role != Role::kOpen) continue;
    if (axis.size == kUnknown) {
      add_note(chain, fmt::format("the input's free dimension \"{}\" is taken as 1",
                                  shown_name(axis.symbol)));
      axis = Axis{};
    } else if (steps != 1) {
      return invalid(
          fmt::format("reads {}: more than one axis besides the vectors", describe(stream)));
    } else {
      steps = axis.size;
      axis.role = Role::kSteps;
    }
  }
  chain.steps_known = true;
  chain.model.fixed_steps = steps;
  if (steps == 1) stream.form = Form::kLast;
  return {};
}

namespace {

// Row-major order of the output must be: steps, then directions, then elements.
Status check_order(const Stream& stream) {
  const auto place = [&](Role role, std::size_t otherwise) {
    return stream.has(role) ? stream.find(role) : otherwise;
  };
  const std::size_t feature = stream.find(Role::kFeature);
  if (feature == stream.axes.size()) return invalid("returns something without vectors");
  const std::size_t pieces = place(Role::kPieces, feature);
  if (pieces > feature || place(Role::kSteps, 0) > pieces)
    return invalid(fmt::format(
        "returns {} with the steps or directions not in front of the vectors", describe(stream)));
  return {};
}

}  // namespace

Status finish(Chain& chain, const Stream& stream) {
  if (chain.model.layers.empty())
    return invalid("the graph has no layer an FPGA could run (LSTM, GRU, RNN, Gemm, MatMul)");
  if (const Status order = check_order(stream); !order) return order;
  const Result<Feed> feed = consume(chain, stream);
  if (!feed) return tl::unexpected(feed.error());
  if (*feed == Feed::kAtStep)
    return invalid(
        "returns both directions of the last step; supported: all steps, or the last states");
  chain.model.sequence_output = *feed == Feed::kSequence;
  chain.model.output = layer_output(chain.model.layers.back());
  return {};
}

}  // namespace soliton::onnx_import
