// Packed products against the reference multiplication, compared as bits: every level the
// processor has, random shapes, formats, blocks and tile sizes.
#include "node/npu/kernels/product.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <thread>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

class Chance {
 public:
  explicit Chance(std::uint64_t seed) : random_(seed, "kernels") {}
  std::uint64_t next() { return random_.bits(ordinal_++); }
  int below(int limit) { return static_cast<int>(next() % static_cast<std::uint64_t>(limit)); }
  // Of either sign, over `octaves` powers of two below 1.
  float value(int octaves) {
    const float mantissa = 1.0f + static_cast<float>(next() % 4096) / 4096.0f;
    const float magnitude = std::ldexp(mantissa, -1 - below(octaves));
    return next() % 8 == 0 ? 0.0f : (next() % 2 == 0 ? magnitude : -magnitude);
  }

 private:
  Random random_;
  std::uint64_t ordinal_ = 0;
};

struct Case {
  BfpMatrix matrix;
  std::vector<Half> x;
  std::string what;
};

std::vector<Half> halves(Chance& chance, int count, int octaves) {
  std::vector<Half> out;
  for (int i = 0; i < count; ++i) out.push_back(to_half(chance.value(octaves)));
  return out;
}

Case random_case(std::uint64_t seed) {
  static const std::vector<std::string> formats = {"ms-fp8",
                                                   "ms-fp9",
                                                   "1s5e5m",
                                                   "msfp11",
                                                   "msfp12",
                                                   "msfp13",
                                                   "msfp14",
                                                   "msfp15",
                                                   "msfp16",
                                                   "mxint8",
                                                   "bfp16-amd",
                                                   "e0m1,block=5,scale=4",
                                                   "e0m3,block=7,scale=8",
                                                   "e0m7,block=3,scale=8",
                                                   "e0m3,block=20,scale=8,flush=yes",
                                                   "e0m6,block=400,scale=6",
                                                   "mxfp4",
                                                   "mxfp6-e2m3",
                                                   "e3m0,block=9,scale=8",
                                                   "mxfp8-e4m3",
                                                   "mxfp8-e5m2",
                                                   "mxfp6-e3m2",
                                                   "e4m3,block=200,scale=8",
                                                   "e4m3,block=400,scale=float",
                                                   "e5m2,block=17,scale=float",
                                                   "e5m10,block=8,scale=5",
                                                   "e5m2,block=300,scale=8",
                                                   "e3m9,block=32,scale=8",
                                                   "e2m12,block=50,scale=8",
                                                   "e0m9,block=100,scale=8",
                                                   "e0m15,block=40,scale=7",
                                                   "e0m18,block=16,scale=8",
                                                   "int8",
                                                   "int16",
                                                   "fp32",
                                                   "float16",
                                                   "bfloat16"};
  static const std::vector<int> native_dims = {4, 10, 16, 40, 100, 128, 400};
  Chance chance(seed);
  const int rows = 1 + chance.below(70);
  const int columns = 1 + chance.below(500);
  const int native_dim = native_dims[static_cast<std::size_t>(chance.below(7))];
  const std::string name =
      formats[static_cast<std::size_t>(chance.below(static_cast<int>(formats.size())))];
  std::vector<float> weights;
  for (int i = 0; i < rows * columns; ++i) weights.push_back(chance.value(12));
  Case out;
  out.matrix =
      quantise_matrix(weights, rows, columns, parse_format(name).value(), native_dim, "w").value();
  out.x = halves(chance, columns, 20);
  out.what = "seed " + std::to_string(seed) + ": " + name + " " + std::to_string(rows) + " x " +
             std::to_string(columns) + ", native " + std::to_string(native_dim);
  return out;
}

std::vector<float> reference(const Case& c) {
  BfpVector vector;
  quantise_activation(c.x, c.matrix.format, c.matrix.block_starts, vector);
  std::vector<float> out(static_cast<std::size_t>(c.matrix.rows));
  multiply(c.matrix, vector, out);
  return out;
}

void expect_bits(const std::vector<float>& actual, const std::vector<float>& expected,
                 const std::string& what) {
  ASSERT_EQ(actual.size(), expected.size()) << what;
  for (std::size_t r = 0; r < actual.size(); ++r)
    ASSERT_EQ(std::bit_cast<std::uint32_t>(actual[r]), std::bit_cast<std::uint32_t>(expected[r]))
        << what << ", row " << r << ": " << actual[r] << " against " << expected[r];
}

std::vector<float> packed_product(const Case& c, KernelLevel level) {
  const PackedMatrix packed(c.matrix, level);
  Activation x;
  x.quantise(c.x, packed);
  std::vector<float> out(static_cast<std::size_t>(c.matrix.rows));
  multiply(packed, x, out);
  return out;
}

TEST(PackedProduct, HasTheBitsOfTheReferenceAtEveryLevel) {
  for (std::uint64_t seed = 1; seed <= 400; ++seed) {
    const Case c = random_case(seed);
    const std::vector<float> expected = reference(c);
    for (const KernelLevel level : supported_kernel_levels())
      expect_bits(packed_product(c, level), expected,
                  c.what + " " + std::string(kernel_level_name(level)));
  }
}

// Sums of these blocks have up to 70 bits: parts of them are added and rounded once.
TEST(PackedProduct, WideElementsAddUpExactlyWhateverTheirRange) {
  for (const char* name :
       {"mxfp8-e5m2", "mxfp8-e4m3", "mxfp6-e3m2", "int16", "e5m2,block=42,scale=5",
        "e4m3,block=128,scale=8", "e0m15,block=128,scale=8", "fp32"}) {
    const NumberFormat format = parse_format(name).value();
    for (std::uint64_t seed = 1; seed <= 60; ++seed) {
      Chance chance(seed + 1000);
      const int rows = 1 + chance.below(70), columns = 1 + chance.below(140);
      const int octaves = 2 + chance.below(32);
      std::vector<float> weights;
      for (int i = 0; i < rows * columns; ++i) weights.push_back(chance.value(octaves));
      Case c{quantise_matrix(weights, rows, columns, format, 128, "w").value(),
             halves(chance, columns, 2 + chance.below(23)),
             name + (" seed " + std::to_string(seed))};
      const std::vector<float> expected = reference(c);
      for (const KernelLevel level : supported_kernel_levels()) {
        if (level != KernelLevel::kScalar) {
          EXPECT_NE(PackedMatrix(c.matrix, level).layout().packing, Packing::kNone) << name;
        }
        expect_bits(packed_product(c, level), expected,
                    c.what + " " + std::string(kernel_level_name(level)));
      }
    }
  }
}

// A column of zeros gives blocks whose exponents no byte holds, and which count for nothing.
TEST(PackedProduct, BlocksOfZerosDoNotKeepAMatrixFromTheKernels) {
  std::vector<float> weights(16 * 64, 0.5f);
  for (std::size_t row = 0; row < 16; ++row)
    std::fill_n(weights.begin() + static_cast<std::ptrdiff_t>(row * 64), 32, 0.0f);
  for (const char* name : {"msfp16", "mxfp8-e4m3"}) {
    Case c{quantise_matrix(weights, 16, 64, parse_format(name).value(), 64, "w").value(), {}, name};
    Chance chance(3);
    c.x = halves(chance, 64, 4);
    EXPECT_NE(PackedMatrix(c.matrix).layout().packing,
              best_kernel_level() == KernelLevel::kScalar ? Packing::kBytes : Packing::kNone);
    expect_bits(packed_product(c, best_kernel_level()), reference(c), name);
  }
}

// Zero, subnormal and huge weights and activations leave the range in which scales are normal
// numbers; the product must notice.
TEST(PackedProduct, LeavesTheFastRangeWithoutChangingABit) {
  for (const float scale : {0x1p-140f, 0x1p-120f, 0x1p-100f, 0x1p90f, 0x1p120f}) {
    for (const char* name : {"msfp12", "msfp16"}) {
      Case c = random_case(7);
      std::vector<float> weights;
      Chance chance(11);
      for (int i = 0; i < c.matrix.rows * c.matrix.columns; ++i)
        weights.push_back(i % 50 < 25 ? chance.value(4) * scale : 0.0f);
      c.matrix = quantise_matrix(weights, c.matrix.rows, c.matrix.columns,
                                 parse_format(name).value(), 40, "w")
                     .value();
      c.x.assign(c.x.size(), 0);
      for (std::size_t i = 0; i < c.x.size(); i += 3) c.x[i] = static_cast<Half>(1 + i % 900);
      const std::vector<float> expected = reference(c);
      for (const KernelLevel level : supported_kernel_levels())
        expect_bits(packed_product(c, level), expected,
                    std::string(name) + " at scale " + std::to_string(scale));
    }
  }
}

TEST(PackedProduct, LargestMantissasDoNotOverflow) {
  for (const char* name : {"e0m3,block=1040,scale=8", "e0m7,block=1040,scale=8"}) {
    const std::vector<float> weights(32 * 1040, 1.984375f);
    Case c;
    c.matrix = quantise_matrix(weights, 32, 1040, parse_format(name).value(), 1040, "w").value();
    c.x.assign(1040, to_half(-1.984375f));
    for (const KernelLevel level : supported_kernel_levels())
      expect_bits(packed_product(c, level), reference(c), name);
  }
}

TEST(PackedProduct, APoisonedBlockMakesEveryRowTheCanonicalNan) {
  Case c = random_case(3);
  for (const Half poison : {Half{0x7c00}, Half{0xfc00}, Half{0x7e01}}) {
    c.x.back() = poison;
    for (const KernelLevel level : supported_kernel_levels()) {
      const PackedMatrix packed(c.matrix, level);
      Activation x;
      x.quantise(c.x, packed);
      EXPECT_EQ(x.poisoned_blocks(), 1u);
      std::vector<float> out(static_cast<std::size_t>(c.matrix.rows));
      multiply(packed, x, out);
      for (const float sum : out) EXPECT_EQ(std::bit_cast<std::uint32_t>(sum), 0x7fc00000u);
    }
  }
}

TEST(PackedProduct, SeveralVectorsAtOnceAreOneVectorAtATime) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Case c = random_case(seed);
    Chance chance(seed + 1000);
    for (const KernelLevel level : supported_kernel_levels()) {
      const PackedMatrix packed(c.matrix, level);
      for (std::size_t count = 1; count <= kVectorsAtOnce; ++count) {
        std::vector<Activation> xs(count);
        std::vector<std::vector<float>> sums(
            count, std::vector<float>(static_cast<std::size_t>(c.matrix.rows)));
        std::vector<const Activation*> from;
        std::vector<float*> to;
        std::vector<std::vector<float>> expected;
        for (std::size_t v = 0; v < count; ++v) {
          c.x = halves(chance, c.matrix.columns, 15);
          if (seed % 5 == 0 && v == 1) c.x[0] = 0x7c00;
          expected.push_back(reference(c));
          xs[v].quantise(c.x, packed);
          from.push_back(&xs[v]);
          to.push_back(sums[v].data());
        }
        multiply(packed, from, to);
        for (std::size_t v = 0; v < count; ++v) expect_bits(sums[v], expected[v], c.what);
      }
    }
  }
}

// Blocks [first, last) of a matrix's columns.
BfpMatrix blocks_of(const BfpMatrix& matrix, std::size_t first, std::size_t last) {
  const std::vector<int>& starts = matrix.block_starts;
  BfpMatrix out = matrix;
  out.columns = starts[last] - starts[first];
  out.block_starts.clear();
  for (std::size_t b = first; b <= last; ++b) out.block_starts.push_back(starts[b] - starts[first]);
  const auto keep = [&](auto& values, std::size_t of_row, std::size_t from, std::size_t to) {
    auto kept = values;
    kept.clear();
    for (std::size_t row = 0; !values.empty() && row < static_cast<std::size_t>(matrix.rows); ++row)
      for (std::size_t i = from; i < to; ++i) kept.push_back(values[row * of_row + i]);
    values = kept;
  };
  const auto all = static_cast<std::size_t>(matrix.columns);
  const auto from = static_cast<std::size_t>(starts[first]);
  const auto to = static_cast<std::size_t>(starts[last]);
  keep(out.mantissas, all, from, to);
  keep(out.wide, all, from, to);
  keep(out.exponents, starts.size() - 1, first, last);
  keep(out.scales, starts.size() - 1, first, last);
  return out;
}

TEST(PackedProduct, GoesOnWithTheSumsOfTheColumnsBefore) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const Case c = random_case(seed);
    const std::size_t blocks = c.matrix.block_starts.size() - 1;
    Chance chance(1000 + seed);
    const std::vector<float> expected = reference(c);
    for (const KernelLevel level : supported_kernel_levels()) {
      std::vector<float> sums(expected.size());
      for (std::size_t first = 0; first < blocks;) {
        const std::size_t last =
            first + 1 + static_cast<std::size_t>(chance.below(static_cast<int>(blocks - first)));
        const BfpMatrix cut = blocks_of(c.matrix, first, last);
        const PackedMatrix piece(cut, level);
        Activation x;
        x.quantise(std::span(c.x).subspan(static_cast<std::size_t>(c.matrix.block_starts[first]),
                                          static_cast<std::size_t>(piece.columns())),
                   piece);
        multiply_onto(piece, x, sums);
        first = last;
      }
      expect_bits(sums, expected, c.what + " " + std::string(kernel_level_name(level)));
    }
  }
}

// Whatever the rows are cut into and however many threads take the pieces.
TEST(PackedProduct, AnyRowSplitOverAnyThreadsGivesTheSameBits) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const Case c = random_case(seed);
    const std::vector<float> expected = reference(c);
    for (const KernelLevel level : supported_kernel_levels()) {
      const PackedMatrix packed(c.matrix, level);
      Activation x;
      x.quantise(c.x, packed);
      x.reference();  // made on first use: before the threads
      for (const int threads : {1, 2, 3, 5}) {
        std::vector<float> out(expected.size());
        std::vector<std::thread> workers;
        for (int t = 0; t < threads; ++t)
          workers.emplace_back([&, t] {
            const GroupRange range{packed.groups() * t / threads,
                                   packed.groups() * (t + 1) / threads};
            multiply(packed, x, range, out);
          });
        for (std::thread& worker : workers) worker.join();
        expect_bits(out, expected, c.what + " " + std::to_string(threads) + " threads");
      }
    }
  }
}

TEST(PackedProduct, WeightsTakeTheirWidthInMemory) {
  const std::vector<float> weights(2048 * 2048, 0.5f);
  const auto bytes = [&](const char* name, KernelLevel level) {
    const BfpMatrix matrix =
        quantise_matrix(weights, 2048, 2048, parse_format(name).value(), 400, "w").value();
    return PackedMatrix(matrix, level).bytes();
  };
  for (const KernelLevel level : supported_kernel_levels()) {
    if (level == KernelLevel::kScalar) continue;
    // A byte, or half of one, a weight, and a byte of exponent a row and block.
    EXPECT_EQ(bytes("msfp16", level), 2048u * 2048 + 2048u * 128);
    EXPECT_EQ(bytes("msfp12", level), 2048u * 2048 / 2 + 2048u * 128);
    EXPECT_EQ(bytes("ms-fp8", level), 2048u * 2048 / 2 + 2048 * 6);
  }
}

}  // namespace
}  // namespace soliton
