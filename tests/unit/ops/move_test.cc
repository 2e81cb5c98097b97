// Operators that put elements in another order, cut, join, repeat and pad. The expectations follow
// from ONNX's definitions.
#include <gtest/gtest.h>

#include <limits>
#include <numeric>

#include "partition/ir/ops/moves.h"
#include "tests/unit/ops/apply.h"

namespace soliton::ir {
namespace {

constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::lowest();
constexpr std::int64_t kHighest = std::numeric_limits<std::int64_t>::max();

TEST(Transpose, ReversesTheAxesOrPermutesThem) {
  const Array in = counting({2, 3});
  EXPECT_EQ(elements(Op("Transpose").one({in})), (Reals{0, 3, 1, 4, 2, 5}));
  EXPECT_TRUE(identical(Op("Transpose").set("perm", Integers{0, 1}).one({in}), in));
  EXPECT_EQ(Op("Transpose").one({counting({})}).shape(), Shape{});
  EXPECT_EQ(Op("Transpose").one({counting({0, 3})}).shape(), (Shape{3, 0}));
  EXPECT_EQ(Op("Transpose").one({in.forgotten()}).shape(), (Shape{3, 2}));
  EXPECT_EQ(Op("Transpose").set("perm", Integers{0}).error({in}),
            "has a perm [0] for an array of 2 axes");
  EXPECT_EQ(Op("Transpose").set("perm", Integers{0, 0}).error({in}), "names axis 0 twice");
  EXPECT_EQ(Op("Transpose").set("perm", Integers{0, 2}).error({in}),
            "names axis 2 of an array of 2 axes");
}

// Every permutation of four axes, for elements of every size, against the definition index by index;
// the extents are larger than the tiles in which large transpositions are done.
template <typename T>
void check_all_permutations() {
  const Shape shape = {2, 35, 3, 33};
  std::vector<T> values(static_cast<std::size_t>(extent_product(shape, 0, 4)));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(i * 7);
  const Array in = Array::of(shape, values);
  const std::vector<std::int64_t> steps = strides_of(shape);
  Integers perm = {0, 1, 2, 3};
  do {
    const std::vector<T> out = elements<T>(Op("Transpose").set("perm", perm).one({in}));
    Shape moved;
    for (const std::int64_t axis : perm) moved.push_back(shape[static_cast<std::size_t>(axis)]);
    std::size_t at = 0, wrong = 0;
    for_each_index(moved, [&](const std::vector<std::int64_t>& index) {
      std::int64_t from = 0;
      for (std::size_t axis = 0; axis < 4; ++axis)
        from += index[axis] * steps[static_cast<std::size_t>(perm[axis])];
      wrong += out[at++] != values[static_cast<std::size_t>(from)];
    });
    EXPECT_EQ(wrong, 0U) << shape_text(perm);
  } while (std::ranges::next_permutation(perm).found);
}
TEST(Transpose, EveryPermutationOfFourAxes) {
  check_all_permutations<std::uint8_t>();
  check_all_permutations<std::int16_t>();
  check_all_permutations<float>();
  check_all_permutations<std::int64_t>();
}

TEST(Tile, RepeatsAlongEachAxis) {
  const Array in = floats({2, 1}, {1, 2});
  EXPECT_EQ(elements(Op("Tile").one({in, integers({1, 3})})), (Reals{1, 1, 1, 2, 2, 2}));
  EXPECT_EQ(elements(Op("Tile").one({in, integers({2, 1})})), (Reals{1, 2, 1, 2}));
  EXPECT_EQ(Op("Tile").one({in, integers({0, 2})}).shape(), (Shape{0, 2}));
  EXPECT_EQ(Op("Tile").error({in, integers({2})}), "has repeats [2] for an array of 2 axes");
  EXPECT_EQ(Op("Tile").error({in, integers({2, -1})}),
            "has repeats [2, -1] for an array of shape [2, 1]");
  EXPECT_EQ(Op("Tile").error({in, integers({kHighest, 1})}),
            "has repeats [9223372036854775807, 1] for an array of shape [2, 1]");
}

TEST(DepthToSpace, DepthComesFirstOrLast) {
  const Array in = counting({1, 8, 1, 1});  // two channels in blocks of 2 x 2
  EXPECT_EQ(elements(Op("DepthToSpace").set("blocksize", 2).one({in})),
            (Reals{0, 2, 4, 6, 1, 3, 5, 7}));
  const Array out = Op("DepthToSpace").set("blocksize", 2).set("mode", "CRD").one({in});
  EXPECT_EQ(elements(out), (Reals{0, 1, 2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(out.shape(), (Shape{1, 2, 2, 2}));
  EXPECT_EQ(Op("DepthToSpace").set("blocksize", 3).error({in}),
            "has 8 channels, which a blocksize of 3 does not divide");
  EXPECT_EQ(Op("DepthToSpace").error({in}), "has a blocksize 0, not 1 to 32768");
  EXPECT_EQ(Op("DepthToSpace").set("blocksize", 2).error({counting({8})}),
            "has an input of 1 axes, not 4");
  EXPECT_EQ(Op("DepthToSpace").set("blocksize", 2).set("mode", "X").error({in}),
            "has a mode that is neither DCR nor CRD");
}

TEST(SpaceToDepth, UndoesDepthToSpace) {
  const Array in = counting({2, 3, 4, 6});
  const Array deep = Op("SpaceToDepth").set("blocksize", 2).one({in});
  EXPECT_EQ(deep.shape(), (Shape{2, 12, 2, 3}));
  EXPECT_EQ(deep.as<float>()[6], 24);  // channel 1 of the input, row 0, column 0
  EXPECT_TRUE(identical(Op("DepthToSpace").set("blocksize", 2).one({deep}), in));
  EXPECT_EQ(Op("SpaceToDepth").set("blocksize", 5).error({in}),
            "has an input of shape [2, 3, 4, 6], which a blocksize of 5 does not divide");
}

TEST(ReverseSequence, TurnsTheFirstStepsOfEachSequence) {
  const Array in = counting({3, 2});  // three steps of two sequences
  EXPECT_EQ(elements(Op("ReverseSequence").one({in, integers({2, 3})})), (Reals{2, 5, 0, 3, 4, 1}));
  EXPECT_EQ(elements(Op("ReverseSequence")
                         .set("batch_axis", 0)
                         .set("time_axis", 1)
                         .one({in, integers({2, 0, 1})})),
            (Reals{1, 0, 2, 3, 4, 5}));
  EXPECT_EQ(Op("ReverseSequence").error({in, integers({2, 4})}),
            "has a length 4 in sequences of 3 steps");
  EXPECT_EQ(Op("ReverseSequence").error({in, integers({2})}), "has 1 lengths for 2 sequences");
  EXPECT_EQ(Op("ReverseSequence").set("time_axis", 1).error({in, integers({2, 1})}),
            "has a batch_axis and a time_axis that are not 0 and 1");
}

TEST(Concat, JoinsAlongAnAxis) {
  const Array a = counting({2, 2}), b = floats({2, 1}, {8, 9});
  EXPECT_EQ(elements(Op("Concat").set("axis", 1).one({a, b})), (Reals{0, 1, 8, 2, 3, 9}));
  EXPECT_EQ(elements(Op("Concat").set("axis", -2).one({a, a})), (Reals{0, 1, 2, 3, 0, 1, 2, 3}));
  EXPECT_EQ(elements(Op("Concat").set("axis", 0).one({a, counting({0, 2})})), (Reals{0, 1, 2, 3}));
  EXPECT_EQ(Op("Concat").set("axis", 0).one({a.forgotten(), a}).shape(), (Shape{4, 2}));
  EXPECT_EQ(Op("Concat").set("axis", 0).error({a, b}),
            "has inputs of shapes [2, 2] and [2, 1], which do not join along axis 0");
  EXPECT_EQ(Op("Concat").set("axis", 0).error({a, integers({2, 2}, {1, 2, 3, 4})}),
            "has inputs of different types: float32 and int64");
  EXPECT_EQ(Op("Concat").set("axis", 2).error({a, a}), "names axis 2 of an array of 2 axes");
  EXPECT_EQ(Op("Concat").error({}), "lacks its input 0");
  const Array huge = Array::unknown(ElementType::kBool, {kHighest, 0});
  EXPECT_EQ(Op("Concat").set("axis", 0).error({huge, huge}),
            "has inputs that are too long to join");
}

TEST(Split, GivesPartsThatAreNamedOrEqual) {
  const Array in = counting({4, 1});
  const Outputs named = Op("Split").outputs(2).all({in, integers({1, 3})});
  EXPECT_EQ(elements(named[0]), Reals{0});
  EXPECT_EQ(elements(named[1]), (Reals{1, 2, 3}));
  const Outputs old = Op("Split", 11).outputs(2).set("split", Integers{0, 4}).all({in});
  EXPECT_EQ(old[0].shape(), (Shape{0, 1}));
  const Outputs equal = Op("Split").outputs(2).set("axis", -2).all({in});
  EXPECT_EQ(elements(equal[1]), (Reals{2, 3}));
}

TEST(Split, SinceOpset18TheLastPartMayBeShorter) {
  const Outputs out = Op("Split", 18).outputs(3).set("num_outputs", 3).all({counting({7})});
  EXPECT_EQ(elements(out[0]), (Reals{0, 1, 2}));
  EXPECT_EQ(elements(out[2]), Reals{6});
}

TEST(Split, SaysWhatIsWrong) {
  const Array in = counting({4});
  EXPECT_EQ(Op("Split").outputs(3).error({in}), "would split an axis of extent 4 into 3 parts");
  EXPECT_EQ(Op("Split").outputs(2).error({in, integers({1, 2})}),
            "would split an axis of extent 4 into 2 parts of [1, 2]");
  EXPECT_EQ(Op("Split").outputs(2).error({in, integers({5, -1})}),
            "would split an axis of extent 4 into 2 parts of [5, -1]");
  EXPECT_EQ(Op("Split").outputs(1).error({in, integers({2, 2})}),
            "would split an axis of extent 4 into 1 parts of [2, 2]");
  EXPECT_EQ(Op("Split", 18).outputs(2).set("num_outputs", 3).error({in}),
            "has num_outputs 3 and 2 outputs");
}

Array sliced(const Array& in, Integers starts, Integers ends, Integers axes, Integers steps) {
  return Op("Slice").one({in, integers(std::move(starts)), integers(std::move(ends)),
                          integers(std::move(axes)), integers(std::move(steps))});
}

TEST(Slice, ClampsAndCountsFromTheEnd) {
  const Array in = counting({5});
  EXPECT_EQ(elements(sliced(in, {1}, {4}, {0}, {2})), (Reals{1, 3}));
  EXPECT_EQ(elements(sliced(in, {-2}, {kHighest}, {0}, {1})), (Reals{3, 4}));
  EXPECT_EQ(elements(sliced(in, {-1}, {kLowest}, {-1}, {-2})), (Reals{4, 2, 0}));
  EXPECT_EQ(elements(sliced(in, {kHighest}, {1}, {0}, {-1})), (Reals{4, 3, 2}));
  EXPECT_EQ(elements(sliced(in, {0}, {5}, {0}, {kHighest})), Reals{0});
  EXPECT_EQ(elements(sliced(in, {4}, {kLowest}, {0}, {kLowest})), Reals{4});
  EXPECT_EQ(sliced(in, {3}, {2}, {0}, {1}).shape(), Shape{0});
  EXPECT_EQ(sliced(counting({0}), {0}, {3}, {0}, {-1}).shape(), Shape{0});
}

TEST(Slice, TakesRectanglesAndAttributesOfOldOpsets) {
  const Array in = counting({3, 4});
  EXPECT_EQ(elements(sliced(in, {1, 0}, {3, 4}, {0, 1}, {1, 3})), (Reals{4, 7, 8, 11}));
  const Op old = Op("Slice", 9).set("starts", Integers{1}).set("ends", Integers{2});
  EXPECT_EQ(elements(old.one({in})), (Reals{4, 5, 6, 7}));
  EXPECT_EQ(Op("Slice").one({in.forgotten(), integers({0}), integers({2})}).shape(), (Shape{2, 4}));
}

TEST(Slice, SaysWhatIsWrong) {
  const Array in = counting({4});
  EXPECT_EQ(Op("Slice").error({in, integers({0})}), "lacks its starts or its ends");
  EXPECT_EQ(Op("Slice").error({in, integers({0}), integers({1, 2})}),
            "has 1 starts, 2 ends, 1 axes and 1 steps");
  EXPECT_EQ(Op("Slice").error({in, integers({0}), integers({1}), integers({0}), integers({0})}),
            "has a step of 0");
  EXPECT_EQ(Op("Slice").error({in, integers({0}), integers({1}), integers({1})}),
            "names axis 1 of an array of 1 axes");
}

Array padded(const char* mode, const Array& in, Integers pads) {
  return Op("Pad").set("mode", mode).one({in, integers(std::move(pads))});
}

TEST(Pad, AddsAConstantOrTheArraysOwnElements) {
  const Array in = floats({3}, {1, 2, 3});
  EXPECT_EQ(elements(padded("constant", in, {1, 2})), (Reals{0, 1, 2, 3, 0, 0}));
  EXPECT_EQ(elements(padded("edge", in, {2, 1})), (Reals{1, 1, 1, 2, 3, 3}));
  EXPECT_EQ(elements(padded("reflect", in, {2, 2})), (Reals{3, 2, 1, 2, 3, 2, 1}));
  EXPECT_EQ(elements(padded("wrap", in, {2, 4})), (Reals{2, 3, 1, 2, 3, 1, 2, 3, 1}));
  // Longer than the axis: the reflection goes back and forth.
  EXPECT_EQ(elements(padded("reflect", floats({2}, {1, 2}), {3, 0})), (Reals{2, 1, 2, 1, 2}));
  EXPECT_EQ(elements(padded("reflect", floats({1}, {7}), {2, 1})), (Reals{7, 7, 7, 7}));
}

TEST(Pad, PadsSeveralAxesAndCutsWithNegativePads) {
  const Array in = counting({2, 3});
  EXPECT_EQ(elements(padded("constant", in, {1, -1, 0, 1})), (Reals{0, 0, 0, 1, 2, 0, 4, 5, 0}));
  EXPECT_EQ(elements(padded("edge", in, {0, 1, 1, -2})), (Reals{0, 0, 3, 3, 3, 3}));
  EXPECT_EQ(padded("constant", in, {-1, 0, -1, 0}).shape(), (Shape{0, 3}));
  EXPECT_EQ(elements(padded("constant", counting({0}), {1, 1})), (Reals{0, 0}));
}

TEST(Pad, TakesItsValueAndAxesFromWhereTheOpsetHasThem) {
  const Array in = counting({1, 2});
  EXPECT_EQ(elements(Op("Pad", 2).set("pads", Integers{0, 1, 0, 0}).set("value", 5.0F).one({in})),
            (Reals{5, 0, 1}));
  EXPECT_EQ(elements(Op("Pad").one({in, integers({0, 0, 0, 1}), Array::scalar(7.0F)})),
            (Reals{0, 1, 7}));
  EXPECT_EQ(elements(Op("Pad", 18).one({in, integers({1, 0}), Array(), integers({-1})})),
            (Reals{0, 0, 1}));
}

TEST(Pad, SaysWhatIsWrong) {
  const Array in = counting({2});
  EXPECT_EQ(Op("Pad").error({in}), "lacks its pads");
  EXPECT_EQ(Op("Pad").error({in, integers({1})}), "has 1 pads for 1 axes");
  EXPECT_EQ(Op("Pad").error({in, integers({-2, -1})}), "has pads -2 and -1 of an axis of extent 2");
  EXPECT_EQ(Op("Pad").error({in, integers({kHighest, 1})}),
            "has pads 9223372036854775807 and 1 of an axis of extent 2");
  EXPECT_EQ(Op("Pad").error({in, integers({kLowest, kLowest})}),
            "has pads -9223372036854775808 and -9223372036854775808 of an axis of extent 2");
  EXPECT_EQ(Op("Pad").set("mode", "mirror").error({in, integers({1, 1})}),
            "has a mode that is none of constant, reflect, edge, wrap");
  EXPECT_EQ(Op("Pad").set("mode", "edge").error({counting({0}), integers({1, 1})}),
            "would pad axis 0, which is empty");
  EXPECT_EQ(Op("Pad").error({in, integers({1, 1}), integers({0})}),
            "has a constant_value that is not one number of its input's type");
}

}  // namespace
}  // namespace soliton::ir
