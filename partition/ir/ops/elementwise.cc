// Operators that work element by element.
#include <array>
#include <bit>
#include <cmath>
#include <limits>

#include "partition/ir/ops/arithmetic.h"
#include "partition/ir/ops/common.h"
#include "partition/ir/ops/pointwise.h"
#include "protocol/math/math.h"

namespace soliton::ir {

namespace {

// Functions of double, for arguments of float or double: rounded once to the type of the argument.
template <double (*function)(double)>
Result<Outputs> by_double(const Call& call) {
  return unary_real(
      call, [](auto x) { return static_cast<decltype(x)>(function(static_cast<double>(x))); });
}

double exact_sqrt(double x) { return std::sqrt(x); }
double floor_of(double x) { return std::floor(x); }
double ceil_of(double x) { return std::ceil(x); }
double softsign(double x) { return x / (1 + std::abs(x)); }
double reciprocal(double x) { return 1 / x; }
double mish(double x) { return x * math::tanh(math::softplus(x)); }

template <typename Function>
Array combined_numbers(const Array& a, const Array& b, const Shape& shape) {
  if (!a.known() || !b.known()) return Array::unknown(a.type(), shape);
  return with_type(a.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>)
      return Array();
    else
      return combined<T, T>(a, b, shape, Function());
  });
}

template <typename Function>
Result<Outputs> binary(const Call& call) {
  SOLITON_IR_TRY(shape, pair_shape(call));
  SOLITON_IR_CHECK(check_number(call, 0));
  return one(combined_numbers<Function>(call.input(0), call.input(1), shape));
}

// Any number of inputs, combined from the first to the last.
template <typename Function>
Result<Outputs> variadic(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, std::max<std::size_t>(1, call.inputs.size())));
  Array sum = call.input(0);
  SOLITON_IR_CHECK(check_number(call, 0));
  for (std::size_t k = 1; k < call.inputs.size(); ++k) {
    const std::size_t both[] = {0, k};
    SOLITON_IR_CHECK(check_same_type(call, both));
    const Shape* shapes[] = {&sum.shape(), &call.input(k).shape()};
    SOLITON_IR_TRY(shape, broadcast_shape(shapes));
    SOLITON_IR_CHECK(check_fits(call, shape));
    sum = combined_numbers<Function>(sum, call.input(k), shape);
  }
  return one(std::move(sum));
}

Result<Outputs> mean(const Call& call) {
  SOLITON_IR_CHECK(check_real(call, 0));
  SOLITON_IR_TRY(sum, variadic<Add>(call));
  if (!sum[0].known()) return std::move(sum);
  const auto count = static_cast<double>(call.inputs.size());
  return with_real(sum[0].type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return one(mapped<T, T>(sum[0], [&](auto x) { return x / static_cast<decltype(x)>(count); }));
  });
}

// Comparisons give bool.
template <typename Function>
Result<Outputs> comparison(const Call& call) {
  SOLITON_IR_TRY(shape, pair_shape(call));
  const Array &a = call.input(0), &b = call.input(1);
  if (!a.known() || !b.known()) return one(Array::unknown(ElementType::kBool, shape));
  return with_type(a.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>)
      return one(combined<Bool, Bool>(a, b, shape, [](Bool x, Bool y) {
        return Function()(x.value ? 1 : 0, y.value ? 1 : 0);
      }));
    else
      return one(combined<T, Bool>(a, b, shape, Function()));
  });
}

template <typename Function>
Result<Outputs> logical(const Call& call) {
  static constexpr std::array kBoolOnly = {ElementType::kBool};
  SOLITON_IR_CHECK(check_type(call, 0, kBoolOnly));
  SOLITON_IR_TRY(shape, pair_shape(call));
  const Array &a = call.input(0), &b = call.input(1);
  if (!a.known() || !b.known()) return one(Array::unknown(ElementType::kBool, shape));
  return one(combined<Bool, Bool>(a, b, shape,
                                  [](Bool x, Bool y) { return Function()(x.value, y.value); }));
}

struct BitAnd {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a & b);
  }
};
struct BitOr {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a | b);
  }
};
struct BitXor {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<T>(a ^ b);
  }
};
struct ShiftLeft {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<std::uint64_t>(b) < 8 * sizeof(T)
               ? static_cast<T>(static_cast<std::uint64_t>(a) << b)
               : T{0};
  }
};
struct ShiftRight {
  template <typename T>
  T operator()(T a, T b) const {
    return static_cast<std::uint64_t>(b) < 8 * sizeof(T) ? static_cast<T>(a >> b) : T{0};
  }
};

template <typename Function>
Result<Outputs> bitwise(const Call& call) {
  SOLITON_IR_TRY(shape, pair_shape(call));
  const Array &a = call.input(0), &b = call.input(1);
  if (!is_integer(a.type())) return invalid("has inputs that are not integers");
  if (!a.known() || !b.known()) return one(Array::unknown(a.type(), shape));
  return with_type(a.type(), [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_integral_v<T>) return one(combined<T, T>(a, b, shape, Function()));
    return invalid("has inputs that are not integers");
  });
}

Result<Outputs> bit_shift(const Call& call) {
  SOLITON_IR_TRY(direction, call.node.text("direction", ""));
  if (direction == "LEFT") return bitwise<ShiftLeft>(call);
  if (direction == "RIGHT") return bitwise<ShiftRight>(call);
  return invalid("has a direction that is neither LEFT nor RIGHT");
}

Result<Outputs> logical_not(const Call& call) {
  static constexpr std::array kBoolOnly = {ElementType::kBool};
  SOLITON_IR_CHECK(check_type(call, 0, kBoolOnly));
  const Array& in = call.input(0);
  if (!in.known()) return one(in);
  return one(mapped<Bool, Bool>(in, [](Bool x) { return !x.value; }));
}

// Remainders. fmod = 0: the sign of the divisor (Python's %), integers only. fmod = 1: the sign of
// the dividend (C's fmod).
struct RemainderFloor {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>)
        if (b == static_cast<T>(-1)) return 0;
      const T rest = static_cast<T>(a % b);
      return rest != 0 && (rest < 0) != (b < 0) ? static_cast<T>(rest + b) : rest;
    } else {
      const T rest = std::fmod(a, b);
      return rest != 0 && (rest < 0) != (b < 0) ? rest + b : rest;
    }
  }
};
struct RemainderTruncate {
  template <typename T>
  T operator()(T a, T b) const {
    if constexpr (std::is_integral_v<T>) {
      if (b == 0) return 0;
      if constexpr (std::is_signed_v<T>)
        if (b == static_cast<T>(-1)) return 0;
      return static_cast<T>(a % b);
    } else {
      return std::fmod(a, b);
    }
  }
};

Result<Outputs> modulo(const Call& call) {
  SOLITON_IR_TRY(fmod, call.node.integer("fmod", 0));
  return fmod != 0 ? binary<RemainderTruncate>(call) : binary<RemainderFloor>(call);
}

// Integers to integer powers by squaring; everything else in double, rounded once.
template <typename T>
T power(T base, double exponent) {
  if constexpr (std::is_integral_v<T>) {
    if (exponent >= 0 && exponent < 64 && exponent == std::floor(exponent)) {
      T out = 1;
      for (auto n = static_cast<int>(exponent); n > 0; --n) out = Multiply()(out, base);
      return out;
    }
    return static_cast<T>(math::pow(static_cast<double>(base), exponent));
  } else {
    return static_cast<T>(math::pow(static_cast<double>(base), exponent));
  }
}

Result<Outputs> pow(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 2));
  SOLITON_IR_CHECK(check_number(call, 0));
  const Array& base = call.input(0);
  const Shape* shapes[] = {&base.shape(), &call.input(1).shape()};
  SOLITON_IR_TRY(shape, broadcast_shape(shapes));
  SOLITON_IR_CHECK(check_fits(call, shape));
  if (!call.known()) return one(Array::unknown(base.type(), shape));
  const Array exponent = converted(call.input(1), ElementType::kFloat64);
  const std::span<const double> y = exponent.as<double>();
  return with_type(base.type(), [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    if constexpr (std::is_same_v<T, Bool>) {
      return invalid("has an input of type bool");
    } else {
      const std::span<const T> x = base.as<T>();
      std::vector<T> out(static_cast<std::size_t>(extent_product(shape, 0, shape.size())));
      for_each_run(shape, base.shape(), exponent.shape(), [&](const BroadcastRun& run) {
        for (std::int64_t i = 0; i < run.count; ++i)
          out[static_cast<std::size_t>(run.out + i)] = static_cast<T>(
              power(static_cast<Computed<T>>(x[static_cast<std::size_t>(run.a + i * run.step_a)]),
                    y[static_cast<std::size_t>(run.b + i * run.step_b)]));
      });
      return one(Array::of(shape, std::move(out)));
    }
  });
}

template <typename T>
T absolute(T x) {
  if constexpr (std::is_floating_point_v<T>) return std::abs(x);
  if constexpr (std::is_signed_v<T> && std::is_integral_v<T>)
    return x < 0 ? Subtract()(T{0}, x) : x;
  return x;
}

Result<Outputs> abs(const Call& call) {
  return unary_number(call, [](auto x) { return absolute(x); });
}
Result<Outputs> negate(const Call& call) {
  return unary_number(call, [](auto x) {
    if constexpr (std::is_floating_point_v<decltype(x)>)
      return -x;
    else
      return Subtract()(decltype(x){0}, x);
  });
}
Result<Outputs> sign(const Call& call) {
  return unary_number(call, [](auto x) {
    using T = decltype(x);
    return x > T{0} ? T{1} : x < T{0} ? static_cast<T>(-1) : x;
  });
}
Result<Outputs> relu(const Call& call) {
  return unary_number(call, [](auto x) { return x < decltype(x){0} ? decltype(x){0} : x; });
}

// Activations with parameters, computed in double and rounded once. kParameters: their names and
// defaults in ONNX.
struct Parameters {
  const char* first = nullptr;
  float first_default = 0;
  const char* second = nullptr;
  float second_default = 0;
};
template <double (*function)(double x, double a, double b)>
Result<Outputs> activation(const Call& call, const Parameters& names) {
  double a = 0, b = 0;
  if (names.first != nullptr) {
    SOLITON_IR_TRY(value, call.node.real(names.first, names.first_default));
    a = value;
  }
  if (names.second != nullptr) {
    SOLITON_IR_TRY(value, call.node.real(names.second, names.second_default));
    b = value;
  }
  return unary_real(call, [&](auto x) {
    return static_cast<decltype(x)>(function(static_cast<double>(x), a, b));
  });
}

double leaky_relu(double x, double a, double) { return x < 0 ? a * x : x; }
double elu(double x, double a, double) { return x < 0 ? a * math::expm1(x) : x; }
double celu(double x, double a, double) { return x < 0 ? a * math::expm1(x / a) : x; }
double selu(double x, double a, double g) { return g * (x > 0 ? x : a * math::expm1(x)); }
double hard_sigmoid(double x, double a, double b) {
  return std::min(1.0, std::max(0.0, a * x + b));
}
double hard_swish(double x, double, double) { return x * hard_sigmoid(x, 1.0 / 6, 0.5); }
double thresholded_relu(double x, double a, double) { return x > a ? x : 0; }
double shrink(double x, double bias, double lambda) {
  return x < -lambda ? x + bias : x > lambda ? x - bias : 0;
}
double gelu_exact(double x, double, double) {
  return 0.5 * x * (1 + math::erf(x * 0.70710678118654752440));
}
double gelu_tanh(double x, double, double) {
  return 0.5 * x * (1 + math::tanh(0.79788456080286535588 * (x + 0.044715 * x * x * x)));
}

Result<Outputs> op_leaky_relu(const Call& c) { return activation<leaky_relu>(c, {"alpha", 0.01F}); }
Result<Outputs> op_elu(const Call& c) { return activation<elu>(c, {"alpha", 1}); }
Result<Outputs> op_celu(const Call& c) { return activation<celu>(c, {"alpha", 1}); }
Result<Outputs> op_selu(const Call& c) {
  return activation<selu>(c, {"alpha", 1.67326319F, "gamma", 1.05070102F});
}
Result<Outputs> op_hard_sigmoid(const Call& c) {
  return activation<hard_sigmoid>(c, {"alpha", 0.2F, "beta", 0.5F});
}
Result<Outputs> op_hard_swish(const Call& c) { return activation<hard_swish>(c, {}); }
Result<Outputs> op_thresholded_relu(const Call& c) {
  return activation<thresholded_relu>(c, {"alpha", 1});
}
Result<Outputs> op_shrink(const Call& c) {
  return activation<shrink>(c, {"bias", 0, "lambd", 0.5F});
}
Result<Outputs> op_gelu(const Call& call) {
  SOLITON_IR_TRY(form, call.node.text("approximate", "none"));
  if (form == "tanh") return activation<gelu_tanh>(call, {});
  if (form == "none") return activation<gelu_exact>(call, {});
  return invalid("has an approximate that is neither none nor tanh");
}

Result<Outputs> prelu(const Call& call) {
  SOLITON_IR_CHECK(check_real(call, 0));
  SOLITON_IR_TRY(shape, pair_shape(call));
  if (!call.known()) return one(Array::unknown(call.input(0).type(), shape));
  return with_real(call.input(0).type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return one(combined<T, T>(call.input(0), call.input(1), shape,
                              [](auto x, auto slope) { return x < 0 ? x * slope : x; }));
  });
}

// Limits are attributes before opset 11 and inputs since.
Result<Outputs> clip(const Call& call) {
  SOLITON_IR_CHECK(check_number(call, 0));
  const Array& in = call.input(0);
  SOLITON_IR_TRY(low, call.node.real("min", std::numeric_limits<float>::lowest()));
  SOLITON_IR_TRY(high, call.node.real("max", std::numeric_limits<float>::max()));
  for (const std::size_t k : {1UL, 2UL})
    if (call.has(k) && (call.input(k).elements() != 1 || call.input(k).type() != in.type()))
      return invalid("has a limit that is not one number of its input's type");
  if (!call.known()) return one(in.forgotten());
  const bool old = call.opset < 11;
  return with_type(in.type(), [&](auto tag) -> Result<Outputs> {
    using T = typename decltype(tag)::type;
    using C = Computed<T>;
    if constexpr (std::is_same_v<T, Bool>) {
      return invalid("has an input of type bool");
    } else {
      C least = std::numeric_limits<C>::lowest(), most = std::numeric_limits<C>::max();
      if (old && call.node.find("min") != nullptr) least = static_cast<C>(low);
      if (old && call.node.find("max") != nullptr) most = static_cast<C>(high);
      if (call.has(1)) least = static_cast<C>(call.input(1).as<T>()[0]);
      if (call.has(2)) most = static_cast<C>(call.input(2).as<T>()[0]);
      return one(mapped<T, T>(in, [&](C x) { return Minimum()(Maximum()(x, least), most); }));
    }
  });
}

// Real to bool.
template <typename Test>
Result<Outputs> test_real(const Call& call, Test test) {
  SOLITON_IR_CHECK(check_real(call, 0));
  const Array& in = call.input(0);
  if (!in.known()) return one(Array::unknown(ElementType::kBool, in.shape()));
  return with_real(in.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    return one(mapped<T, Bool>(in, test));
  });
}

Result<Outputs> is_nan(const Call& call) {
  return test_real(call, [](auto x) { return std::isnan(x); });
}
Result<Outputs> is_inf(const Call& call) {
  SOLITON_IR_TRY(negative, call.node.integer("detect_negative", 1));
  SOLITON_IR_TRY(positive, call.node.integer("detect_positive", 1));
  return test_real(call,
                   [&](auto x) { return std::isinf(x) && (x < 0 ? negative : positive) != 0; });
}

// condition ? a : b, all three broadcast.
Result<Outputs> where(const Call& call) {
  SOLITON_IR_CHECK(check_inputs(call, 3));
  static constexpr std::array kBoolOnly = {ElementType::kBool};
  SOLITON_IR_CHECK(check_type(call, 0, kBoolOnly));
  static constexpr std::size_t kChoices[] = {1, 2};
  SOLITON_IR_CHECK(check_same_type(call, kChoices));
  const Shape* shapes[] = {&call.input(0).shape(), &call.input(1).shape(), &call.input(2).shape()};
  SOLITON_IR_TRY(shape, broadcast_shape(shapes));
  SOLITON_IR_CHECK(check_fits(call, shape));
  if (!call.known()) return one(Array::unknown(call.input(1).type(), shape));
  const Array condition = broadcast_to(call.input(0), shape);
  const std::span<const Bool> chosen = condition.as<Bool>();
  return with_type(call.input(1).type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    const Array a = broadcast_to(call.input(1), shape), b = broadcast_to(call.input(2), shape);
    std::vector<T> out(chosen.size());
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = chosen[i].value ? a.as<T>()[i] : b.as<T>()[i];
    return one(Array::of(shape, std::move(out)));
  });
}

constexpr Operator kOperators[] = {
    {"Abs", abs},
    {"Acos", by_double<math::acos>},
    {"Acosh", by_double<math::acosh>},
    {"Add", binary<Add>},
    {"And", logical<std::logical_and<>>},
    {"Asin", by_double<math::asin>},
    {"Asinh", by_double<math::asinh>},
    {"Atan", by_double<math::atan>},
    {"Atanh", by_double<math::atanh>},
    {"BitShift", bit_shift},
    {"BitwiseAnd", bitwise<BitAnd>},
    {"BitwiseOr", bitwise<BitOr>},
    {"BitwiseXor", bitwise<BitXor>},
    {"Ceil", by_double<ceil_of>},
    {"Celu", op_celu},
    {"Clip", clip},
    {"Cos", by_double<math::cos>},
    {"Cosh", by_double<math::cosh>},
    {"Div", binary<Divide>},
    {"Elu", op_elu},
    {"Equal", comparison<std::equal_to<>>},
    {"Erf", by_double<math::erf>},
    {"Exp", by_double<math::exp>},
    {"Floor", by_double<floor_of>},
    {"Gelu", op_gelu},
    {"Greater", comparison<std::greater<>>},
    {"GreaterOrEqual", comparison<std::greater_equal<>>},
    {"HardSigmoid", op_hard_sigmoid},
    {"HardSwish", op_hard_swish},
    {"IsInf", is_inf},
    {"IsNaN", is_nan},
    {"LeakyRelu", op_leaky_relu},
    {"Less", comparison<std::less<>>},
    {"LessOrEqual", comparison<std::less_equal<>>},
    {"Log", by_double<math::log>},
    {"Max", variadic<Maximum>},
    {"Mean", mean},
    {"Min", variadic<Minimum>},
    {"Mish", by_double<mish>},
    {"Mod", modulo},
    {"Mul", binary<Multiply>},
    {"Neg", negate},
    {"Not", logical_not},
    {"Or", logical<std::logical_or<>>},
    {"PRelu", prelu},
    {"Pow", pow},
    {"Reciprocal", by_double<reciprocal>},
    {"Relu", relu},
    {"Round", by_double<math::round_half_even>},
    {"Selu", op_selu},
    {"Shrink", op_shrink},
    {"Sigmoid", by_double<math::sigmoid>},
    {"Sign", sign},
    {"Sin", by_double<math::sin>},
    {"Sinh", by_double<math::sinh>},
    {"Softplus", by_double<math::softplus>},
    {"Softsign", by_double<softsign>},
    {"Sqrt", by_double<exact_sqrt>},
    {"Sub", binary<Subtract>},
    {"Sum", variadic<Add>},
    {"Tan", by_double<math::tan>},
    {"Tanh", by_double<math::tanh>},
    {"ThresholdedRelu", op_thresholded_relu},
    {"Where", where},
    {"Xor", logical<std::not_equal_to<>>},
};

}  // namespace

std::span<const Operator> elementwise_operators() { return kOperators; }

}  // namespace soliton::ir
