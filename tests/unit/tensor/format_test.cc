// Descriptors and their spelling, storage sizes, block borders, and the rules of the quantiser that
// the shipped vectors do not reach: saturation of the shared exponent, flushing, e5m2 and e3m2
// elements, truncation.
#include "protocol/tensor/format.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

#include "protocol/base/rng.h"
#include "protocol/tensor/half.h"

namespace soliton {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

NumberFormat format(const std::string& text) {
  const Result<NumberFormat> parsed = parse_format(text);
  EXPECT_TRUE(parsed) << (parsed ? "" : parsed.error().message);
  return parsed.value_or(NumberFormat{});
}

// ---- descriptors ----

TEST(ParseFormat, KnowsTheBuiltInFormats) {
  for (const char* name :
       {"ms-fp8", "ms-fp9",    "1s5e5m", "msfp11",     "msfp12",     "msfp13",     "msfp14",
        "msfp15", "msfp16",    "mxint8", "mxfp8-e4m3", "mxfp8-e5m2", "mxfp6-e3m2", "mxfp6-e2m3",
        "mxfp4",  "bfp16-amd", "int8",   "int16",      "float16",    "bfloat16",   "fp32"})
    EXPECT_EQ(format(name).name, name);
  EXPECT_EQ(builtin_formats().size(), 21u);
}

// Bits an element with its share of the exponent: the table of the numerics page, section 1.
TEST(ParseFormat, BuiltInFormatsHaveTheirPublishedBitsAnElement) {
  const auto bits = [](const char* name, int block) {
    return format(name).storage_bits(block * 100, block) / (100.0 * block);
  };
  EXPECT_NEAR(bits("ms-fp8", 128), 3.04, 0.005);
  EXPECT_NEAR(bits("ms-fp9", 128), 4.04, 0.005);
  EXPECT_NEAR(bits("1s5e5m", 128), 6.04, 0.005);
  EXPECT_EQ(bits("msfp11", 16), 3.5);
  EXPECT_EQ(bits("msfp16", 16), 8.5);
  EXPECT_EQ(bits("mxint8", 32), 8.25);
  EXPECT_EQ(bits("mxfp8-e4m3", 32), 8.25);
  EXPECT_EQ(bits("mxfp6-e3m2", 32), 6.25);
  EXPECT_EQ(bits("mxfp4", 32), 4.25);
  EXPECT_EQ(bits("bfp16-amd", 8), 9);
  EXPECT_EQ(format("msfp16").storage_bits(17, 16), 17 * 8 + 2 * 8);
  EXPECT_EQ(format("int8").storage_bits(129, 128), 129 * 8 + 2 * 32);
  EXPECT_EQ(format("int16").storage_bits(128, 128), 128 * 16 + 32);
  EXPECT_EQ(format("float16").storage_bits(100, 128), 1600);
  EXPECT_EQ(format("bfloat16").storage_bits(100, 128), 1600);
  EXPECT_EQ(format("fp32").storage_bits(100, 128), 3200);
}

TEST(ParseFormat, DescriptorsSpellEveryField) {
  const NumberFormat parsed =
      format("e0m4, block=16, scale=8, round=floor, overflow=saturate, flush=yes");
  EXPECT_EQ(parsed.exponent_bits, 0);
  EXPECT_EQ(parsed.mantissa_bits, 4);
  EXPECT_EQ(parsed.block, 16);
  EXPECT_EQ(parsed.scale_bits, 8);
  EXPECT_EQ(parsed.rounding, Rounding::kFloor);
  EXPECT_EQ(parsed.overflow, Overflow::kSaturate);
  EXPECT_TRUE(parsed.flush);
  EXPECT_EQ(parsed.name, "e0m4,block=16,scale=8,round=floor,overflow=saturate,flush=yes");
}

TEST(ParseFormat, NamesAreCanonicalAndParseBack) {
  EXPECT_EQ(format("e4m3,scale=8,block=32,round=even,overflow=poison,flush=no").name,
            "e4m3,block=32,scale=8");
  EXPECT_EQ(format("ms-fp9,round=even"), format("ms-fp9"));
  EXPECT_EQ(format("ms-fp9, block=128").name, "ms-fp9,block=128");
  EXPECT_EQ(format("msfp12,block=native").block, 0);
  EXPECT_EQ(format("MSFP12"), format("msfp12"));
  EXPECT_EQ(format("msfp12,flush=1").name, "msfp12,flush=yes");
  EXPECT_EQ(format("e4m3,scale=none").name, "e4m3,scale=none");
  EXPECT_EQ(format("mxfp8-e4m3,scale=none").block, 0);
  EXPECT_EQ(format("msfp12,round=dither").name, "msfp12,round=dither");
  EXPECT_EQ(format("msfp12,round=dither,seed=1"), format("msfp12,round=dither"));
  for (const char* text :
       {"ms-fp8,round=nearest", "e2m1,block=native,scale=5", "mxint8,scale=5,overflow=saturate",
        "e0m11,block=8,scale=float", "float16,scale=5", "e5m2,scale=none,overflow=saturate",
        "mxfp4,round=dither,seed=18446744073709551615"}) {
    const NumberFormat first = format(text);
    EXPECT_EQ(format(first.name), first) << text;
  }
}

TEST(ParseFormat, OverridesWinOverTheTextAndStillCheckIt) {
  EXPECT_EQ(parse_format("msfp12,block=8", {"block=4", "round=floor"})->name,
            "msfp12,block=4,round=floor");
  EXPECT_EQ(parse_format("e0m4,scale=8", {"block=16"})->name, "e0m4,block=16,scale=8");
  EXPECT_EQ(parse_format("msfp12,block=8", {"block=native"})->block, 0);
  EXPECT_FALSE(parse_format("msfp12,block=x", {"block=4"}));
  EXPECT_FALSE(parse_format("msfp12", {"block=0"}));
  EXPECT_FALSE(parse_format("msfp12", {"block=4", "block=5"}));
}

void expect_refused(const std::string& text, const std::string& why) {
  const Result<NumberFormat> parsed = parse_format(text);
  ASSERT_FALSE(parsed) << text;
  EXPECT_NE(parsed.error().message.find(why), std::string::npos) << parsed.error().message;
}

TEST(ParseFormat, RefusalsNameTheMistakeAndWhatIsAllowed) {
  expect_refused(
      "msfp-16",
      "unknown number format \"msfp-16\" (did you mean \"msfp16\"?); formats are ms-fp8, ms-fp9");
  expect_refused("", "unknown number format \"\"");
  expect_refused("e0m4", "block= and scale= are missing");
  expect_refused("e0m4,scale=8", "block= is missing");
  expect_refused("e4m3", "scale= is missing");
  expect_refused("e0m4,block=16", "scale= is missing");
  expect_refused("e0m24,block=16,scale=8", "element e0m24 is not one of e0m1 to e0m23 (sign and");
  expect_refused("e0m0,block=16,scale=8", "element e0m0 is not one of");
  expect_refused("e9m3,block=16,scale=8", "element e9m3 is not one of");
  expect_refused("e8m7,block=16,scale=8",
                 "steps of 2^-133 under a shared exponent of 8 bits are below 2^-149");
  expect_refused("msfp12,scale=none", "an integer element needs a scale");
  expect_refused("float16,block=16", "block= has no effect without a scale");
  expect_refused("msfp12,seed=4", "seed= has no effect without round=dither");
  expect_refused("msfp12,round=dither,seed=-4", "seed=-4 is not a whole number");
  expect_refused("e-1m3,block=16,scale=8", "unknown number format");
  expect_refused("ms-fp8,block=0", "block=0 is not a whole number from 1 to 65536");
  expect_refused("ms-fp8,block=-4", "block=-4 is not a whole number");
  expect_refused("ms-fp8,block=16x", "block=16x is not a whole number");
  expect_refused("ms-fp8,scale=9", "scale=9 is not a whole number from 2 to 8, nor float or none");
  expect_refused("ms-fp8,round=up", "round=up is not one of even, nearest, floor");
  expect_refused("ms-fp8,overflow=wrap", "overflow=wrap is not one of poison, saturate");
  expect_refused("ms-fp8,blok=16",
                 "unknown option \"blok\"; options are block, scale, round, overflow, flush");
  expect_refused("ms-fp8,block=16,block=16", "\"block\" is given twice");
  expect_refused("ms-fp8,", "\"\" is not key=value");
  expect_refused("ms-fp8,block", "\"block\" is not key=value");
}

// ---- block borders ----

TEST(BlockBorders, RestartAtEveryTileEdge) {
  EXPECT_EQ(block_borders(250, format("msfp12,block=48"), 100),
            (std::vector<int>{0, 48, 96, 100, 148, 196, 200, 248, 250}));
  EXPECT_EQ(block_borders(250, format("ms-fp8"), 100), (std::vector<int>{0, 100, 200, 250}));
  EXPECT_EQ(block_borders(100, format("ms-fp8,block=400"), 100), (std::vector<int>{0, 100}));
  EXPECT_EQ(block_borders(1, format("msfp12"), 400), (std::vector<int>{0, 1}));
  EXPECT_EQ(block_borders(0, format("msfp12"), 400), (std::vector<int>{0}));
}

// ---- quantiser ----

std::vector<float> quantised(std::vector<float> values, const std::string& text) {
  return quantise_block(values, format(text)).values;
}

TEST(Quantiser, SharedExponentAboveItsRangePoisonsOrSaturates) {
  const std::vector<float> values{131072.0f, 65536.0f, 1.0f,
                                  -0.5f};  // E = 17, the limit of 5 bits is 15
  EXPECT_TRUE(quantise_block(values, format("ms-fp8")).poisoned);
  const QuantisedBlock block = quantise_block(values, format("ms-fp8,overflow=saturate"));
  EXPECT_FALSE(block.poisoned);
  EXPECT_EQ(block.scale_exponent, 15);
  EXPECT_EQ(block.values,
            (std::vector<float>{49152.0f, 49152.0f, 0.0f, -0.0f}));  // max_norm 1.5 * 2^15
}

TEST(Quantiser, ValuesBelowTheSharedExponentsRangeAreRoundedAgainstItsSmallest) {
  // S = -15: quantum 2^-16 in ms-fp8, so 2^-17 is half a quantum and rounds to even.
  EXPECT_EQ(quantised({0x1p-16f, 0x1p-17f, 0x1.8p-16f}, "ms-fp8"),
            (std::vector<float>{0x1p-16f, 0.0f, 0x1p-15f}));
  EXPECT_EQ(quantised({0x1p-17f, 0x1.fffffep-18f}, "ms-fp8,round=nearest"),
            (std::vector<float>{0x1p-16f, 0.0f}));
}

TEST(Quantiser, RoundsToEvenAwayOrDown) {
  // Quantum 0.5, largest 1.5.
  const std::vector<float> values{1.0f, 0.25f, 0.75f, 1.25f, 0.74f, -0.75f, -0.25f, 1.99f};
  EXPECT_EQ(quantised(values, "ms-fp8"), (std::vector<float>{1, 0, 1, 1, 0.5f, -1, -0.0f, 1.5f}));
  EXPECT_EQ(quantised(values, "ms-fp8,round=nearest"),
            (std::vector<float>{1, 0.5f, 1, 1.5f, 0.5f, -1, -0.5f, 1.5f}));
  EXPECT_EQ(quantised(values, "ms-fp8,round=floor"),
            (std::vector<float>{1, 0, 0.5f, 1, 0.5f, -0.5f, -0.0f, 1.5f}));
}

TEST(Quantiser, NegativeThatRoundsToZeroIsMinusZeroAndMinusZeroIsPlusZero) {
  const std::vector<float> out = quantised({1.0f, -0.01f, -0.0f}, "ms-fp8");
  EXPECT_TRUE(std::signbit(out[1]));
  EXPECT_FALSE(std::signbit(out[2]));
}

TEST(Quantiser, OneNanOrInfinityPoisonsTheWholeBlock) {
  for (const float bad : {kNan, -kNan, kInfinity, -kInfinity}) {
    const QuantisedBlock block =
        quantise_block(std::vector<float>{1.0f, bad, 2.0f}, format("mxfp4"));
    EXPECT_TRUE(block.poisoned);
    for (const float value : block.values)
      EXPECT_EQ(std::bit_cast<std::uint32_t>(value), 0x7fc00000u);
  }
}

TEST(Quantiser, FlushClearsBlocksOfSubnormalsOnly) {
  const std::vector<float> subnormals{0x1.8p-127f, -0x1p-130f};
  EXPECT_EQ(quantised(subnormals, "msfp16"), subnormals);
  const std::vector<float> out = quantised(subnormals, "msfp16,flush=yes");
  EXPECT_EQ(std::bit_cast<std::uint32_t>(out[0]), 0u);
  EXPECT_EQ(std::bit_cast<std::uint32_t>(out[1]), 0u);
  EXPECT_EQ(quantised({0x1p-126f, 0x1p-128f}, "msfp16,flush=yes"),
            (std::vector<float>{0x1p-126f, 0x1p-128f}));
}

// Largest values and smallest steps of OCP MX v1.0, tables 2 to 5.
TEST(Quantiser, MinifloatElementsHaveTheirPublishedRanges) {
  struct Case {
    const char* name;
    float largest;
    float smallest;
  };
  for (const Case& c : {Case{"mxfp8-e4m3", 448.0f, 0x1p-9f}, Case{"mxfp8-e5m2", 57344.0f, 0x1p-16f},
                        Case{"mxfp6-e3m2", 28.0f, 0x1p-4f}, Case{"mxfp6-e2m3", 7.5f, 0x1p-3f},
                        Case{"mxfp4", 6.0f, 0.5f}}) {
    // A maximum with floor(log2) equal to that of the largest element gives a scale of 1.
    const float top = std::exp2(std::floor(std::log2(c.largest)));
    const QuantisedBlock block =
        quantise_block(std::vector<float>{c.largest, std::nextafter(2 * top, 0.0f), c.smallest,
                                          0.51f * c.smallest, 0.5f * c.smallest},
                       format(c.name));
    EXPECT_EQ(block.scale_exponent, 0) << c.name;
    EXPECT_EQ(block.values,
              (std::vector<float>{c.largest, c.largest, c.smallest, c.smallest, 0.0f}))
        << c.name;
  }
}

// ---- packed matrices against the scalar reference ----

// Values whose exponents wander over `spread` octaves below 2^top, with exact zeros and ties among
// them.
std::vector<float> spread_values(const Random& random, std::size_t count, int top, int spread) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t kind = random.below(3 * i, 16);
    const int exponent =
        top - static_cast<int>(random.below(3 * i + 1, static_cast<std::uint64_t>(spread)));
    const double fraction = kind == 1 ? 1.0 + static_cast<double>(random.below(3 * i + 2, 8)) / 8
                                      : 1.0 + random.unit(3 * i + 2);
    values[i] =
        kind == 0 ? 0.0f
                  : static_cast<float>(std::ldexp(kind % 2 == 0 ? fraction : -fraction, exponent));
  }
  return values;
}

void expect_matches_reference(std::span<const float> row, const BfpMatrix& matrix, int r) {
  for (int b = 0; b < matrix.blocks_per_row(); ++b) {
    const int first = matrix.block_starts[b];
    const int count = matrix.block_starts[b + 1] - first;
    const QuantisedBlock reference = quantise_block(row.subspan(first, count), matrix.format);
    ASSERT_FALSE(reference.poisoned);
    for (int k = 0; k < count; ++k)
      ASSERT_EQ(std::ldexp(matrix.mantissas[r * matrix.columns + first + k],
                           matrix.exponents[r * matrix.blocks_per_row() + b]),
                reference.values[k])
          << matrix.format.name << " row " << r << " column " << first + k << " = "
          << row[first + k];
  }
}

TEST(QuantiseMatrix, EqualsTheScalarReferenceInEveryRoundingAndRange) {
  const Random random(4, "matrices");
  int matrices = 0;
  for (int m = 1; m <= 7; ++m)
    for (const char* rounding : {"even", "nearest", "floor"})
      for (const int scale : {5, 8})
        for (const int top : {0, 14, -14, -120, -140}) {
          const NumberFormat f = format(
              "e0m" + std::to_string(m) + ",block=24,scale=" + std::to_string(scale) +
              ",round=" + rounding + ",overflow=saturate" + (top == -140 ? ",flush=yes" : ""));
          const std::vector<float> values =
              spread_values(random.child(matrices++), 5 * 131, top, 12);
          const BfpMatrix matrix = quantise_matrix(values, 5, 131, f, 50, "w").value();
          for (int r = 0; r < 5; ++r)
            ASSERT_NO_FATAL_FAILURE(
                expect_matches_reference(std::span(values).subspan(r * 131, 131), matrix, r));
        }
  EXPECT_EQ(matrices, 7 * 3 * 2 * 5);
}

TEST(QuantiseMatrix, PoisonedWeightsAreRefusedByTensorRowAndBlock) {
  std::vector<float> weights(4 * 100, 1.0f);
  const auto message = [&] {
    const Result<BfpMatrix> matrix =
        quantise_matrix(weights, 4, 100, format("msfp12"), 40, "gru0.Wr");
    return matrix ? "" : matrix.error().message;
  };
  EXPECT_EQ(message(), "");
  weights[2 * 100 + 75] = kNan;
  EXPECT_EQ(message(),
            "tensor \"gru0.Wr\", row 2, block 5 (columns 72 to 79): a weight is not a number");
  weights[2 * 100 + 75] = -kInfinity;
  EXPECT_EQ(message(),
            "tensor \"gru0.Wr\", row 2, block 5 (columns 72 to 79): a weight is infinite");
  weights[2 * 100 + 75] = 65536.0f;
  EXPECT_EQ(message(), "");
  const Result<BfpMatrix> narrow =
      quantise_matrix(weights, 4, 100, format("ms-fp9"), 40, "gru0.Wr");
  ASSERT_FALSE(narrow);
  EXPECT_EQ(narrow.error().message,
            "tensor \"gru0.Wr\", row 2, block 1 (columns 40 to 79): a weight is too large for the "
            "shared exponent of ms-fp9 "
            "(at most 15)");
}

TEST(QuantiseMatrix, FormatsWhoseSumsCannotBeExactAreRefusedByName) {
  const Result<BfpMatrix> matrix =
      quantise_matrix(std::vector<float>(4, 1.0f), 2, 2, format("e6m3,block=16,scale=5"), 2, "w");
  ASSERT_FALSE(matrix);
  EXPECT_EQ(
      matrix.error().message.rfind("number format e6m3,block=16,scale=5: no kernel supports it", 0),
      0u);
}

// ---- activations ----

TEST(QuantiseActivation, EqualsTheScalarReferenceForEveryHalfAsTheLargest) {
  BfpVector out;
  const Random random(5, "activations");
  for (const char* name : {"ms-fp8", "1s5e5m", "msfp16,round=floor", "mxint8,round=nearest"}) {
    NumberFormat f = format(name);
    for (std::uint32_t largest = 0; largest < 0x7c00; ++largest) {
      std::vector<std::uint16_t> values{static_cast<std::uint16_t>(largest)};
      for (std::uint64_t i = 0; i < 5; ++i) {
        const std::uint64_t magnitude = random.below(largest * 6 + i, largest + 1);
        values.push_back(static_cast<std::uint16_t>(magnitude | (i % 2 == 0 ? 0x8000 : 0)));
      }
      const int starts[]{0, 6};
      quantise_activation(values, f, starts, out);
      std::vector<float> floats;
      for (const std::uint16_t value : values) floats.push_back(to_float(value));
      NumberFormat even = f;  // activations round half to even, whatever the weights do
      even.rounding = Rounding::kEven;
      const QuantisedBlock reference = quantise_block(floats, even);
      ASSERT_FALSE(out.any_poisoned);
      for (std::size_t i = 0; i < values.size(); ++i)
        ASSERT_EQ(std::ldexp(out.mantissas[i], out.exponents[0]), reference.values[i])
            << name << " " << largest;
    }
  }
}

TEST(QuantiseActivation, NanAndInfinityPoisonTheirBlockOnly) {
  BfpVector out;
  const int starts[]{0, 3, 6, 9};
  const std::vector<std::uint16_t> values{0x3c00, 0, 0, 0x3c00, 0x7e00, 0, 0, 0xfc00, 0};
  quantise_activation(values, format("ms-fp8"), starts, out);
  EXPECT_EQ(out.poisoned, (std::vector<bool>{false, true, true}));
  EXPECT_TRUE(out.any_poisoned);
  quantise_activation(std::vector<std::uint16_t>(9, 0x3c00), format("ms-fp8"), starts, out);
  EXPECT_EQ(out.poisoned, (std::vector<bool>{false, false, false}));
  EXPECT_FALSE(out.any_poisoned);
}

TEST(QuantiseActivation, NarrowSharedExponentPoisonsOrSaturates) {
  BfpVector out;
  const int starts[]{0, 1};
  const std::vector<std::uint16_t> values{to_half(1024.0f)};  // E = 10, the limit of 4 bits is 7
  quantise_activation(values, format("e0m3,block=16,scale=4"), starts, out);
  EXPECT_TRUE(out.any_poisoned);
  quantise_activation(values, format("e0m3,block=16,scale=4,overflow=saturate"), starts, out);
  EXPECT_FALSE(out.any_poisoned);
  EXPECT_EQ(std::ldexp(out.mantissas[0], out.exponents[0]), 1.75 * 128);
}

TEST(QuantiseActivation, LongBlocksAreQuantisedWhole) {
  BfpVector out;
  std::vector<std::uint16_t> values(1000, 0x3c00);
  values[999] = to_half(64.0f);
  const int starts[]{0, 1000};
  quantise_activation(values, format("1s5e5m"), starts, out);
  EXPECT_EQ(out.exponents[0], 6 - 4);
  EXPECT_EQ(out.mantissas[999], 16);
  EXPECT_EQ(out.mantissas[0], 0);  // a quarter of a quantum
}

}  // namespace
}  // namespace soliton
