#include "partition/region/emitter.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace soliton::region {
namespace {

constexpr float kLargestHalf = 65504.0F;
constexpr std::int64_t kMostTokens = 65'535;  // what a data header can say

Tensor vector_tensor(std::string name, const std::vector<float>& values, std::int64_t width) {
  std::vector<float> spread = values;
  if (values.size() == 1) spread.assign(static_cast<std::size_t>(width), values.front());
  return {std::move(name), {width}, std::make_shared<const std::vector<float>>(std::move(spread))};
}

}  // namespace

Emitter::Emitter(const SplitRequest& request) : request_(request) {}

const float* Emitter::constant(ir::ValueId id) const {
  if (id == ir::kAbsent) return nullptr;
  const ir::Array& value = graph().values[id].constant;
  if (!value.known() || !ir::is_real(value.type())) return nullptr;
  const auto [at, fresh] = as_fp32_.try_emplace(id);
  if (fresh) at->second = ir::converted(value, ir::ElementType::kFloat32);
  return at->second.as<float>().data();
}

bool Emitter::is_constant(ir::ValueId id) const {
  if (id == ir::kAbsent) return false;
  const ir::Array& value = graph().values[id].constant;
  return value.present() && ir::is_real(value.type());
}

bool Emitter::can_keep(ir::ValueId input, ir::ValueId output) const {
  const auto& states = graph().states;
  const auto at = std::ranges::find(states, input, &ir::State::input);
  if (at == states.end() || at->output != output || !at->initial.known()) return false;
  std::int64_t readers = 0;
  for (const ir::Node& node : graph().nodes) readers += std::ranges::count(node.inputs, input);
  const auto zero = [](float value) { return value == 0.0F; };
  const ir::Array initial = ir::converted(at->initial, ir::ElementType::kFloat32);
  return readers == 1 && std::ranges::all_of(initial.as<float>(), zero);
}

bool Emitter::keeps(ir::ValueId input, ir::ValueId output) {
  if (!can_keep(input, output)) return false;
  const auto& states = graph().states;
  const auto at = std::ranges::find(states, input, &ir::State::input);
  kept_.push_back(static_cast<std::size_t>(at - states.begin()));
  return true;
}

const Vectors* Emitter::turned(ir::ValueId id) const {
  const auto at = turned_.find(id);
  return at == turned_.end() ? nullptr : &at->second;
}

const Stream* Emitter::stream(ir::ValueId id) const {
  const auto at = streams_.find(id);
  return at == streams_.end() ? nullptr : &at->second;
}

const Vectors* Emitter::made(ir::ValueId id) const {
  const auto at = made_.find(id);
  return at == made_.end() ? nullptr : &at->second;
}

Result<Vectors> Emitter::vectors(ir::ValueId id, std::int64_t width) {
  const Vectors* known = made(id);
  if (known != nullptr && known->width == width && !known->spread) return *known;
  return sent_vectors(id, width);
}

Result<Vectors> Emitter::sent_vectors(ir::ValueId id, std::int64_t width) {
  Result<Vectors> out = sent(id, width);
  if (!out) return out;
  const ir::ValueId from = before_views(id);
  const auto [at, fresh] = source_of_.try_emplace({from, width}, sources_.size());
  if (fresh) {
    sources_.push_back(from);
    model_.sources.push_back({graph().name_of(from), width, out->tokens, out->per_step, 0});
  }
  out->parts = {{LayerInput::From::kHost, at->second, LayerInput::What::kEvery}};
  return out;
}

// An array that a CPU part sends: as many vectors in every request, or one for each step.
Result<Vectors> Emitter::sent(ir::ValueId id, std::int64_t width) const {
  const ir::Array& it = array(id);
  if (!ir::is_real(it.type())) return invalid("does not read real numbers");
  if (width < 1 || width > kMaxWidth || it.elements() == 0 || it.elements() % width != 0)
    return invalid(
        fmt::format("reads vectors of {} elements; an FPGA takes 1 to {}", width, kMaxWidth));
  Vectors out{{}, it.elements() / width, false, width};
  if (out.tokens > kMostTokens)
    return invalid(
        fmt::format("reads {} vectors of a request; an FPGA takes {}", out.tokens, kMostTokens));
  const ir::Shape shape = shapes().shape_of(id);
  const auto open = std::ranges::count(shape, ir::kOpen);
  out.per_step = open > 0;
  if (open > 1 || (open == 1 && (shape.back() == ir::kOpen || out.tokens != shapes().steps())))
    return invalid("reads vectors whose size or number depends on a request");
  return out;
}

// Only of what CPU parts make: an FPGA's vectors might not be what its array has in its order.
ir::ValueId Emitter::before_views(ir::ValueId id) const {
  while (true) {
    const auto maker = std::ranges::find_if(
        graph().nodes, [&](const ir::Node& node) { return node.outputs.front() == id; });
    if (maker == graph().nodes.end() || made(id) != nullptr || !keeps_order(*this, *maker) ||
        request_.pinned(static_cast<std::size_t>(maker - graph().nodes.begin())))
      return id;
    const ir::ValueId in = maker->inputs.front();
    if (graph().values[in].constant.present() || made(in) != nullptr) return id;
    id = in;
  }
}

std::string Emitter::fresh_name(const std::string& wanted) {
  const std::size_t before = names_[wanted]++;
  return before == 0 ? wanted : fmt::format("{}.{}", wanted, before + 1);
}

Vectors Emitter::add(RecurrentLayer layer) {
  const std::int64_t width = layer.hidden * static_cast<std::int64_t>(layer.directions.size());
  const Vectors out{{{LayerInput::From::kLayer, model_.layers.size(), LayerInput::What::kEvery}},
                    layer.tokens,
                    layer.per_step,
                    width};
  model_.layers.emplace_back(std::move(layer));
  return out;
}

Vectors Emitter::add(DenseLayer layer) {
  const Vectors out{{{LayerInput::From::kLayer, model_.layers.size(), LayerInput::What::kEvery}},
                    layer.tokens,
                    layer.per_step,
                    layer.output};
  model_.layers.emplace_back(std::move(layer));
  return out;
}

Result<Vectors> Emitter::point(const std::string& name, const Vectors& in, Opcode opcode,
                               const Operand& operand) {
  if (!has(opcode))
    return invalid(
        fmt::format("needs {}, which not every FPGA of the cluster has", opcode_name(opcode)));
  const auto two_directions = [&](const LayerInput& input) {
    if (input.from != LayerInput::From::kLayer) return false;
    const auto* recurrent = std::get_if<RecurrentLayer>(&model_.layers[input.index]);
    return recurrent != nullptr && recurrent->directions.size() == 2;
  };
  if (in.parts.size() != 1 || two_directions(in.parts.front()) ||
      (operand.vector && two_directions(*operand.vector)))
    return invalid("works on vectors that lie in several parts");
  for (const float value : operand.constant)
    if (!(std::fabs(value) <= kLargestHalf))
      return invalid(fmt::format("has a constant {} beyond fp16", value));
  DenseLayer layer;
  layer.name = fresh_name(name);
  layer.input = layer.output = in.width;
  layer.tokens = in.tokens;
  layer.per_step = in.per_step;
  layer.inputs = in.parts;
  PointOperation& operation = layer.operations.emplace_back();
  operation.opcode = opcode;
  operation.operand = operand.vector;
  operation.padding = operand.padding;
  if (!operand.constant.empty())
    operation.constant = vector_tensor(layer.name + ".c", operand.constant, in.width);
  Vectors out = add(std::move(layer));
  out.spread = in.spread || is_reduction(opcode);
  return out;
}

void Emitter::back_to(const Mark& mark) {
  model_.layers.resize(mark.layers);
  model_.sources.resize(mark.sources);
  kept_.resize(mark.kept);
  sources_.resize(mark.sources);
  std::erase_if(source_of_, [&](const auto& it) { return it.second >= mark.sources; });
  const auto undone = [&](const auto& it) {
    return std::ranges::any_of(it.second.parts, [&](const LayerInput& part) {
      return part.from == LayerInput::From::kLayer ? part.index >= mark.layers
                                                   : part.index >= mark.sources;
    });
  };
  std::erase_if(made_, undone);
  std::erase_if(turned_, undone);
}

}  // namespace soliton::region
