// Embedding, matrix products with a constant, their biases, and the softmax at the end.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "partition/ir/shown_name.h"
#include "partition/onnx/chain.h"
#include "partition/onnx/fold.h"

namespace soliton::onnx_import {

Status embed_symbols(Chain& chain, const Node& node, const ConstantPtr& table,
                     const Stream& symbols) {
  if (!symbols.integers)
    return invalid("picks from a table by something other than symbol numbers");
  if (table->floats() == nullptr || table->shape.size() != 2)
    return invalid(fmt::format("its table is not [symbols, vector] of numbers, but [{}]",
                               fmt::join(table->shape, ", ")));
  const Result<Feed> feed = consume(chain, symbols);
  if (!feed) return tl::unexpected(feed.error());
  HostBefore& before = chain.model.before;
  before.kind = HostBefore::Kind::kEmbedding;
  before.table = {"embedding", table->shape,
                  std::make_shared<const std::vector<float>>(*table->floats())};
  chain.model.input = table->shape[1];
  chain.model.cpu_operators.push_back(fmt::format(
      "{} (Gather): looks symbols up in a table, no arithmetic", shown_name(node.name)));
  Stream out = next_stage(chain, node, symbols, Feed::kSequence, 0);
  out.integers = false;
  out.input.clear();
  out.axes.push_back({Role::kFeature, table->shape[1], ""});
  chain.set(node, 0, std::move(out));
  return {};
}

namespace {

// Row-major [rows, columns] to [columns, rows].
Floats flipped(const Floats& in, std::int64_t rows, std::int64_t columns) {
  Floats out(in.size());
  for (std::int64_t r = 0; r < rows; ++r)
    for (std::int64_t c = 0; c < columns; ++c)
      out[static_cast<std::size_t>(c * rows + r)] = in[static_cast<std::size_t>(r * columns + c)];
  return out;
}

// A product found: the data, the constant matrix as [output, input], and where in the data's axes
// the vectors are.
struct Product {
  Stream data;
  std::size_t axis = 0;
  std::int64_t input = 0;
  std::int64_t output = 0;
  Floats weights;
};

// `constant` [.., ..]; `input_first`: its first axis is the one that is summed over.
Result<Product> product_of(const Stream& data, std::size_t axis, const ConstantPtr& constant,
                           bool input_first) {
  if (constant->floats() == nullptr || constant->shape.size() != 2)
    return invalid(fmt::format("its matrix is not one of numbers, but [{}]",
                               fmt::join(constant->shape, ", ")));
  const std::int64_t rows = constant->shape[0];
  const std::int64_t columns = constant->shape[1];
  Product out{data, axis, input_first ? rows : columns, input_first ? columns : rows, {}};
  if (axis >= data.axes.size() || data.axes[axis].role != Role::kFeature)
    return invalid(fmt::format("does not multiply the vectors of {}", describe(data)));
  if (data.axes[axis].size != out.input)
    return invalid(fmt::format(
        "multiplies vectors of {} by a matrix for {}",
        data.axes[axis].size == kUnknown ? "unknown size" : fmt::format("{}", data.axes[axis].size),
        out.input));
  if (out.input < 1 || out.output < 1) return invalid("has an empty matrix");
  out.weights = input_first ? flipped(*constant->floats(), rows, columns) : *constant->floats();
  return out;
}

// Adds the dense layer; the stream that leaves it.
Result<Stream> add_layer(Chain& chain, const Node& node, Product product) {
  if (product.data.integers) return invalid("reads symbol numbers, not vectors");
  if (chain.model.after != HostAfter::kNone)
    return invalid("follows a softmax, which must come last");
  if (const Status status = settle_open_axes(chain, product.data); !status)
    return tl::unexpected(status.error());
  const Result<std::int64_t> width = vector_width(product.data);
  if (!width) return tl::unexpected(width.error());
  const Result<Feed> feed = consume(chain, product.data);
  if (!feed) return tl::unexpected(feed.error());
  DenseLayer layer;
  layer.name = layer_name(chain, "dense");
  layer.input = product.input;
  layer.output = product.output;
  layer.every_step = *feed == Feed::kSequence;
  layer.weights = {layer.name + ".W",
                   {product.output, product.input},
                   std::make_shared<const std::vector<float>>(std::move(product.weights))};
  layer.bias.name = layer.name + ".b";
  if (chain.model.layers.empty()) chain.model.input = product.input;
  const std::int64_t output = layer.output;
  chain.model.layers.emplace_back(std::move(layer));
  Stream out = next_stage(chain, node, product.data, *feed, output);
  out.input.clear();
  return out;
}

// A constant broadcast over everything but the vectors' axis: one number for each element of a
// vector.
Result<Floats> bias_for(const Constant& constant, const Stream& stream) {
  const std::size_t axis = stream.find(Role::kFeature);
  const std::int64_t width = stream.axes[axis].size;
  const std::size_t rank = constant.shape.size();
  if (constant.floats() == nullptr || rank > stream.axes.size())
    return invalid("adds something other than one number for each element of a vector");
  for (std::size_t k = 1; k <= rank; ++k) {  // from the last axis
    const bool at_vector = stream.axes.size() - k == axis;
    const std::int64_t size = constant.shape[rank - k];
    if (size != 1 && !(at_vector && size == width))
      return invalid(
          fmt::format("adds [{}] to {}", fmt::join(constant.shape, ", "), describe(stream)));
  }
  const Floats& values = *constant.floats();
  return values.size() == 1 ? Floats(static_cast<std::size_t>(width), values[0]) : values;
}

Status add_bias(Chain& chain, const Floats& bias) {
  auto* layer =
      chain.model.layers.empty() ? nullptr : std::get_if<DenseLayer>(&chain.model.layers.back());
  if (layer == nullptr) return invalid("adds to the result of a layer other than MatMul or Gemm");
  std::vector<float> sum =
      layer->bias.values ? *layer->bias.values : std::vector<float>(bias.size());
  std::transform(sum.begin(), sum.end(), bias.begin(), sum.begin(), std::plus<>());
  layer->bias.shape = {static_cast<std::int64_t>(sum.size())};
  layer->bias.values = std::make_shared<const std::vector<float>>(std::move(sum));
  return {};
}

void scale(Floats& values, float factor) {
  if (factor == 1) return;
  for (float& value : values) value *= factor;
}

// Data and matrix of Gemm: y = A' B', one of them constant.
Result<Product> gemm_product(const Chain& chain, const Node& node, bool flip_a, bool flip_b) {
  const bool data_first = chain.stream(node, 0) != nullptr;
  const Stream* data = chain.stream(node, data_first ? 0 : 1);
  const ConstantPtr matrix = chain.constant(node, data_first ? 1 : 0);
  if (data == nullptr || !matrix)
    return invalid("does not multiply the data of a request by a constant");
  if (data->axes.size() != 2)
    return invalid(fmt::format("reads {}, not a matrix", describe(*data)));
  Stream turned = *data;
  if (data_first ? flip_a : flip_b) std::swap(turned.axes[0], turned.axes[1]);
  return data_first ? product_of(turned, 1, matrix, !flip_b)
                    : product_of(turned, 0, matrix, flip_a);
}

}  // namespace

Status handle_gemm(Chain& chain, const Node& node) {
  const Result<std::int64_t> flip_a = node.integer("transA", 0);
  const Result<std::int64_t> flip_b = node.integer("transB", 0);
  const Result<float> alpha = node.number("alpha", 1);
  const Result<float> beta = node.number("beta", 1);
  if (!flip_a || !flip_b || !alpha || !beta) return invalid("has an attribute of the wrong kind");
  Result<Product> product = gemm_product(chain, node, *flip_a != 0, *flip_b != 0);
  if (!product) return tl::unexpected(product.error());
  scale(product->weights, *alpha);
  Result<Stream> out = add_layer(chain, node, std::move(*product));
  if (!out) return tl::unexpected(out.error());
  if (node.has_input(2)) {
    const ConstantPtr constant = chain.constant(node, 2);
    if (!constant) return invalid("adds something that is not constant");
    Result<Floats> bias = bias_for(*constant, *out);
    if (!bias) return tl::unexpected(bias.error());
    scale(*bias, *beta);
    if (const Status status = add_bias(chain, *bias); !status) return status;
  }
  chain.set(node, 0, std::move(*out));
  return {};
}

Status handle_matmul(Chain& chain, const Node& node) {
  const bool data_first = chain.stream(node, 0) != nullptr;
  const Stream* data = chain.stream(node, data_first ? 0 : 1);
  const ConstantPtr matrix = chain.constant(node, data_first ? 1 : 0);
  if (data == nullptr || !matrix)
    return invalid("does not multiply the data of a request by a constant");
  const std::size_t rank = data->axes.size();
  // The other operand sums over its last axis but one, unless it has a single axis.
  const std::size_t axis = data_first || rank == 1 ? rank - 1 : rank - 2;
  Result<Product> product = product_of(*data, rank == 0 ? 0 : axis, matrix, data_first);
  if (!product) return tl::unexpected(product.error());
  Result<Stream> out = add_layer(chain, node, std::move(*product));
  if (!out) return tl::unexpected(out.error());
  chain.set(node, 0, std::move(*out));
  return {};
}

Status handle_add(Chain& chain, const Node& node) {
  const bool data_first = chain.stream(node, 0) != nullptr;
  const Stream* data = chain.stream(node, data_first ? 0 : 1);
  const ConstantPtr constant = chain.constant(node, data_first ? 1 : 0);
  if (data == nullptr || !constant)
    return invalid("does not add a constant to the data of a request");
  if (chain.model.after != HostAfter::kNone)
    return invalid("follows a softmax, which must come last");
  if (chain.model.layers.empty() || !std::holds_alternative<DenseLayer>(chain.model.layers.back()))
    return invalid("adds to something other than the result of MatMul or Gemm");
  const Result<std::int64_t> width = vector_width(*data);
  if (!width) return tl::unexpected(width.error());
  const Result<Floats> bias = bias_for(*constant, *data);
  if (!bias) return tl::unexpected(bias.error());
  const Result<Feed> feed = consume(chain, *data);
  if (!feed) return tl::unexpected(feed.error());
  if (const Status status = add_bias(chain, *bias); !status) return status;
  chain.set(node, 0, next_stage(chain, node, *data, *feed, *width));
  return {};
}

namespace {

// Before opset 13 the softmax runs over `axis` and all that follow, seen as one.
Status check_softmax_axis(const Chain& chain, const Node& node, const Stream& data) {
  const bool flattens = chain.graph->opset < 13;
  const Result<std::int64_t> given = node.integer("axis", flattens ? 1 : -1);
  if (!given) return tl::unexpected(given.error());
  const Result<std::size_t> axis = axis_of(*given, data.axes.size());
  if (!axis) return tl::unexpected(axis.error());
  const std::size_t feature = data.find(Role::kFeature);
  bool right = flattens ? *axis <= feature : *axis == feature;
  for (std::size_t i = *axis; flattens && i < data.axes.size(); ++i)
    right = right && (i == feature || data.axes[i].role == Role::kUnit);
  if (!right)
    return invalid(
        fmt::format("runs over axis {} of {}, not over the vectors", *axis, describe(data)));
  return {};
}

}  // namespace

Status handle_softmax(Chain& chain, const Node& node) {
  const Stream* data = chain.stream(node, 0);
  if (data == nullptr) return invalid("does not read the data of a request");
  if (chain.model.layers.empty()) return invalid("comes before any layer");
  if (chain.model.after != HostAfter::kNone)
    return invalid("follows a softmax, which must come last");
  const Result<std::int64_t> width = vector_width(*data);
  if (!width) return tl::unexpected(width.error());
  if (const Status status = check_softmax_axis(chain, node, *data); !status) return status;
  const Result<Feed> feed = consume(chain, *data);
  if (!feed) return tl::unexpected(feed.error());
  if (*feed == Feed::kAtStep)
    return invalid(
        "reads both directions of the last step; supported: all steps, or the last states");
  chain.model.after = node.op == "Softmax" ? HostAfter::kSoftmax : HostAfter::kLogSoftmax;
  chain.model.cpu_operators.push_back(fmt::format(
      "{} ({}): needs the exponentials and sum of a whole vector", shown_name(node.name), node.op));
  chain.set(node, 0, next_stage(chain, node, *data, *feed, *width));
  return {};
}

}  // namespace soliton::onnx_import
