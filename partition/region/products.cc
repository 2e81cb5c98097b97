// Products by constant matrices: MatMul and Gemm.
#include <algorithm>
#include <cmath>

#include "partition/region/emitter.h"

namespace soliton::region {
namespace {

// Weights as rows of outputs, [output, input], from a matrix that is [input, output] or, transposed,
// [output, input].
Tensor weights_of(const std::string& name, const float* from, std::int64_t input,
                  std::int64_t output, bool transposed, float factor) {
  std::vector<float> out(static_cast<std::size_t>(input * output));
  for (std::int64_t o = 0; o < output; ++o)
    for (std::int64_t i = 0; i < input; ++i)
      out[static_cast<std::size_t>(o * input + i)] =
          factor * from[transposed ? o * input + i : i * output + o];
  return {name, {output, input}, std::make_shared<const std::vector<float>>(std::move(out))};
}

struct Matrix {
  ir::ValueId id = ir::kAbsent;
  bool transposed = false;
  float factor = 1.0F;
};

Result<DenseLayer> layer_of(Emitter& emitter, const ir::Node& node, const Matrix& matrix) {
  const float* values = emitter.constant(matrix.id);
  if (values == nullptr) return invalid("multiplies by a matrix that is not constant");
  const ir::Shape& shape = emitter.array(matrix.id).shape();
  if (shape.size() != 2) return invalid("multiplies by a constant that is not a matrix");
  DenseLayer layer;
  layer.input = shape[matrix.transposed ? 1 : 0];
  layer.output = shape[matrix.transposed ? 0 : 1];
  if (layer.input < 1 || layer.output < 1 || std::max(layer.input, layer.output) > kMaxWidth)
    return invalid("multiplies by a matrix of a size that no FPGA takes");
  const Result<Vectors> in = emitter.vectors(node.inputs[0], layer.input);
  if (!in) return tl::unexpected(in.error());
  layer.inputs = in->parts;
  layer.tokens = in->tokens;
  layer.per_step = in->per_step;
  layer.name = emitter.fresh_name(node.name);
  layer.weights = weights_of(layer.name + ".W", values, layer.input, layer.output,
                             matrix.transposed, matrix.factor);
  if (!finite(layer.weights)) return invalid("has weights that are not finite");
  return layer;
}

Status matmul(Emitter& emitter, const ir::Node& node) {
  if (emitter.array(node.inputs[0]).rank() < 1) return invalid("multiplies a scalar");
  Result<DenseLayer> layer = layer_of(emitter, node, {node.inputs[1]});
  if (!layer) return tl::unexpected(layer.error());
  emitter.set(node.outputs[0], emitter.add(std::move(*layer)));
  return {};
}

// A bias is one row for all, or one number.
Status add_bias(Emitter& emitter, const ir::Node& node, float beta, DenseLayer& layer) {
  const float* values = emitter.constant(node.inputs[2]);
  const std::int64_t elements = emitter.array(node.inputs[2]).elements();
  const ir::Shape& shape = emitter.array(node.inputs[2]).shape();
  const bool row = elements == layer.output && (shape.empty() || shape.back() == layer.output);
  if (values == nullptr || (!row && elements != 1)) return invalid("adds what is no constant row");
  std::vector<float> bias(static_cast<std::size_t>(layer.output));
  for (std::size_t i = 0; i < bias.size(); ++i) bias[i] = beta * values[row ? i : 0];
  layer.bias = {layer.name + ".b",
                {layer.output},
                std::make_shared<const std::vector<float>>(std::move(bias))};
  return finite(layer.bias) ? Status() : invalid("has a bias that is not finite");
}

Status gemm(Emitter& emitter, const ir::Node& node) {
  const auto turned = node.integer("transA", 0), turn = node.integer("transB", 0);
  const auto alpha = node.real("alpha", 1.0F), beta = node.real("beta", 1.0F);
  if (!turned || !turn || !alpha || !beta || *turned != 0)
    return invalid("transposes its first matrix");
  Result<DenseLayer> layer = layer_of(emitter, node, {node.inputs[1], *turn != 0, *alpha});
  if (!layer) return tl::unexpected(layer.error());
  if (node.inputs.size() > 2 && node.inputs[2] != ir::kAbsent)
    if (const Status added = add_bias(emitter, node, *beta, *layer); !added) return added;
  emitter.set(node.outputs[0], emitter.add(std::move(*layer)));
  return {};
}

constexpr Rule kRules[] = {{"MatMul", matmul}, {"Gemm", gemm}};

}  // namespace

std::span<const Rule> product_rules() { return kRules; }

bool finite(const Tensor& tensor) {
  return std::ranges::all_of(*tensor.values, [](float value) { return std::isfinite(value); });
}

}  // namespace soliton::region
