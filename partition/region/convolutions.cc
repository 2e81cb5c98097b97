// Convolutions along tokens: each is multiplied together with those before it, which FPGAs keep, for a
// stream of a token a request from request to request.
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "partition/ir/passes/tokens_first.h"
#include "partition/region/emitter.h"

namespace soliton::region {
namespace {

constexpr std::size_t kTokens = 2;  // the axis in [1, channels, tokens]

bool is_sequence(const ir::Array& array) {
  return array.present() && array.rank() == 3 && array.shape()[0] == 1 && ir::is_real(array.type());
}

// Whether the movement keeps the last `count` tokens.
bool keeps_last(const Emitter& emitter, const ir::Node& node, std::int64_t count) {
  const ir::Array& in = emitter.array(node.inputs[0]);
  const std::int64_t channels = in.shape()[1], tokens = in.shape()[kTokens];
  if (emitter.array(node.outputs[0]).shape() != ir::Shape{1, channels, count}) return false;
  return std::ranges::all_of(emitter.shapes().trials, [&](const ir::Trial& trial) {
    if (!trial.arrays[node.inputs[0]].present()) return false;
    const auto from = origins(emitter, node, trial);
    if (!from || std::ssize(*from) != channels * count) return false;
    for (std::int64_t at = 0; at < channels * count; ++at)
      if ((*from)[static_cast<std::size_t>(at)] !=
          at / count * tokens + tokens - count + at % count)
        return false;
    return true;
  });
}

struct Filter {
  std::int64_t filters = 0, channels = 0;
  Taps taps;
};

Result<std::vector<std::int64_t>> plain_attribute(const ir::Node& node, std::string_view name,
                                                  std::size_t numbers, std::int64_t otherwise) {
  auto out = node.integers(name, std::vector<std::int64_t>(numbers, otherwise));
  if (!out || out->size() != numbers) return invalid(fmt::format("has other {}", name));
  return std::move(*out);
}

Result<Filter> filter_of(const Emitter& emitter, const ir::Node& node) {
  const ir::Array& weights = emitter.array(node.inputs[1]);
  if (weights.rank() != 3) return invalid("does not slide along the tokens of a stream alone");
  const auto groups = node.integer("group", 1);
  if (!groups || *groups != 1) return invalid("has channels in groups");
  const auto dilations = plain_attribute(node, "dilations", 1, 1);
  if (!dilations) return tl::unexpected(dilations.error());
  const std::int64_t taps = weights.shape()[kTokens];
  const std::int64_t dilation = taps == 1 ? 1 : dilations->front();
  const Filter out{weights.shape()[0], weights.shape()[1], {taps, dilation, false}};
  if (out.channels * out.taps.count > kMaxWidth || out.filters > kMaxWidth)
    return invalid("has a filter of a size that no FPGA takes");
  return out;
}

// What a convolution reads: a stream, or one token alone.
Result<Stream> read_by(const Emitter& emitter, const ir::Node& node, const Taps& taps) {
  const auto pads = plain_attribute(node, "pads", 2, 0);
  const auto automatic = node.text("auto_pad", "NOTSET");
  if (!pads || !automatic || std::ranges::count(*pads, 0) != 2 ||
      (*automatic != "NOTSET" && *automatic != "VALID"))
    return invalid("pads what it slides over");
  const Stream* known = emitter.stream(node.inputs[0]);
  const bool joined = known != nullptr && known->place == Stream::Place::kJoined;
  const ir::Array& in = emitter.array(node.inputs[0]);
  if (!joined && (!is_sequence(in) || in.shape()[kTokens] != 1))
    return invalid("slides over an array that is no stream with its state");
  const Stream out = joined ? *known : Stream{node.inputs[0], 0, Stream::Place::kJoined, false};
  if (taps.length() != out.before + 1)
    return invalid(
        fmt::format("reads {} tokens of a stream that brings {}", taps.length(), out.before + 1));
  return out;
}

// Rows of filters, of which each has the channels of one tap behind those of another.
Tensor weights_of(const std::string& name, const float* from, const Filter& filter) {
  const std::int64_t taps = filter.taps.count;
  std::vector<float> out(static_cast<std::size_t>(filter.filters * filter.channels * taps));
  std::size_t at = 0;
  for (std::int64_t row = 0; row < filter.filters; ++row)
    for (std::int64_t tap = 0; tap < taps; ++tap)
      for (std::int64_t channel = 0; channel < filter.channels; ++channel)
        out[at++] = from[(row * filter.channels + channel) * taps + tap];
  return {name,
          {filter.filters, filter.channels * taps},
          std::make_shared<const std::vector<float>>(std::move(out))};
}

Status add_bias(const Emitter& emitter, const ir::Node& node, DenseLayer& layer) {
  if (node.inputs.size() < 3 || node.inputs[2] == ir::kAbsent) return {};
  const float* values = emitter.constant(node.inputs[2]);
  if (values == nullptr || emitter.array(node.inputs[2]).elements() != layer.output)
    return invalid("has a bias that is not constant");
  layer.bias = {layer.name + ".b",
                {layer.output},
                std::make_shared<const std::vector<float>>(values, values + layer.output)};
  return finite(layer.bias) ? Status() : invalid("has a bias that is not finite");
}

DenseLayer layer_of(Emitter& emitter, const ir::Node& node, const Vectors& in,
                    const Filter& filter) {
  DenseLayer layer;
  layer.name = emitter.fresh_name(node.name);
  layer.input = filter.channels * filter.taps.count;
  layer.output = filter.filters;
  layer.taps = filter.taps;
  layer.inputs = in.parts;
  layer.tokens = in.tokens;
  layer.per_step = in.per_step;
  layer.weights = weights_of(layer.name + ".W", emitter.constant(node.inputs[1]), filter);
  return layer;
}

Result<Vectors> product(Emitter& emitter, const ir::Node& node, const Vectors& in,
                        const Filter& filter) {
  if (in.parts.size() != 1 && filter.taps.count > 1)
    return invalid("reads vectors that lie in several parts");
  DenseLayer layer = layer_of(emitter, node, in, filter);
  if (!finite(layer.weights)) return invalid("has weights that are not finite");
  if (const Status added = add_bias(emitter, node, layer); !added)
    return tl::unexpected(added.error());
  return emitter.add(std::move(layer));
}

Status convolution(Emitter& emitter, const ir::Node& node) {
  if (emitter.constant(node.inputs[1]) == nullptr)
    return invalid("has weights that are not constant");
  const Result<Filter> filter = filter_of(emitter, node);
  if (!filter) return tl::unexpected(filter.error());
  if (const Vectors* columns = emitter.turned(node.inputs[0])) {
    if (!ir::is_causal(emitter.graph(), node)) return invalid("reads tokens that come later");
    const Result<Vectors> made = product(emitter, node, *columns, *filter);
    if (!made) return tl::unexpected(made.error());
    emitter.set_turned(node.outputs[0], *made);
    return {};
  }
  const Result<Stream> stream = read_by(emitter, node, filter->taps);
  if (!stream) return tl::unexpected(stream.error());
  const Result<Vectors> vectors = emitter.vectors(stream->newest, filter->channels);
  if (!vectors) return tl::unexpected(vectors.error());
  Filter carried = *filter;
  carried.taps.carried = filter->taps.count > 1;
  const Result<Vectors> made = product(emitter, node, *vectors, carried);
  if (!made) return tl::unexpected(made.error());
  emitter.set(node.outputs[0], *made);
  return {};
}

const ir::State* state_of(const ir::Graph& graph, ir::ValueId input) {
  const auto at = std::ranges::find(graph.states, input, &ir::State::input);
  return at == graph.states.end() ? nullptr : &*at;
}

// The movement that makes an array out of another one; null: it is made otherwise.
const ir::Node* movement_to(const ir::Graph& graph, ir::ValueId id) {
  const auto at = std::ranges::find_if(
      graph.nodes, [&](const ir::Node& node) { return node.outputs.front() == id; });
  const bool moves = at != graph.nodes.end() && (at->op == "Slice" || at->op == "Gather") &&
                     at->outputs.size() == 1;
  return moves ? &*at : nullptr;
}

// Whether anybody reads the state that remains, but for convolutions of the stream itself.
bool read_by_others(const ir::Graph& graph, ir::ValueId state, ir::ValueId joined) {
  return std::ranges::find(graph.outputs, state) != graph.outputs.end() ||
         std::ranges::any_of(graph.nodes, [&](const ir::Node& node) {
           const bool reads = std::ranges::find(node.inputs, state) != node.inputs.end();
           return reads && (state != joined || node.op != "Conv");
         });
}

// How a Concat joins state and the token of a request:
//   joined = state | token, next state = the last tokens of joined, or
//   joined = the last tokens of state | token, which is the next state as well.
struct Join {
  ir::ValueId front = ir::kAbsent;  // what stands before the token
  const ir::State* state = nullptr;
  std::int64_t before = 0;  // tokens of the front
};

std::optional<Join> front_of(const Emitter& emitter, const ir::Node& concat) {
  const ir::Graph& graph = emitter.graph();
  Join out{concat.inputs[0], state_of(graph, concat.inputs[0]), 0};
  const ir::Array& front = emitter.array(out.front);
  if (!is_sequence(front)) return std::nullopt;
  out.before = front.shape()[kTokens];
  const std::int64_t kept = out.before + 1;
  if (out.state == nullptr) {
    const ir::Node* cut = movement_to(graph, out.front);
    if (cut != nullptr) out.state = state_of(graph, cut->inputs[0]);
    if (out.state == nullptr || out.state->output != concat.outputs[0] ||
        !is_sequence(emitter.array(cut->inputs[0])) ||
        emitter.array(cut->inputs[0]).shape()[kTokens] != kept ||
        !keeps_last(emitter, *cut, out.before))
      return std::nullopt;
    return out;
  }
  const ir::Node* cut = movement_to(graph, out.state->output);
  if (cut == nullptr || cut->inputs[0] != concat.outputs[0] ||
      !keeps_last(emitter, *cut, out.before))
    return std::nullopt;
  return out;
}

std::optional<Join> join_of(const Emitter& emitter, const ir::Node& node) {
  if (node.op != "Concat" || node.inputs.size() != 2 ||
      std::ranges::count(node.inputs, ir::kAbsent) > 0 || node.outputs[0] == ir::kAbsent ||
      !is_sequence(emitter.array(node.outputs[0])))
    return std::nullopt;
  const auto axis = node.integer("axis", -1);
  if (!axis || (*axis != -1 && *axis != static_cast<std::int64_t>(kTokens))) return std::nullopt;
  const ir::Array& newest = emitter.array(node.inputs[1]);
  if (!is_sequence(newest) || newest.shape()[kTokens] != 1) return std::nullopt;
  std::optional<Join> out = front_of(emitter, node);
  if (out && !emitter.can_keep(out->state->input, out->state->output)) return std::nullopt;
  return out;
}

Stream stream_of(const ir::Graph& graph, const ir::Node& concat, const Join& join,
                 Stream::Place place) {
  return {concat.inputs[1], join.before, place,
          read_by_others(graph, join.state->output, concat.outputs[0])};
}

constexpr Rule kRules[] = {{"Conv", convolution}};

}  // namespace

std::span<const Rule> convolution_rules() { return kRules; }

// One token a request: of several, an array's vectors would not be side by side.
bool joins_stream(Emitter& emitter, const ir::Node& node) {
  const std::optional<Join> join = join_of(emitter, node);
  if (!join) return false;
  const Stream stream = stream_of(emitter.graph(), node, *join, Stream::Place::kJoined);
  if (!stream.also_on_cpu) emitter.keeps(join->state->input, join->state->output);
  emitter.set_stream(node.outputs[0], stream);
  return true;
}

bool cuts_stream(Emitter& emitter, const ir::Node& node) {
  const ir::Graph& graph = emitter.graph();
  const ir::ValueId made = node.outputs[0];
  for (const ir::Node& concat : graph.nodes) {
    if (concat.op != "Concat") continue;
    if (concat.inputs[0] != made && concat.outputs[0] != node.inputs[0]) continue;
    const std::optional<Join> join = join_of(emitter, concat);
    if (!join) continue;
    const bool front = join->front == made;
    const bool rest = join->state->output == made && emitter.stream(node.inputs[0]) != nullptr;
    if (!front && !rest) continue;
    emitter.set_stream(made, stream_of(graph, concat, *join, Stream::Place::kCut));
    return true;
  }
  return false;
}

namespace {

bool only_convolved(const ir::Graph& graph, ir::ValueId id) {
  std::size_t readers = 0;
  for (const ir::Node& node : graph.nodes) {
    if (std::ranges::find(node.inputs, id) == node.inputs.end()) continue;
    if (!ir::is_causal(graph, node)) return false;
    ++readers;
  }
  return readers > 0 && std::ranges::find(graph.outputs, id) == graph.outputs.end();
}

}  // namespace

std::optional<Status> turns_tokens(Emitter& emitter, const ir::Node& node) {
  if (node.op != "Transpose" || !is_sequence(emitter.array(node.outputs[0])) ||
      node.integers("perm", {}) != std::vector<std::int64_t>{0, 2, 1})
    return std::nullopt;
  if (const Vectors* columns = emitter.turned(node.inputs[0])) {
    emitter.set(node.outputs[0], *columns);
    return Status();
  }
  if (!only_convolved(emitter.graph(), node.outputs[0])) return std::nullopt;
  const ir::Shape& shape = emitter.array(node.outputs[0]).shape();
  const Result<Vectors> columns = emitter.vectors(node.inputs[0], shape[1]);
  if (!columns) return Status(tl::unexpected(columns.error()));
  emitter.set_turned(node.outputs[0], *columns);
  return Status();
}

}  // namespace soliton::region
