// Functions of several operations: normalisations, softmax, hard and soft activations.
#include <algorithm>
#include <cmath>

#include "partition/region/emitter.h"

namespace soliton::region {
namespace {

using Steps = std::vector<PointStep>;

Status finish(Emitter& emitter, const ir::Node& node, Result<Vectors> out) {
  if (!out) return tl::unexpected(out.error());
  emitter.set(node.outputs[0], std::move(*out));
  return {};
}

// The rules below begin with the vectors of the first input.
Result<Vectors> input_of(Emitter& emitter, const ir::Node& node) {
  const auto in = first_made(emitter, node);
  if (!in) return tl::unexpected(in.error());
  if (in->position != 0) return invalid("reads nothing that an FPGA makes");
  return in->in;
}

Status with_steps(Emitter& emitter, const ir::Node& node, const Steps& steps) {
  const auto in = input_of(emitter, node);
  if (!in) return tl::unexpected(in.error());
  return finish(emitter, node, continue_with(emitter, node.name, *in, steps));
}

// A bound that is an input since opset 11, before that an attribute; nothing if it is left out.
Result<std::optional<float>> bound_of(Emitter& emitter, const ir::Node& node, std::size_t input,
                                      const char* attribute) {
  if (input < node.inputs.size() && node.inputs[input] != ir::kAbsent) {
    const float* value = emitter.constant(node.inputs[input]);
    if (value == nullptr) return invalid("has bounds that are not constant");
    return *value;
  }
  if (node.find(attribute) == nullptr) return std::optional<float>();
  const auto value = node.real(attribute, 0.0F);
  if (!value) return tl::unexpected(value.error());
  return *value;
}

// The largest fp16 number bounds as much as anything beyond it.
Operand bound(float value) { return constant(std::clamp(value, -65504.0F, 65504.0F)); }

Status clip(Emitter& emitter, const ir::Node& node) {
  const auto low = bound_of(emitter, node, 1, "min"), high = bound_of(emitter, node, 2, "max");
  if (!low) return tl::unexpected(low.error());
  if (!high) return tl::unexpected(high.error());
  Steps steps;
  if (*low) steps.push_back({Opcode::kVvMax, bound(**low)});
  if (*high) steps.push_back({Opcode::kVvMin, bound(**high)});
  return with_steps(emitter, node, steps);
}

Steps hard_sigmoid_steps(float alpha, float beta) {
  return {{Opcode::kVvMul, constant(alpha)},
          {Opcode::kVvAdd, constant(beta)},
          {Opcode::kVvMax, constant(0.0F)},
          {Opcode::kVvMin, constant(1.0F)}};
}

Status hard_sigmoid(Emitter& emitter, const ir::Node& node) {
  const auto alpha = node.real("alpha", 0.2F), beta = node.real("beta", 0.5F);
  if (!alpha || !beta) return invalid("has attributes of another kind");
  return with_steps(emitter, node, hard_sigmoid_steps(*alpha, *beta));
}

// x times f(x).
Status times_itself(Emitter& emitter, const ir::Node& node, const Steps& steps) {
  const auto in = input_of(emitter, node);
  if (!in) return tl::unexpected(in.error());
  const auto factor = as_operand(*in);
  if (!factor) return tl::unexpected(factor.error());
  Steps all = steps;
  all.push_back({Opcode::kVvMul, *factor});
  return finish(emitter, node, continue_with(emitter, node.name, *in, all));
}

Status hard_swish(Emitter& emitter, const ir::Node& node) {
  return times_itself(emitter, node, hard_sigmoid_steps(1.0F / 6.0F, 0.5F));
}

Status leaky_relu(Emitter& emitter, const ir::Node& node) {
  const auto in = input_of(emitter, node);
  if (!in) return tl::unexpected(in.error());
  const auto alpha = node.real("alpha", 0.01F);
  if (!alpha || *alpha < 0 || *alpha > 1) return invalid("has a slope that is not between 0 and 1");
  const auto itself = as_operand(*in);
  if (!itself) return tl::unexpected(itself.error());
  return finish(emitter, node,
                continue_with(emitter, node.name, *in,
                              {{Opcode::kVvMul, constant(*alpha)}, {Opcode::kVvMax, *itself}}));
}

Status absolute(Emitter& emitter, const ir::Node& node) {
  const auto in = input_of(emitter, node);
  if (!in) return tl::unexpected(in.error());
  const auto itself = as_operand(*in);
  if (!itself) return tl::unexpected(itself.error());
  return finish(emitter, node,
                continue_with(emitter, node.name, *in,
                              {{Opcode::kVvMul, constant(-1.0F)}, {Opcode::kVvMax, *itself}}));
}

Status inverse(Emitter& emitter, const ir::Node& node) {
  const auto in = input_of(emitter, node);
  if (!in) return tl::unexpected(in.error());
  return finish(emitter, node, reciprocal(emitter, node.name, *in));
}

// By way of the reciprocal root: of 0 that is infinite, and its reciprocal 0 again.
const Steps kRoot{{Opcode::kVRsqrt, {}}, {Opcode::kVRcp, {}}};

Status root(Emitter& emitter, const ir::Node& node) { return with_steps(emitter, node, kRoot); }

Status power(Emitter& emitter, const ir::Node& node) {
  const float* exponent = node.inputs.size() > 1 ? emitter.constant(node.inputs[1]) : nullptr;
  if (exponent == nullptr || emitter.array(node.inputs[1]).elements() != 1)
    return invalid("has an exponent that is not one constant");
  const auto in = input_of(emitter, node);
  if (!in) return tl::unexpected(in.error());
  if (*exponent == 0.5F)
    return finish(emitter, node, continue_with(emitter, node.name, *in, kRoot));
  const auto factor = as_operand(*in);
  if (!factor) return tl::unexpected(factor.error());
  if (*exponent != 2.0F && *exponent != 3.0F)
    return invalid("has an exponent other than 0.5, 2 and 3");
  Steps steps(static_cast<std::size_t>(*exponent) - 1, {Opcode::kVvMul, *factor});
  return finish(emitter, node, continue_with(emitter, node.name, *in, steps));
}

// erf(z) = tanh(1.12838 z + 0.10091 z^3) within 4e-4, by which GELU is usually approximated
// (Hendrycks and Gimpel 2016, section 2); fp16 itself is not much finer.
Result<Vectors> error_function(Emitter& emitter, const std::string& name, const Vectors& in) {
  const auto z = as_operand(in);
  if (!z) return tl::unexpected(z.error());
  return continue_with(emitter, name, in,
                       {{Opcode::kVvMul, *z},
                        {Opcode::kVvMul, constant(0.10091F)},
                        {Opcode::kVvAdd, constant(1.12838F)},
                        {Opcode::kVvMul, *z},
                        {Opcode::kVTanh, {}}});
}

Status erf(Emitter& emitter, const ir::Node& node) {
  const auto in = input_of(emitter, node);
  if (!in) return tl::unexpected(in.error());
  return finish(emitter, node, error_function(emitter, node.name, *in));
}

// x (1 + erf(x / sqrt 2)) / 2
Status gelu(Emitter& emitter, const ir::Node& node) {
  const auto in = input_of(emitter, node);
  if (!in) return tl::unexpected(in.error());
  const auto itself = as_operand(*in);
  if (!itself) return tl::unexpected(itself.error());
  const auto scaled =
      continue_with(emitter, node.name, *in, {{Opcode::kVvMul, constant(0.70710678F)}});
  if (!scaled) return tl::unexpected(scaled.error());
  const auto share = error_function(emitter, node.name, *scaled);
  if (!share) return tl::unexpected(share.error());
  return finish(emitter, node,
                continue_with(emitter, node.name, *share,
                              {{Opcode::kVvAdd, constant(1.0F)},
                               {Opcode::kVvMul, constant(0.5F)},
                               {Opcode::kVvMul, *itself}}));
}

// Whether the operator works along the last axis alone.
bool last_axis(const Emitter& emitter, const ir::Node& node, std::int64_t axis) {
  const auto rank = static_cast<std::int64_t>(emitter.array(node.inputs[0]).rank());
  return axis == -1 || axis == rank - 1;
}

bool whole_vectors(const Emitter& emitter, const ir::Node& node, const Vectors& in) {
  const ir::Shape& shape = emitter.array(node.inputs[0]).shape();
  return !in.spread && !shape.empty() && shape.back() == in.width;
}

template <Opcode opcode>
Status reduce(Emitter& emitter, const ir::Node& node) {
  const Vectors* in = emitter.made(node.inputs[0]);
  if (in == nullptr) return invalid("reads nothing that an FPGA makes");
  const ir::Array& from = emitter.array(node.inputs[0]);
  const ir::Array& to = emitter.array(node.outputs[0]);
  if (!whole_vectors(emitter, node, *in) || to.rank() != from.rank() || to.shape().back() != 1 ||
      to.elements() * in->width != from.elements())
    return invalid("reduces other axes than the last, or drops it");
  return finish(emitter, node, continue_with(emitter, node.name, *in, {{opcode, {}}}));
}

// A window is the whole vector, so that one element is left of each. Smaller ones would take elements of a
// vector apart, which an FPGA does not.
template <Opcode opcode>
Status pool(Emitter& emitter, const ir::Node& node) {
  const ir::Shape& shape = emitter.array(node.inputs[0]).shape();
  const auto kernel = node.integers("kernel_shape", {});
  const auto pads = node.integers("pads", {});
  const auto dilations = node.integers("dilations", {});
  if (!kernel || !pads || !dilations) return invalid("has a window that is no list of numbers");
  const auto are = [](const std::vector<std::int64_t>& all, std::int64_t value) {
    return std::ranges::all_of(all, [&](std::int64_t it) { return it == value; });
  };
  if (shape.size() < 2 || !std::ranges::equal(*kernel, std::span(shape).subspan(2)) ||
      !are(*pads, 0) || !are(*dilations, 1))
    return invalid("pools windows that are not all of the axes behind the channels");
  if (node.wants(1)) return invalid("also gives the places of the largest elements");
  return reduce<opcode>(emitter, node);
}

// Before opset 13 a softmax normalises all axes from its axis on as one.
bool normalises_vectors(const Emitter& emitter, const ir::Node& node, const Vectors& in) {
  constexpr std::int64_t kLastAxisAlone = 13;
  const bool rows = emitter.graph().opset < kLastAxisAlone;
  const auto axis = node.integer("axis", rows ? 1 : -1);
  if (!axis || !whole_vectors(emitter, node, in)) return false;
  if (!rows) return last_axis(emitter, node, *axis);
  const ir::Shape& shape = emitter.array(node.inputs[0]).shape();
  const auto rank = static_cast<std::int64_t>(shape.size());
  std::int64_t elements = 1;
  for (std::int64_t at = *axis < 0 ? *axis + rank : *axis; at < rank; ++at)
    elements *= at < 0 ? 0 : shape[static_cast<std::size_t>(at)];
  return elements == in.width;
}

// exp(x - max) / sum; what stands behind the last element of a vector is kept from growing.
Status softmax(Emitter& emitter, const ir::Node& node) {
  const auto in = input_of(emitter, node);
  if (!in) return tl::unexpected(in.error());
  if (!normalises_vectors(emitter, node, *in))
    return invalid("works along another axis than the last");
  const auto most = continue_with(emitter, node.name, *in, {{Opcode::kVRmax, {}}});
  if (!most) return tl::unexpected(most.error());
  auto powers = continue_with(emitter, node.name, *in,
                              {{Opcode::kVvASubB, {most->parts.front(), {}}},
                               {Opcode::kVvMin, constant(0.0F)},
                               {Opcode::kVExp, {}}});
  if (!powers) return tl::unexpected(powers.error());
  const auto share =
      continue_with(emitter, node.name, *powers, {{Opcode::kVRsum, {}}, {Opcode::kVRcp, {}}});
  if (!share) return tl::unexpected(share.error());
  return finish(
      emitter, node,
      continue_with(emitter, node.name, *powers, {{Opcode::kVvMul, {share->parts.front(), {}}}}));
}

// 1 / sqrt(mean of squares + epsilon). Elements beyond 255 have squares beyond fp16, and those far
// below 0.001 vanish: what is normalised is near 1 by the design of networks.
Result<Operand> inverse_size(Emitter& emitter, const std::string& name, const Vectors& in,
                             float epsilon) {
  const auto itself = as_operand(in);
  if (!itself) return tl::unexpected(itself.error());
  const auto size = continue_with(emitter, name, in,
                                  {{Opcode::kVvMul, *itself},
                                   {Opcode::kVRmean, {}},
                                   {Opcode::kVvAdd, constant(epsilon)},
                                   {Opcode::kVRsqrt, {}}});
  if (!size) return tl::unexpected(size.error());
  return as_operand(*size);
}

Result<Vectors> normalised(Emitter& emitter, const ir::Node& node, const Vectors& in,
                           float epsilon) {
  const auto size = inverse_size(emitter, node.name, in, epsilon);
  if (!size) return tl::unexpected(size.error());
  Steps steps{{Opcode::kVvMul, *size}};
  for (std::size_t k = 1; k < std::min<std::size_t>(node.inputs.size(), 3); ++k) {
    if (node.inputs[k] == ir::kAbsent) continue;
    const auto operand = operand_of(emitter, node.inputs[k], in);
    if (!operand) return tl::unexpected(operand.error());
    steps.push_back({k == 1 ? Opcode::kVvMul : Opcode::kVvAdd, *operand});
  }
  return continue_with(emitter, node.name, in, steps);
}

Result<Vectors> norm_input(Emitter& emitter, const ir::Node& node) {
  auto in = input_of(emitter, node);
  const auto axis = node.integer("axis", -1);
  if (!in) return in;
  if (!axis || !last_axis(emitter, node, *axis) || !whole_vectors(emitter, node, *in))
    return invalid("works along other axes than the last");
  if (node.wants(1) || node.wants(2)) return invalid("also gives its statistics");
  return in;
}

Status layer_norm(Emitter& emitter, const ir::Node& node) {
  const auto in = norm_input(emitter, node);
  const auto epsilon = node.real("epsilon", 1e-5F);
  if (!in) return tl::unexpected(in.error());
  if (!epsilon) return tl::unexpected(epsilon.error());
  const auto mean = continue_with(emitter, node.name, *in, {{Opcode::kVRmean, {}}});
  if (!mean) return tl::unexpected(mean.error());
  const auto centred =
      continue_with(emitter, node.name, *in, {{Opcode::kVvASubB, {mean->parts.front(), {}}}});
  if (!centred) return tl::unexpected(centred.error());
  return finish(emitter, node, normalised(emitter, node, *centred, *epsilon));
}

Status rms_norm(Emitter& emitter, const ir::Node& node) {
  const auto in = norm_input(emitter, node);
  const auto epsilon = node.real("epsilon", 1e-5F);
  if (!in) return tl::unexpected(in.error());
  if (!epsilon) return tl::unexpected(epsilon.error());
  return finish(emitter, node, normalised(emitter, node, *in, *epsilon));
}

constexpr Rule kRules[] = {
    {"Clip", clip, "min"},
    {"HardSigmoid", hard_sigmoid, "min"},
    {"HardSwish", hard_swish, "min"},
    {"LeakyRelu", leaky_relu},
    {"Abs", absolute},
    {"Reciprocal", inverse, "reciprocal"},
    {"Sqrt", root, "rsqrt, reciprocal"},
    {"Pow", power},
    {"Erf", erf},
    {"Gelu", gelu},
    {"ReduceMean", reduce<Opcode::kVRmean>, "row_reduce"},
    {"ReduceSum", reduce<Opcode::kVRsum>, "row_reduce"},
    {"ReduceMax", reduce<Opcode::kVRmax>, "row_reduce"},
    {"GlobalAveragePool", reduce<Opcode::kVRmean>, "row_reduce"},
    {"GlobalMaxPool", reduce<Opcode::kVRmax>, "row_reduce"},
    {"AveragePool", pool<Opcode::kVRmean>, "row_reduce"},
    {"MaxPool", pool<Opcode::kVRmax>, "row_reduce"},
    {"Softmax", softmax, "row_reduce, min, exp, reciprocal"},
    {"LayerNormalization", layer_norm, "row_reduce, rsqrt"},
    {"SimplifiedLayerNormalization", rms_norm, "row_reduce, rsqrt"},
    {"RMSNormalization", rms_norm, "row_reduce, rsqrt"},
    {"com.microsoft:SimplifiedLayerNormalization", rms_norm, "row_reduce, rsqrt"},
    {"com.microsoft:RMSNormalization", rms_norm, "row_reduce, rsqrt"}};

}  // namespace

std::span<const Rule> function_rules() { return kRules; }

}  // namespace soliton::region
