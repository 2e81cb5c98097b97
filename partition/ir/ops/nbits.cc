// com.microsoft:MatMulNBits, a product with a matrix of 2, 4 or 8 bits a weight
// (ONNX Runtime, "Contrib Operators").
//
// Weights lie column after column; each block of `block_size` consecutive weights of a column has a
// scale and a zero point. A weight is (code - zero point) * scale in fp32.
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/product.h"
#include "partition/ir/ops/wide.h"

namespace soliton::ir {

namespace {

// Columns that are unpacked at a time, which bounds the memory for them.
constexpr std::int64_t kPanel = 64;

struct Plan {
  std::int64_t k = 0, n = 0, bits = 4, block = 32, blocks = 0;
  Shape out;
};

Status check_plan(const Plan& plan) {
  if (plan.k < 1 || plan.k > kMostElements || plan.n < 1 || plan.n > kMostElements)
    return invalid("has a K or N that is not a positive extent");
  if (plan.bits != 2 && plan.bits != 4 && plan.bits != 8)
    return invalid(fmt::format("has weights of {} bits; 2, 4 and 8 are supported", plan.bits));
  if (plan.block < 16 || plan.block > 65'536 || (plan.block & (plan.block - 1)) != 0)
    return invalid(
        fmt::format("has a block_size of {}, which is not a power of two from 16", plan.block));
  return {};
}

// Bytes of one column's packed zero points.
std::int64_t zero_bytes(const Plan& plan) { return (plan.blocks * plan.bits + 7) / 8; }

Status check_weights(const Call& call, const Plan& plan) {
  if (call.has(4)) return invalid("has a g_idx, which is not supported");
  const Array &codes = call.input(1), &scales = call.input(2), &zeros = call.input(3);
  if (codes.type() != ElementType::kUint8) return invalid("has weights that are not uint8");
  SOLITON_IR_CHECK(
      check_shape(codes, {plan.n, plan.blocks, plan.block * plan.bits / 8}, "weights"));
  SOLITON_IR_CHECK(check_real(call, 2));
  if (scales.elements() != plan.n * plan.blocks)
    return invalid(
        fmt::format("has {} scales instead of {}", scales.elements(), plan.n * plan.blocks));
  if (zeros.present()) {
    const bool packed = zeros.type() == ElementType::kUint8;
    const std::int64_t wanted = plan.n * (packed ? zero_bytes(plan) : plan.blocks);
    if (!packed) SOLITON_IR_CHECK(check_real(call, 3));
    if (zeros.elements() != wanted)
      return invalid(fmt::format("has {} zero points instead of {}", zeros.elements(), wanted));
  }
  return check_shape(call.input(5), {plan.n}, "a bias");
}

Result<Plan> plan_of(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 3));
  SOLITON_IR_CHECK(check_real(call, 0));
  static constexpr std::size_t kReals[] = {0, 2, 5};
  SOLITON_IR_CHECK(check_same_type(call, kReals));
  SOLITON_IR_TRY(k, call.node.integer("K", 0));
  SOLITON_IR_TRY(n, call.node.integer("N", 0));
  SOLITON_IR_TRY(bits, call.node.integer("bits", 4));
  SOLITON_IR_TRY(block, call.node.integer("block_size", 0));
  Plan plan{k, n, bits, block, 0, call.input(0).shape()};
  SOLITON_IR_CHECK(check_plan(plan));
  plan.blocks = (k + block - 1) / block;
  if (plan.out.empty() || plan.out.back() != k)
    return invalid(fmt::format("has an input of shape {} for a K of {}", shape_text(plan.out), k));
  plan.out.back() = n;
  SOLITON_IR_CHECK(check_fits(call, plan.out));
  SOLITON_IR_CHECK(check_weights(call, plan));
  return plan;
}

// Element `index` of a row of codes, the first in the lowest bits.
float code(const std::uint8_t* row, std::int64_t index, std::int64_t bits) {
  const std::int64_t bit = index * bits;
  return static_cast<float>((row[bit / 8] >> (bit % 8)) & ((1 << bits) - 1));
}

struct Weights {
  const Plan& plan;
  std::span<const std::uint8_t> codes;
  Array scales;  // fp32
  Array zeros;   // fp32, packed uint8, or absent

  float zero_of(std::int64_t column, std::int64_t block) const {
    if (!zeros.present()) return static_cast<float>(1 << (plan.bits - 1));
    if (zeros.type() == ElementType::kFloat32)
      return zeros.as<float>()[to_size(column * plan.blocks + block)];
    return code(zeros.as<std::uint8_t>().data() + column * zero_bytes(plan), block, plan.bits);
  }
  // Column `column` into to[0 … k).
  void unpack(std::int64_t column, float* to) const {
    const std::int64_t stride = plan.block * plan.bits / 8;
    for (std::int64_t block = 0; block < plan.blocks; ++block) {
      const std::int64_t index = column * plan.blocks + block;
      const float scale = scales.as<float>()[to_size(index)];
      const float zero = zero_of(column, block);
      const std::int64_t first = block * plan.block;
      const std::int64_t count = std::min(plan.block, plan.k - first);
      for (std::int64_t i = 0; i < count; ++i)
        to[first + i] = (code(codes.data() + index * stride, i, plan.bits) - zero) * scale;
    }
  }
};

Result<Outputs> mat_mul_nbits(const Call& call) {
  SOLITON_IR_TRY(plan, plan_of(call));
  const ElementType type = call.input(0).type();
  if (!call.known()) return one(Array::unknown(type, plan.out));
  Array zeros = call.input(3);
  if (zeros.type() != ElementType::kUint8) zeros = converted(zeros, ElementType::kFloat32);
  const Weights weights{plan, call.input(1).as<std::uint8_t>(),
                        converted(call.input(2), ElementType::kFloat32), std::move(zeros)};
  const Array a = converted(call.input(0), ElementType::kFloat32);
  const Array bias = converted(call.input(5), ElementType::kFloat32);
  const std::int64_t rows = a.elements() / plan.k;
  std::vector<float> out(to_size(rows * plan.n));
  std::vector<float> panel(to_size(std::min(kPanel, plan.n) * plan.k));
  for (std::int64_t first = 0; first < plan.n; first += kPanel) {
    const std::int64_t columns = std::min(kPanel, plan.n - first);
    for (std::int64_t i = 0; i < columns; ++i) weights.unpack(first + i, panel.data() + i * plan.k);
    add_product<float>({rows, columns, plan.k}, {a.as<float>().data(), plan.k},
                       {panel.data(), 1, plan.k}, out.data() + first, plan.n);
  }
  if (bias.present())
    for (std::size_t i = 0; i < out.size(); ++i) out[i] += bias.as<float>()[i % to_size(plan.n)];
  return one(converted(Array::of(plan.out, std::move(out)), type));
}

Work nbits_work(const Call& call, const Outputs& outputs) {
  return {saturating_product({outputs[0].elements(), call.input(0).shape().back()}), 0};
}

constexpr Operator kOperators[] = {
    {"com.microsoft:MatMulNBits", mat_mul_nbits, nbits_work},
};

}  // namespace

std::span<const Operator> nbits_operators() { return kOperators; }

}  // namespace soliton::ir
