// What must hold for every format and every block, tried on random ones. A failure prints how to
// replay it (RC_PARAMS); without that variable the cases are the same in every run.
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <cmath>
#include <cstdlib>

#include "protocol/tensor/format.h"
#include "protocol/tensor/half.h"

namespace soliton {

// For RapidCheck's reports.
void showValue(const NumberFormat& format, std::ostream& out) { out << format.name; }

namespace {

// Read by RapidCheck before the first property runs.
const int kSeeded = setenv("RC_PARAMS", "seed=20171204 max_success=1000", /*overwrite=*/0);

constexpr int kSmallestExponent = -149;

// ---- the element, from its definition ----

struct Grid {
  int precision;     // significant bits of a normal element
  int min_exponent;  // of a normal element
  int max_exponent;
  double largest;
};

Grid grid_of(const NumberFormat& f) {
  if (f.exponent_bits == 0)
    return {f.mantissa_bits, 0, 0, 2 - std::ldexp(1.0, 1 - f.mantissa_bits)};
  const int bias = (1 << (f.exponent_bits - 1)) - 1;
  const int top = (1 << f.exponent_bits) - 1 - (f.exponent_bits >= 5 ? 1 : 0);
  double largest = std::ldexp(2 - std::ldexp(1.0, -f.mantissa_bits), top - bias);
  if (f.exponent_bits == 4 && f.mantissa_bits == 3) largest = 448;
  return {f.mantissa_bits + 1, 1 - bias, top - bias, largest};
}

// The step of the elements around `magnitude`.
double step_at(double magnitude, const Grid& grid) {
  const int own =
      magnitude > 0 ? std::max(std::ilogb(magnitude), grid.min_exponent) : grid.min_exponent;
  return std::ldexp(1.0, own - (grid.precision - 1));
}

// ---- generators ----

NumberFormat spelled(int e, int m, int scale, int block, const char* rounding, bool saturates,
                     bool flushes) {
  return parse_format("e" + std::to_string(e) + "m" + std::to_string(m) +
                      ",block=" + std::to_string(block) + ",scale=" + std::to_string(scale) +
                      ",round=" + rounding + (saturates ? ",overflow=saturate" : "") +
                      (flushes ? ",flush=yes" : ""))
      .value();
}

rc::Gen<NumberFormat> any_format() {
  return rc::gen::exec([] {
    const int e = *rc::gen::element(0, 0, 0, 1, 2, 3, 4, 5);
    const int m = e == 0 ? *rc::gen::inRange(1, 16) : *rc::gen::inRange(0, 6);
    return spelled(e, m, *rc::gen::inRange(2, 9), *rc::gen::inRange(1, 33),
                   *rc::gen::element("even", "nearest", "floor"), *rc::gen::arbitrary<bool>(),
                   *rc::gen::arbitrary<bool>());
  });
}

// A finite fp32 number within some octaves below 2^top; fractions of few bits make ties.
rc::Gen<float> any_value(int top) {
  return rc::gen::exec([top] {
    if (*rc::gen::inRange(0, 12) == 0) return *rc::gen::element(0.0f, -0.0f);
    const int exponent = top - *rc::gen::inRange(0, 20);
    const int bits = *rc::gen::inRange(0, 24);
    const std::uint32_t fraction =
        *rc::gen::arbitrary<std::uint32_t>() & 0x7fffff & ~((1u << (23 - std::min(bits, 23))) - 1);
    const float sign = *rc::gen::arbitrary<bool>() ? -1.0f : 1.0f;
    return sign * static_cast<float>(std::ldexp(1.0 + fraction * 0x1p-23, exponent));
  });
}

std::vector<float> values_below(int top, std::size_t count) {
  return *rc::gen::container<std::vector<float>>(count, any_value(top));
}

std::vector<float> any_block() {
  const int top = *rc::gen::element(0, 3, -3, 14, -14, 60, 120, -100, -126, -135);
  return values_below(top, *rc::gen::inRange<std::size_t>(1, 33));
}

// ---- properties of a block ----

RC_GTEST_PROP(QuantisedBlocks, AreWithinHalfAStepOrOneWhenTruncated, ()) {
  const NumberFormat f = *any_format();
  const std::vector<float> values = any_block();
  const QuantisedBlock block = quantise_block(values, f);
  RC_PRE(!block.poisoned);
  const Grid grid = grid_of(f);
  const float largest_in = std::fabs(*std::max_element(
      values.begin(), values.end(), [](float a, float b) { return std::fabs(a) < std::fabs(b); }));
  RC_PRE(!f.flush || largest_in >= 0x1p-126f);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = std::ldexp(std::fabs(static_cast<double>(values[i])), -block.scale_exponent);
    const double y =
        std::ldexp(std::fabs(static_cast<double>(block.values[i])), -block.scale_exponent);
    RC_ASSERT(y <= grid.largest);
    // An element: a whole number of steps at its own place.
    RC_ASSERT(std::fmod(y, step_at(y, grid)) == 0);
    if (x >= grid.largest) {
      RC_ASSERT(y == grid.largest);
      continue;
    }
    const double step = step_at(x, grid);
    if (f.rounding == Rounding::kFloor)
      RC_ASSERT(y <= x && x - y < step);
    else
      RC_ASSERT(std::fabs(y - x) <= step / 2);
  }
}

RC_GTEST_PROP(QuantisedBlocks, StayWhatTheyAre, ()) {
  const NumberFormat f = *any_format();
  const QuantisedBlock once = quantise_block(any_block(), f);
  RC_PRE(!once.poisoned);
  const QuantisedBlock twice = quantise_block(once.values, f);
  RC_ASSERT(!twice.poisoned);
  RC_ASSERT(twice.values == once.values);
}

RC_GTEST_PROP(QuantisedBlocks, KeepTheOrderOfTheirValues, ()) {
  const NumberFormat f = *any_format();
  std::vector<float> values = any_block();
  std::sort(values.begin(), values.end());
  const QuantisedBlock block = quantise_block(values, f);
  RC_PRE(!block.poisoned);
  RC_ASSERT(std::is_sorted(block.values.begin(), block.values.end()));
}

RC_GTEST_PROP(QuantisedBlocks, AreOddFunctions, ()) {
  const NumberFormat f = *any_format();
  std::vector<float> values = any_block();
  const QuantisedBlock block = quantise_block(values, f);
  for (float& value : values) value = -value;
  const QuantisedBlock mirrored = quantise_block(values, f);
  RC_ASSERT(mirrored.poisoned == block.poisoned);
  if (block.poisoned) return;
  RC_ASSERT(mirrored.scale_exponent == block.scale_exponent);
  for (std::size_t i = 0; i < values.size(); ++i) RC_ASSERT(mirrored.values[i] == -block.values[i]);
}

// Where neither the shared exponent nor fp32 itself ends.
RC_GTEST_PROP(QuantisedBlocks, MoveWithPowersOfTwo, ()) {
  NumberFormat f = *any_format();
  f.scale_bits = 8;
  const std::vector<float> values = values_below(0, *rc::gen::inRange<std::size_t>(1, 33));
  const int shift = *rc::gen::inRange(-60, 61);
  std::vector<float> shifted;
  for (const float value : values) shifted.push_back(std::ldexp(value, shift));
  const QuantisedBlock block = quantise_block(values, f);
  const QuantisedBlock moved = quantise_block(shifted, f);
  const bool zeros =
      std::all_of(values.begin(), values.end(), [](float value) { return value == 0; });
  RC_ASSERT(zeros || moved.scale_exponent == block.scale_exponent + shift);
  for (std::size_t i = 0; i < values.size(); ++i)
    RC_ASSERT(moved.values[i] == std::ldexp(block.values[i], shift));
}

// The power of two of the scale holds the largest magnitude at the top of the elements.
RC_GTEST_PROP(QuantisedBlocks, HaveTheExponentOfTheirLargestValue, ()) {
  const NumberFormat f = *any_format();
  const std::vector<float> values = any_block();
  const QuantisedBlock block = quantise_block(values, f);
  const Grid grid = grid_of(f);
  double largest = 0;
  for (const float value : values)
    largest = std::max(largest, std::fabs(static_cast<double>(value)));
  RC_PRE(largest > 0);
  const int limit = (1 << (f.scale_bits - 1)) - 1;
  const int wanted = std::ilogb(largest) - grid.max_exponent;
  RC_ASSERT(block.poisoned == (wanted > limit && f.overflow == Overflow::kPoison));
  if (!block.poisoned) RC_ASSERT(block.scale_exponent == std::clamp(wanted, -limit, limit));
}

RC_GTEST_PROP(QuantisedBlocks, WithAnFp32ScaleAreWithinHalfAStep, ()) {
  NumberFormat f = parse_format("int8").value();
  f.mantissa_bits = *rc::gen::inRange(1, 16);
  f.rounding = *rc::gen::element(Rounding::kEven, Rounding::kNearest, Rounding::kFloor);
  const std::vector<float> values =
      values_below(*rc::gen::inRange(-90, 121), *rc::gen::inRange<std::size_t>(1, 40));
  const QuantisedBlock block = quantise_block(values, f);
  const double scale = static_cast<double>(block.scale);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double x = static_cast<double>(values[i]);
    const double error = std::fabs(static_cast<double>(block.values[i]) - x);
    // Besides the step: the scale and the value are rounded to fp32.
    const double fp32 = std::fabs(x) * 0x1p-22;
    RC_ASSERT(error <= scale * (f.rounding == Rounding::kFloor ? 1.0 : 0.5) + fp32);
  }
}

// ---- properties of matrices ----

RC_GTEST_PROP(QuantisedMatrices, BlocksDoNotTouchEachOther, ()) {
  const NumberFormat f = *any_format();
  const int native = *rc::gen::inRange(1, 60);
  std::vector<float> row = values_below(0, *rc::gen::inRange<std::size_t>(2, 100));
  const int columns = static_cast<int>(row.size());
  const Result<BfpMatrix> before = quantise_matrix(row, 1, columns, f, native, "w");
  RC_PRE(before.has_value());
  const int block = *rc::gen::inRange(0, before->blocks_per_row());
  const int first = before->block_starts[static_cast<std::size_t>(block)];
  const int last = before->block_starts[static_cast<std::size_t>(block) + 1];
  RC_ASSERT(last - first <= f.block);
  RC_ASSERT(first / native == (last - 1) / native);
  for (int k = first; k < last; ++k) row[static_cast<std::size_t>(k)] = 0.875f;
  const Result<BfpMatrix> after = quantise_matrix(row, 1, columns, f, native, "w");
  RC_PRE(after.has_value());
  for (int b = 0; b < before->blocks_per_row(); ++b) {
    if (b == block) continue;
    RC_ASSERT(before->exponents[static_cast<std::size_t>(b)] ==
              after->exponents[static_cast<std::size_t>(b)]);
    for (int k = before->block_starts[static_cast<std::size_t>(b)];
         k < before->block_starts[static_cast<std::size_t>(b) + 1]; ++k) {
      const auto at = static_cast<std::size_t>(k);
      if (has_narrow_elements(f))
        RC_ASSERT(before->mantissas[at] == after->mantissas[at]);
      else
        RC_ASSERT(before->wide[at] == after->wide[at]);
    }
  }
}

// The loops for int8 mantissas against the scalar ones, on any format they take.
RC_GTEST_PROP(Products, FastPathEqualsTheReference, ()) {
  NumberFormat f = *any_format();
  f.overflow = Overflow::kSaturate;
  const int rows = *rc::gen::inRange(1, 10);
  const int columns = *rc::gen::inRange(1, 80);
  const std::vector<float> weights =
      values_below(*rc::gen::element(0, -20, 14, -120), static_cast<std::size_t>(rows * columns));
  std::vector<std::uint16_t> x(static_cast<std::size_t>(columns));
  for (std::uint16_t& value : x) {
    value = *rc::gen::arbitrary<std::uint16_t>();
    if ((value & 0x7c00) == 0x7c00) value &= 0xbfff;  // finite
  }
  const BfpMatrix matrix =
      quantise_matrix(weights, rows, columns, f, *rc::gen::inRange(1, 60), "w").value();
  BfpVector vector;
  quantise_activation(x, f, matrix.block_starts, vector);
  std::vector<float> fast(static_cast<std::size_t>(rows)), scalar(fast);
  multiply(matrix, vector, fast);
  multiply_reference(matrix, vector, scalar);
  for (std::size_t r = 0; r < fast.size(); ++r)
    RC_ASSERT(std::bit_cast<std::uint32_t>(fast[r]) == std::bit_cast<std::uint32_t>(scalar[r]));
}

}  // namespace
}  // namespace soliton
