// Point-wise operators on vectors that FPGAs make.
#include <algorithm>
#include <cmath>

#include "partition/region/emitter.h"

namespace soliton::region {
namespace {

// A constant that is the same for every vector: one number, or one row.
Result<Operand> constant_operand(Emitter& emitter, ir::ValueId id, const Vectors& in) {
  const float* values = emitter.constant(id);
  const ir::Array& it = emitter.array(id);
  if (values == nullptr) return invalid("has an operand that is neither vectors nor constant");
  if (it.elements() == 1) return Operand{{}, {*values}};
  if (it.elements() != in.width || it.shape().back() != in.width)
    return invalid("has a constant that is not the same for every vector");
  return Operand{{}, std::vector<float>(values, values + in.width)};
}

Status finish(Emitter& emitter, const ir::Node& node, const Vectors& in,
              const std::vector<PointStep>& steps) {
  Result<Vectors> out = continue_with(emitter, node.name, in, steps);
  if (!out) return tl::unexpected(out.error());
  emitter.set(node.outputs[0], std::move(*out));
  return {};
}

template <Opcode opcode>
Status unary(Emitter& emitter, const ir::Node& node) {
  const auto in = first_made(emitter, node);
  if (!in) return tl::unexpected(in.error());
  return finish(emitter, node, in->in, {{opcode, {}}});
}

// `swapped`: what the chain computes when its vector is the second input.
template <Opcode opcode, Opcode swapped = opcode>
Status binary(Emitter& emitter, const ir::Node& node) {
  if (node.inputs.size() != 2) return invalid("has more than two operands");
  const auto in = first_made(emitter, node);
  if (!in) return tl::unexpected(in.error());
  const auto operand = operand_of(emitter, node.inputs[1 - in->position], in->in);
  if (!operand) return tl::unexpected(operand.error());
  return finish(emitter, node, in->in, {{in->position == 0 ? opcode : swapped, *operand}});
}

Status negate(Emitter& emitter, const ir::Node& node) {
  const auto in = first_made(emitter, node);
  if (!in) return tl::unexpected(in.error());
  return finish(emitter, node, in->in, {{Opcode::kVvMul, {{}, {-1.0F}}}});
}

// A division is a product by the reciprocal, which of a constant is known beforehand.
Status divide(Emitter& emitter, const ir::Node& node) {
  const auto in = first_made(emitter, node);
  if (!in) return tl::unexpected(in.error());
  if (emitter.constant(node.inputs[1]) != nullptr) {
    auto operand = operand_of(emitter, node.inputs[1], in->in);
    if (!operand) return tl::unexpected(operand.error());
    for (float& value : operand->constant) value = 1.0F / value;
    return finish(emitter, node, in->in, {{Opcode::kVvMul, *operand}});
  }
  const Vectors* divisor = emitter.made(node.inputs[1]);
  if (divisor == nullptr) return invalid("divides by vectors that no FPGA makes");
  const Result<Vectors> inverse = reciprocal(emitter, node.name, *divisor);
  if (!inverse) return tl::unexpected(inverse.error());
  if (emitter.made(node.inputs[0]) == nullptr) {
    const auto operand = operand_of(emitter, node.inputs[0], *inverse);
    if (!operand) return tl::unexpected(operand.error());
    return finish(emitter, node, *inverse, {{Opcode::kVvMul, *operand}});
  }
  if (in->position != 0) return invalid("divides one number for each vector by vectors");
  const auto operand = as_operand(*inverse);
  if (!operand) return tl::unexpected(operand.error());
  return finish(emitter, node, in->in, {{Opcode::kVvMul, *operand}});
}

// Normalisation with constant statistics is a factor and an addend for each channel, which must be
// the elements of a vector.
Status batch_norm(Emitter& emitter, const ir::Node& node) {
  const auto in = first_made(emitter, node);
  if (!in) return tl::unexpected(in.error());
  const ir::Array& x = emitter.array(node.inputs[0]);
  const auto epsilon = node.real("epsilon", 1e-5F);
  if (!epsilon || in->position != 0 || x.rank() != 2 || x.shape()[1] != in->in.width)
    return invalid("normalises channels that are not the elements of vectors");
  const float* parts[4];
  for (std::size_t k = 0; k < 4; ++k) {
    parts[k] = emitter.constant(node.inputs.at(k + 1));
    if (parts[k] == nullptr) return invalid("has statistics that are not constant");
  }
  Operand factor, addend;
  for (std::int64_t c = 0; c < in->in.width; ++c) {
    const double scale = parts[0][c] / std::sqrt(static_cast<double>(parts[3][c]) + *epsilon);
    factor.constant.push_back(static_cast<float>(scale));
    addend.constant.push_back(static_cast<float>(parts[1][c] - scale * parts[2][c]));
  }
  return finish(emitter, node, in->in, {{Opcode::kVvMul, factor}, {Opcode::kVvAdd, addend}});
}

// Several vectors side by side are what products and recurrent cells read; to everything else they
// are not one vector.
Status concat(Emitter& emitter, const ir::Node& node) {
  if (joins_stream(emitter, node)) return {};
  const ir::Array& out = emitter.array(node.outputs[0]);
  const auto axis = node.integer("axis", -1);
  const auto rank = static_cast<std::int64_t>(out.rank());
  if (!axis || (*axis != -1 && *axis != rank - 1))
    return invalid("joins along another axis than the last");
  Vectors joined;
  bool any = false;
  for (const ir::ValueId id : node.inputs) any = any || emitter.made(id) != nullptr;
  if (!any) return invalid("reads nothing that an FPGA makes");
  for (const ir::ValueId id : node.inputs) {
    if (emitter.constant(id) != nullptr) return invalid("joins constants");
    const Result<Vectors> part = emitter.vectors(id, emitter.array(id).shape().back());
    if (!part) return tl::unexpected(part.error());
    joined.tokens = part->tokens;
    joined.per_step = part->per_step;
    joined.width += part->width;
    joined.parts.insert(joined.parts.end(), part->parts.begin(), part->parts.end());
  }
  emitter.set(node.outputs[0], std::move(joined));
  return {};
}

constexpr Rule kRules[] = {
    {"Relu", unary<Opcode::kVRelu>},
    {"Sigmoid", unary<Opcode::kVSigm>},
    {"Tanh", unary<Opcode::kVTanh>},
    {"Add", binary<Opcode::kVvAdd>},
    {"Sub", binary<Opcode::kVvASubB, Opcode::kVvBSubA>},
    {"Mul", binary<Opcode::kVvMul>},
    {"Max", binary<Opcode::kVvMax>},
    {"Min", binary<Opcode::kVvMin>, "min"},
    {"Exp", unary<Opcode::kVExp>, "exp"},
    {"Neg", negate},
    {"Div", divide},
    {"BatchNormalization", batch_norm},
    {"Concat", concat},
};

}  // namespace

std::span<const Rule> point_rules() { return kRules; }

Result<Operands> first_made(Emitter& emitter, const ir::Node& node) {
  const std::int64_t elements = emitter.array(node.outputs[0]).elements();
  for (std::size_t k = 0; k < node.inputs.size(); ++k) {
    if (node.inputs[k] == ir::kAbsent) continue;
    const Vectors* in = emitter.made(node.inputs[k]);
    // Broadcast to more elements it would be other vectors.
    if (in == nullptr || emitter.array(node.inputs[k]).elements() != elements) continue;
    return Operands{*in, k};
  }
  return invalid("reads nothing that an FPGA makes");
}

Result<Operand> as_operand(const Vectors& vectors) {
  if (vectors.parts.size() != 1) return invalid("has an operand that lies in several parts");
  return Operand{vectors.parts.front(), {}};
}

Result<Operand> operand_of(Emitter& emitter, ir::ValueId id, const Vectors& in) {
  if (emitter.constant(id) != nullptr) return constant_operand(emitter, id, in);
  if (const Vectors* made = emitter.made(id);
      made != nullptr && made->spread && made->width == in.width && made->tokens == in.tokens &&
      made->per_step == in.per_step)
    return as_operand(*made);
  if (in.spread || emitter.array(id).elements() != in.tokens * in.width)
    return invalid("has an operand of another shape");
  const Result<Vectors> vectors = emitter.vectors(id, in.width);
  if (!vectors) return tl::unexpected(vectors.error());
  if (vectors->per_step != in.per_step) return invalid("has an operand of another shape");
  return as_operand(*vectors);
}

Operand constant(float value) { return {{}, {value}}; }

Result<Vectors> continue_with(Emitter& emitter, const std::string& name, const Vectors& in,
                              const std::vector<PointStep>& steps) {
  Vectors vectors = in;
  for (const PointStep& step : steps) {
    Result<Vectors> next = emitter.point(name, vectors, step.opcode, step.operand);
    if (!next) return tl::unexpected(next.error());
    vectors = std::move(*next);
  }
  return vectors;
}

// Behind the last element of a vector stand zeros, of which no reciprocal may be taken.
Result<Vectors> reciprocal(Emitter& emitter, const std::string& name, const Vectors& in) {
  if (in.spread) return continue_with(emitter, name, in, {{Opcode::kVRcp, {}}});
  Operand ones = constant(0.0F);
  ones.padding = 1.0F;
  return continue_with(emitter, name, in, {{Opcode::kVvAdd, ones}, {Opcode::kVRcp, {}}});
}

}  // namespace soliton::region
