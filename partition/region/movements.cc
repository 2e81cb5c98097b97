// Operators that only move elements: they cost an FPGA nothing where they leave vectors as they are,
// or keep the last one of a recurrent layer alone.
#include <algorithm>
#include <numeric>

#include "partition/ir/evaluate.h"
#include "partition/region/emitter.h"

namespace soliton::region {

// The operator itself is asked, with the positions of elements in place of them.
std::optional<std::vector<std::int64_t>> origins(const Emitter& emitter, const ir::Node& node,
                                                 const ir::Trial& trial) {
  const ir::Array& in = trial.arrays[node.inputs[0]];
  std::vector<std::int64_t> positions(static_cast<std::size_t>(in.elements()));
  std::iota(positions.begin(), positions.end(), 0);
  std::vector<ir::Array> inputs{ir::Array::of(in.shape(), std::move(positions))};
  for (std::size_t k = 1; k < node.inputs.size(); ++k) {
    const ir::ValueId id = node.inputs[k];
    inputs.push_back(id == ir::kAbsent ? ir::Array() : trial.arrays[id]);
  }
  const Result<ir::Outputs> out = ir::apply_node(emitter.graph(), node, inputs);
  if (!out || out->empty() || !out->front().known() ||
      out->front().type() != ir::ElementType::kInt64)
    return std::nullopt;
  const auto elements = out->front().as<std::int64_t>();
  return std::vector<std::int64_t>(elements.begin(), elements.end());
}

namespace {

bool consecutive(const std::vector<std::int64_t>& at) {
  for (std::size_t i = 1; i < at.size(); ++i)
    if (at[i] != at[0] + static_cast<std::int64_t>(i)) return false;
  return !at.empty();
}

// What an operator does to vectors in requests of one number of steps.
struct Moved {
  std::int64_t tokens = 0;  // that it reads
  std::int64_t first = 0;   // the elements that it keeps: `count` from here on
  std::int64_t count = 0;
};

Result<Moved> moved(const Emitter& emitter, const ir::Node& node, const Vectors& in,
                    const ir::Trial& trial) {
  const auto from = origins(emitter, node, trial);
  if (!from || !consecutive(*from)) return invalid("moves elements, which an FPGA does not");
  return Moved{in.per_step && trial.steps > 0 ? trial.steps : in.tokens, from->front(),
               static_cast<std::int64_t>(from->size())};
}

// The vector of the last step, if the layer has one that is its last state in every direction.
std::optional<LayerInput> last_of(Emitter& emitter, const Vectors& vectors,
                                  const std::vector<Moved>& all) {
  if (vectors.parts.size() != 1) return std::nullopt;
  LayerInput input = vectors.parts.front();
  if (input.from != LayerInput::From::kLayer || input.what != LayerInput::What::kEvery)
    return std::nullopt;
  const auto* recurrent = std::get_if<RecurrentLayer>(&emitter.model().layers[input.index]);
  if (recurrent == nullptr || recurrent->directions.size() != 1) return std::nullopt;
  for (const Moved& it : all)
    if (it.first != (recurrent->reverse ? 0 : (it.tokens - 1) * vectors.width)) return std::nullopt;
  input.what = LayerInput::What::kLast;
  return input;
}

}  // namespace

bool keeps_order(const Emitter& emitter, const ir::Node& node) {
  static constexpr std::string_view kViews[] = {"Reshape", "Squeeze",  "Unsqueeze",
                                                "Flatten", "Identity", "Dropout"};
  if (std::ranges::find(kViews, node.op) != std::end(kViews)) return true;
  if (node.op != "Transpose") return false;
  const ir::Shape& shape = emitter.array(node.inputs[0]).shape();
  std::vector<std::int64_t> reversed(shape.size());
  std::iota(reversed.rbegin(), reversed.rend(), 0);
  const auto order = node.integers("perm", reversed);
  if (!order || order->size() != shape.size()) return false;
  std::int64_t last = -1;
  for (const std::int64_t axis : *order) {
    if (axis < 0 || axis >= static_cast<std::int64_t>(shape.size())) return false;
    if (shape[static_cast<std::size_t>(axis)] == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

namespace {

Status move(Emitter& emitter, const ir::Node& node) {
  if (cuts_stream(emitter, node)) return {};
  if (const std::optional<Status> turned = turns_tokens(emitter, node)) return *turned;
  const Vectors* in = emitter.made(node.inputs[0]);
  if (in == nullptr) return invalid("moves elements that no FPGA makes");
  if (keeps_order(emitter, node)) {
    emitter.set(node.outputs[0], *in);
    return {};
  }
  std::vector<Moved> trials;
  for (const ir::Trial& trial : emitter.shapes().trials) {
    const Result<Moved> it = moved(emitter, node, *in, trial);
    if (!it) return tl::unexpected(it.error());
    trials.push_back(*it);
  }
  if (std::ranges::all_of(trials,
                          [&](const Moved& it) { return it.count == it.tokens * in->width; })) {
    emitter.set(node.outputs[0], *in);
    return {};
  }
  if (std::ranges::any_of(trials, [&](const Moved& it) { return it.count != in->width; }))
    return invalid("keeps some of the vectors, which an FPGA does not");
  const auto last = last_of(emitter, *in, trials);
  if (!last) return invalid("keeps a vector that is not the last state of a recurrent layer");
  emitter.set(node.outputs[0], {{*last}, 1, false, in->width});
  return {};
}

constexpr Rule kRules[] = {{"Reshape", move},   {"Transpose", move}, {"Squeeze", move},
                           {"Unsqueeze", move}, {"Flatten", move},   {"Identity", move},
                           {"Slice", move},     {"Gather", move},    {"Dropout", move}};

}  // namespace

std::span<const Rule> movement_rules() { return kRules; }

}  // namespace soliton::region
