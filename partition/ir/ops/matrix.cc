// Products of matrices. Each sum is formed in ascending order of the common axis (product.h).
#include <array>

#include "partition/ir/ops/common.h"
#include "partition/ir/ops/product.h"
#include "partition/ir/ops/rounding.h"
#include "partition/ir/ops/wide.h"

namespace soliton::ir {

namespace {

// numpy.matmul: the last two axes are matrices, those before them broadcast; a vector is a row on
// the left and a column on the right.
struct ProductShape {
  Shape batch_a, batch_b, batch;
  ProductSize size;
  Shape out;
};

Result<ProductShape> product_shape(const Call& call, std::size_t left, std::size_t right) {
  const Shape& a = call.input(left).shape();
  const Shape& b = call.input(right).shape();
  if (a.empty() || b.empty()) return invalid("has an input that is a single number");
  ProductShape out;
  if (a.size() > 1) out.batch_a.assign(a.begin(), a.end() - 2);
  if (b.size() > 1) out.batch_b.assign(b.begin(), b.end() - 2);
  out.size = {a.size() > 1 ? a[a.size() - 2] : 1, b.size() > 1 ? b.back() : 1, a.back()};
  if (out.size.k != (b.size() > 1 ? b[b.size() - 2] : b[0]))
    return invalid(fmt::format("has inputs of shapes {} and {}, whose common axis differs",
                               shape_text(a), shape_text(b)));
  const Shape* batches[] = {&out.batch_a, &out.batch_b};
  SOLITON_IR_TRY(batch, broadcast_shape(batches));
  out.batch = batch;
  out.out = std::move(batch);
  if (a.size() > 1) out.out.push_back(out.size.m);
  if (b.size() > 1) out.out.push_back(out.size.n);
  SOLITON_IR_CHECK(check_fits(call, out.out));
  return out;
}

// REQUIRES: as many elements as the shapes say.
template <typename T>
std::vector<T> multiplied(const ProductShape& shape, const T* a, const T* b) {
  std::vector<T> out(to_size(extent_product(shape.out, 0, shape.out.size())));
  const ProductSize& size = shape.size;
  if (out.empty()) return out;
  if (extent_product(shape.batch_b, 0, shape.batch_b.size()) == 1) {
    const ProductSize all{extent_product(shape.batch, 0, shape.batch.size()) * size.m, size.n,
                          size.k};
    add_product<T>(all, {a, size.k}, {b, size.n}, out.data(), size.n);
    return out;
  }
  for_each_run(shape.batch, shape.batch_a, shape.batch_b, [&](const BroadcastRun& run) {
    for (std::int64_t i = 0; i < run.count; ++i)
      add_product<T>(size, {a + (run.a + i * run.step_a) * size.m * size.k, size.k},
                     {b + (run.b + i * run.step_b) * size.k * size.n, size.n},
                     out.data() + (run.out + i) * size.m * size.n, size.n);
  });
  return out;
}

// The number with which T is multiplied and added: unsigned for integers, so that they wrap.
template <typename T>
struct Ring {
  using type = T;
};
template <>
struct Ring<std::int32_t> {
  using type = std::uint32_t;
};
template <>
struct Ring<std::int64_t> {
  using type = std::uint64_t;
};

constexpr std::array kProductTypes = {
    ElementType::kFloat32, ElementType::kFloat64, ElementType::kFloat16, ElementType::kInt32,
    ElementType::kInt64,   ElementType::kUint32,  ElementType::kUint64};

template <typename Body>
decltype(auto) with_product_type(ElementType type, Body&& body) {
  switch (type) {
    case ElementType::kFloat64:
      return body(TypeTag<double>{});
    case ElementType::kInt32:
      return body(TypeTag<std::int32_t>{});
    case ElementType::kUint32:
      return body(TypeTag<std::uint32_t>{});
    case ElementType::kInt64:
      return body(TypeTag<std::int64_t>{});
    case ElementType::kUint64:
      return body(TypeTag<std::uint64_t>{});
    default:
      return body(TypeTag<float>{});
  }
}

Status check_product_types(const Call& call) {
  SOLITON_IR_CHECK(check_type(call, 0, kProductTypes));
  SOLITON_IR_CHECK(check_type(call, 1, kProductTypes));
  static constexpr std::size_t kBoth[] = {0, 1};
  return check_same_type(call, kBoth);
}

Result<Outputs> mat_mul(const Call& call) {
  SOLITON_IR_CHECK(check_product_types(call));
  if (call.input(0).type() == ElementType::kFloat16) return through_float32(call, mat_mul);
  SOLITON_IR_TRY(shape, product_shape(call, 0, 1));
  const Array &a = call.input(0), &b = call.input(1);
  if (!call.known()) return one(Array::unknown(a.type(), shape.out));
  return with_product_type(a.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using R = typename Ring<T>::type;
    std::vector<R> out = multiplied<R>(shape, reinterpret_cast<const R*>(a.as<T>().data()),
                                       reinterpret_cast<const R*>(b.as<T>().data()));
    if constexpr (std::is_same_v<R, T>)
      return one(Array::of(shape.out, std::move(out)));
    else
      return one(Array::of(shape.out, std::vector<T>(out.begin(), out.end())));
  });
}

struct GemmShape {
  ProductSize size;
  bool transpose_a = false, transpose_b = false;
  float alpha = 1, beta = 1;
  Shape out;
};

Result<GemmShape> gemm_shape(const Call& call) {
  SOLITON_IR_CHECK(check_product_types(call));
  SOLITON_IR_TRY(transpose_a, call.node.integer("transA", 0));
  SOLITON_IR_TRY(transpose_b, call.node.integer("transB", 0));
  SOLITON_IR_TRY(alpha, call.node.real("alpha", 1));
  SOLITON_IR_TRY(beta, call.node.real("beta", 1));
  const Shape &a = call.input(0).shape(), &b = call.input(1).shape();
  if (a.size() != 2 || b.size() != 2)
    return invalid(fmt::format("has inputs of shapes {} and {}, not two matrices", shape_text(a),
                               shape_text(b)));
  const std::size_t ta = transpose_a != 0 ? 1 : 0, tb = transpose_b != 0 ? 1 : 0;
  if (a[1 - ta] != b[tb])
    return invalid(fmt::format("has inputs of shapes {} and {}, whose common axis differs",
                               shape_text(a), shape_text(b)));
  GemmShape out{{a[ta], b[1 - tb], b[tb]}, ta == 1, tb == 1, alpha, beta, {a[ta], b[1 - tb]}};
  SOLITON_IR_CHECK(check_fits(call, out.out));
  if (is_integer(call.input(0).type()) && (alpha != 1 || beta != 1))
    return invalid("has an alpha or beta other than 1 for integers, which is not supported");
  if (!call.has(2)) return out;
  static constexpr std::size_t kAll[] = {0, 1, 2};
  SOLITON_IR_CHECK(check_same_type(call, kAll));
  const Shape* shapes[] = {&out.out, &call.input(2).shape()};
  const Result<Shape> together = broadcast_shape(shapes);
  if (!together || *together != out.out)
    return invalid(fmt::format("has a C of shape {}, which does not broadcast to {}",
                               shape_text(call.input(2).shape()), shape_text(out.out)));
  return out;
}

// alpha * product + beta * C, each step rounded; a factor of 1 costs no rounding.
template <typename R, typename T>
void add_scaled(std::vector<R>& product, const GemmShape& gemm, const Array& c) {
  if constexpr (std::is_floating_point_v<R>)
    if (gemm.alpha != 1)
      for (R& value : product) value *= static_cast<R>(gemm.alpha);
  if (!c.present() || gemm.beta == 0) return;
  const Array addend = broadcast_to(c, gemm.out);
  const std::span<const T> values = addend.as<T>();
  for (std::size_t i = 0; i < product.size(); ++i) {
    if constexpr (std::is_floating_point_v<R>)
      product[i] += static_cast<R>(gemm.beta) * values[i];
    else
      product[i] += static_cast<R>(values[i]);
  }
}

Result<Outputs> gemm(const Call& call) {
  SOLITON_IR_TRY(plan, gemm_shape(call));
  if (call.input(0).type() == ElementType::kFloat16) return through_float32(call, gemm);
  const Array &a = call.input(0), &b = call.input(1);
  if (!call.known()) return one(Array::unknown(a.type(), plan.out));
  return with_product_type(a.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    using R = typename Ring<T>::type;
    const ProductSize& size = plan.size;
    MatrixView<R> left{reinterpret_cast<const R*>(a.as<T>().data()), size.k, 1};
    MatrixView<R> right{reinterpret_cast<const R*>(b.as<T>().data()), size.n, 1};
    if (plan.transpose_a) left = {left.data, 1, size.m};
    if (plan.transpose_b) right = {right.data, 1, size.k};
    std::vector<R> out(to_size(size.m * size.n));
    add_product<R>(size, left, right, out.data(), size.n);
    add_scaled<R, T>(out, plan, call.input(2));
    if constexpr (std::is_same_v<R, T>)
      return one(Array::of(plan.out, std::move(out)));
    else
      return one(Array::of(plan.out, std::vector<T>(out.begin(), out.end())));
  });
}

constexpr std::array kBytes = {ElementType::kInt8, ElementType::kUint8};

// Which of several scales or zero points belongs to an element of the left or right matrix: one for
// all, one for each row (left) or column (right), or one for each of those in each matrix.
struct Granularity {
  std::int64_t per_matrix = 1;  // rows of the left, columns of the right
  std::int64_t count = 1;       // how many there are

  // Of row or column `line` of matrix `matrix`.
  std::size_t index(std::int64_t matrix, std::int64_t line) const {
    if (count == 1) return 0;
    return to_size(count == per_matrix ? line : matrix * per_matrix + line);
  }
};

Result<Granularity> granularity(const Call& call, std::size_t matrix, std::size_t parameter,
                                bool left) {
  Shape shape = call.input(matrix).shape();
  if (shape.size() == 1) shape.insert(left ? shape.begin() : shape.end(), 1);
  const std::size_t line = shape.size() - (left ? 2 : 1);
  Granularity out{shape[line], 1};
  const Array& array = call.input(parameter);
  if (!array.present() || array.elements() == 1) return out;
  Shape whole = shape;
  whole[shape.size() - (left ? 1 : 2)] = 1;
  if (array.shape() != Shape{shape[line]} && array.shape() != whole)
    return invalid(fmt::format("has an input {} of shape {}, which does not fit one of shape {}",
                               parameter, shape_text(array.shape()),
                               shape_text(call.input(matrix).shape())));
  out.count = array.elements();
  return out;
}

// Input `matrix` without its zero points, in wrapping 32 bits.
Result<std::vector<std::uint32_t>> shifted(const Call& call, std::size_t matrix, std::size_t zero,
                                           bool left) {
  SOLITON_IR_TRY(which, granularity(call, matrix, zero, left));
  const Array values = converted(call.input(matrix), ElementType::kInt32);
  const Array zeros = call.has(zero) ? converted(call.input(zero), ElementType::kInt32)
                                     : Array::scalar(std::int32_t{0});
  const std::span<const std::int32_t> from = values.as<std::int32_t>();
  const std::span<const std::int32_t> shift = zeros.as<std::int32_t>();
  std::vector<std::uint32_t> out(from.size());
  const Shape& shape = call.input(matrix).shape();
  const std::int64_t columns = shape.size() == 1 && !left ? 1 : shape.back();
  const std::int64_t rows = shape.size() > 1 ? shape[shape.size() - 2] : left ? 1 : shape[0];
  for (std::size_t i = 0; i < out.size(); ++i) {
    const std::int64_t row = static_cast<std::int64_t>(i) / columns;
    const std::int64_t line = left ? row % rows : static_cast<std::int64_t>(i) % columns;
    out[i] = static_cast<std::uint32_t>(from[i] - shift[which.index(row / rows, line)]);
  }
  return out;
}

struct ByteProduct {
  ProductShape shape;
  std::vector<std::uint32_t> sums;  // empty if not all inputs are known
};

// Inputs of a product of bytes: where the matrices and their zero points are.
struct ByteInputs {
  std::size_t a, a_zero, b, b_zero;
};

Result<ByteProduct> byte_product(const Call& call, const ByteInputs& in) {
  SOLITON_IR_CHECK(check_type(call, in.a, kBytes));
  SOLITON_IR_CHECK(check_type(call, in.b, kBytes));
  const std::size_t of_a[] = {in.a, in.a_zero}, of_b[] = {in.b, in.b_zero};
  SOLITON_IR_CHECK(check_same_type(call, of_a));
  SOLITON_IR_CHECK(check_same_type(call, of_b));
  SOLITON_IR_TRY(shape, product_shape(call, in.a, in.b));
  SOLITON_IR_CHECK(granularity(call, in.a, in.a_zero, true));
  SOLITON_IR_CHECK(granularity(call, in.b, in.b_zero, false));
  ByteProduct out{std::move(shape), {}};
  if (!call.known()) return out;
  SOLITON_IR_TRY(a, shifted(call, in.a, in.a_zero, true));
  SOLITON_IR_TRY(b, shifted(call, in.b, in.b_zero, false));
  out.sums = multiplied<std::uint32_t>(out.shape, a.data(), b.data());
  return out;
}

Result<Outputs> mat_mul_integer(const Call& call) {
  SOLITON_IR_TRY(product, byte_product(call, {0, 2, 1, 3}));
  if (!call.known()) return one(Array::unknown(ElementType::kInt32, product.shape.out));
  return one(Array::of(product.shape.out,
                       std::vector<std::int32_t>(product.sums.begin(), product.sums.end())));
}

// Inputs: a, its scale and zero point, b, its scale and zero point, the scale and zero point of y.
Result<Outputs> qlinear_mat_mul(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 8));
  for (const std::size_t k : {1UL, 4UL, 6UL}) SOLITON_IR_CHECK(check_real(call, k));
  SOLITON_IR_CHECK(check_type(call, 7, kBytes));
  SOLITON_IR_TRY(a_scales, granularity(call, 0, 1, true));
  SOLITON_IR_TRY(b_scales, granularity(call, 3, 4, false));
  if (call.input(6).elements() != 1 || call.input(7).elements() != 1)
    return invalid("has a scale or zero point of its output that is not one number");
  if ((a_scales.count != 1 && a_scales.count != a_scales.per_matrix) ||
      (b_scales.count != 1 && b_scales.count != b_scales.per_matrix))
    return invalid("has scales that differ between matrices, which is not supported");
  SOLITON_IR_TRY(product, byte_product(call, {0, 2, 3, 5}));
  const ElementType type = call.input(7).type();
  if (!call.known()) return one(Array::unknown(type, product.shape.out));
  const Array a = converted(call.input(1), ElementType::kFloat32);
  const Array b = converted(call.input(4), ElementType::kFloat32);
  const auto y = static_cast<float>(number_of(call.input(6)));
  const auto zero = static_cast<std::int64_t>(number_of(call.input(7)));
  const std::span<const float> a_scale = a.as<float>(), b_scale = b.as<float>();
  const ProductSize& size = product.shape.size;
  const auto units = [&](std::size_t i) {
    const auto at = static_cast<std::int64_t>(i);
    const float scale = a_scale[a_scales.index(0, at / size.n % size.m)] *
                        b_scale[b_scales.index(0, at % size.n)] / y;
    return static_cast<float>(static_cast<std::int32_t>(product.sums[i])) * scale;
  };
  const auto quantise = [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<T> out(product.sums.size());
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = quantised<T>(static_cast<double>(units(i)), zero);
    return one(Array::of(product.shape.out, std::move(out)));
  };
  if (type == ElementType::kInt8) return quantise(TypeTag<std::int8_t>{});
  return quantise(TypeTag<std::uint8_t>{});
}

Work product_work(const Call& call, const Outputs& outputs) {
  const Shape& a = call.input(0).shape();
  return {saturating_product({outputs[0].elements(), a.empty() ? 1 : a.back()}), 0};
}

Work gemm_work(const Call& call, const Outputs& outputs) {
  const Shape& a = call.input(0).shape();
  const std::int64_t rows = outputs[0].shape()[0];
  const std::int64_t k = rows == 0 ? 0 : call.input(0).elements() / rows;
  return {saturating_product({a.empty() ? 0 : outputs[0].elements(), k}),
          call.has(2) ? outputs[0].elements() : 0};
}

constexpr Operator kOperators[] = {
    {"Gemm", gemm, gemm_work},
    {"MatMul", mat_mul, product_work},
    {"MatMulInteger", mat_mul_integer, product_work},
    {"QLinearMatMul", qlinear_mat_mul, product_work},
};

}  // namespace

std::span<const Operator> matrix_operators() { return kOperators; }

}  // namespace soliton::ir
