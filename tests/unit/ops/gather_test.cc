// Operators that read and write at positions that are data. The expectations follow from ONNX's
// definitions.
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/ops/apply.h"

namespace soliton::ir {
namespace {

TEST(Gather, TakesSlicesOfAnAxis) {
  const Array in = counting({3, 2});
  EXPECT_EQ(elements(Op("Gather").one({in, integers({2, 0, -1})})), (Reals{4, 5, 0, 1, 4, 5}));
  const Array two = Op("Gather").set("axis", -1).one({in, integers({1, 2}, {1, 0})});
  EXPECT_EQ(elements(two), (Reals{1, 0, 3, 2, 5, 4}));
  EXPECT_EQ(two.shape(), (Shape{3, 1, 2}));
  EXPECT_EQ(Op("Gather").one({in, Array::scalar<std::int32_t>(1)}).shape(), Shape{2});
  EXPECT_EQ(Op("Gather").one({in, integers({0, 3}, {})}).shape(), (Shape{0, 3, 2}));
  EXPECT_EQ(Op("Gather").one({in.forgotten(), integers({9})}).shape(), (Shape{1, 2}));
}

TEST(Gather, SaysWhatIsWrong) {
  const Array in = counting({3, 2});
  EXPECT_EQ(Op("Gather").error({in, integers({3})}), "has an index 3 into axis 0 of extent 3");
  EXPECT_EQ(Op("Gather").error({in, integers({-4})}), "has an index -4 into axis 0 of extent 3");
  EXPECT_EQ(Op("Gather").set("axis", 2).error({in, integers({0})}),
            "names axis 2 of an array of 2 axes");
  EXPECT_EQ(Op("Gather").error({in, floats({1}, {0})}),
            "has an input 1 of type float32, which is not supported");
  EXPECT_EQ(Op("Gather").error({in}), "lacks its input 1");
}

TEST(GatherElements, TakesOneElementForEachIndex) {
  const Array in = counting({2, 3});
  EXPECT_EQ(
      elements(Op("GatherElements").set("axis", 1).one({in, integers({2, 2}, {2, 0, -1, 1})})),
      (Reals{2, 0, 5, 4}));
  EXPECT_EQ(elements(Op("GatherElements").one({in, integers({3, 2}, {1, 0, 0, 1, 1, 1})})),
            (Reals{3, 1, 0, 4, 3, 4}));
  EXPECT_EQ(Op("GatherElements").one({in, integers({0, 3}, {})}).shape(), (Shape{0, 3}));
  EXPECT_EQ(Op("GatherElements").error({in, integers({1, 4}, {0, 0, 0, 0})}),
            "has indices of shape [1, 4] for data of shape [2, 3]");
  EXPECT_EQ(Op("GatherElements").error({in, integers({1})}),
            "has indices of shape [1] for data of shape [2, 3]");
  EXPECT_EQ(Op("GatherElements").error({in, integers({1, 1}, {2})}),
            "has an index 2 into axis 0 of extent 2");
}

TEST(GatherND, TakesTheSliceEachTupleNames) {
  const Array in = counting({2, 2, 2});
  EXPECT_EQ(elements(Op("GatherND").one({in, integers({2, 2}, {0, 1, 1, -2})})),
            (Reals{2, 3, 4, 5}));
  EXPECT_EQ(elements(Op("GatherND").one({in, integers({1, 3}, {1, 0, 1})})), Reals{5});
  const Array batch = Op("GatherND").set("batch_dims", 1).one({in, integers({2, 1}, {1, 0})});
  EXPECT_EQ(elements(batch), (Reals{2, 3, 4, 5}));
  EXPECT_EQ(batch.shape(), (Shape{2, 2}));
}

TEST(GatherND, SaysWhatIsWrong) {
  const Array in = counting({2, 2});
  EXPECT_EQ(Op("GatherND").error({in, integers({1, 2}, {0, 2})}),
            "has an index 2 into axis 1 of extent 2");
  EXPECT_EQ(Op("GatherND").error({in, integers({1, 3}, {0, 0, 0})}),
            "has indices of shape [1, 3] for data of shape [2, 2] with 0 batch axes");
  EXPECT_EQ(Op("GatherND").set("batch_dims", 1).error({in, integers({3, 1}, {0, 0, 0})}),
            "has indices of shape [3, 1] for data of shape [2, 2] with 1 batch axes");
  EXPECT_EQ(Op("GatherND").set("batch_dims", -1).error({in, integers({1, 1}, {0})}),
            "has indices of shape [1, 1] for data of shape [2, 2] with -1 batch axes");
  // As many tuples of no axes as no memory could hold, of no data.
  const std::int64_t many = std::int64_t{1} << 40;
  EXPECT_EQ(Op("GatherND").one({counting({0}), integers({many, 0}, {})}).shape(), (Shape{many, 0}));
}

TEST(ScatterElements, WritesOneElementForEachIndex) {
  const Array in = counting({1, 4}), where = integers({1, 2}, {1, -1});
  const Array update = floats({1, 2}, {10, 20});
  for (const char* name : {"ScatterElements", "Scatter"})
    EXPECT_EQ(elements(Op(name, 10).set("axis", 1).one({in, where, update})),
              (Reals{0, 10, 2, 20}));
}

TEST(ScatterElements, CombinesInTheOrderOfTheIndices) {
  const Array in = floats({2}, {1, 5}), where = integers({1, 1});
  const Array update = floats({2}, {2, 7});
  const auto with = [&](const char* reduction) {
    return elements(Op("ScatterElements", 18).set("reduction", reduction).one({in, where, update}));
  };
  EXPECT_EQ(with("none"), (Reals{1, 7}));
  EXPECT_EQ(with("add"), (Reals{1, 14}));
  EXPECT_EQ(with("mul"), (Reals{1, 70}));
  EXPECT_EQ(with("max"), (Reals{1, 7}));
  EXPECT_EQ(with("min"), (Reals{1, 2}));
}

TEST(ScatterElements, SaysWhatIsWrong) {
  const Array in = counting({2});
  EXPECT_EQ(Op("ScatterElements").error({in, integers({0}), counting({2})}),
            "has indices of shape [1] and updates of shape [2]");
  EXPECT_EQ(Op("ScatterElements").error({in, integers({2}), counting({1})}),
            "has an index 2 into axis 0 of extent 2");
  EXPECT_EQ(Op("ScatterElements").error({in, integers({0}), integers({0})}),
            "has inputs of different types: float32 and int64");
  EXPECT_EQ(Op("ScatterElements").set("reduction", "or").error({in, integers({0}), counting({1})}),
            "has a reduction that is none of none, add, mul, max, min");
  EXPECT_EQ(Op("ScatterElements")
                .set("reduction", "add")
                .error({bools({1}, {1}), integers({0}), bools({1}, {1})}),
            "has an input 0 of type bool, which is not supported");
}

TEST(ScatterND, WritesTheSliceEachTupleNames) {
  const Array in = counting({3, 2}), where = integers({2, 1}, {2, 0});
  const Array update = floats({2, 2}, {10, 11, 12, 13});
  EXPECT_EQ(elements(Op("ScatterND").one({in, where, update})), (Reals{12, 13, 2, 3, 10, 11}));
  EXPECT_EQ(elements(Op("ScatterND").set("reduction", "add").one({in, where, update})),
            (Reals{12, 14, 2, 3, 14, 16}));
  EXPECT_TRUE(identical(Op("ScatterND").one({in, integers({0, 1}, {}), counting({0, 2})}), in));
  EXPECT_EQ(Op("ScatterND").error({in, where, counting({2})}),
            "has updates of shape [2], not [2, 2]");
  EXPECT_EQ(Op("ScatterND").error({in, integers({1, 1}, {3}), counting({1, 2})}),
            "has an index 3 into axis 0 of extent 3");
}

TEST(Compress, KeepsWhatTheConditionChooses) {
  const Array in = counting({2, 3}), condition = bools({3}, {1, 0, 1});
  EXPECT_EQ(elements(Op("Compress").set("axis", 1).one({in, condition})), (Reals{0, 2, 3, 5}));
  EXPECT_EQ(elements(Op("Compress").one({in, condition})), (Reals{0, 2}));
  EXPECT_EQ(Op("Compress").set("axis", 0).error({in, condition}),
            "has a condition that chooses index 2 of an axis of extent 2");
  EXPECT_EQ(Op("Compress").error({in, condition.forgotten()}),
            "has a condition that depends on the data of a request");
}

TEST(NonZero, ListsPositionsAxisByAxis) {
  const Array out = Op("NonZero").one({floats({2, 2}, {1, 0, 1, -0.5F})});
  EXPECT_EQ(whole(out), (Integers{0, 1, 1, 0, 0, 1}));
  EXPECT_EQ(out.shape(), (Shape{2, 3}));
  EXPECT_EQ(Op("NonZero").one({Array::scalar(3.0F)}).shape(), (Shape{0, 1}));
  EXPECT_EQ(Op("NonZero").one({counting({0, 4})}).shape(), (Shape{2, 0}));
  EXPECT_EQ(Op("NonZero").error({counting({2}).forgotten()}),
            "makes as many elements as the data of a request say");
}

TEST(OneHot, IsOnWhereTheIndexSays) {
  const Array values = floats({2}, {2, 5}), depth = integers({3});
  EXPECT_EQ(elements(Op("OneHot").one({integers({0, -1, 3}), depth, values})),
            (Reals{5, 2, 2, 2, 2, 5, 2, 2, 2}));
  EXPECT_EQ(elements(Op("OneHot").set("axis", 0).one({integers({0, 2}), depth, values})),
            (Reals{5, 2, 2, 2, 2, 5}));
  EXPECT_EQ(Op("OneHot").one({integers({}), depth, values}).shape(), (Shape{0, 3}));
  EXPECT_EQ(Op("OneHot").one({floats({1}, {1}), Array::scalar(4.0F), values}).shape(),
            (Shape{1, 4}));
  EXPECT_EQ(Op("OneHot").error({integers({0}), integers({-1}), values}),
            "would make an array of shape [1, -1]");
  EXPECT_EQ(Op("OneHot").error({integers({0}), integers({1, 2}), values}),
            "has a depth that is not one number");
  EXPECT_EQ(Op("OneHot").error({integers({0}), depth, floats({1}, {1})}),
            "has values that are not two numbers");
}

TEST(Unique, SortsOrKeepsTheOrderOfFirstAppearance) {
  const Array in = floats({6}, {2, 1, 1, 3, 4, 3});
  const Outputs sorted = Op("Unique").outputs(4).all({in});
  EXPECT_EQ(elements(sorted[0]), (Reals{1, 2, 3, 4}));
  EXPECT_EQ(whole(sorted[1]), (Integers{1, 0, 3, 4}));
  EXPECT_EQ(whole(sorted[2]), (Integers{1, 0, 0, 2, 3, 2}));
  EXPECT_EQ(whole(sorted[3]), (Integers{2, 1, 2, 1}));
  const Outputs as_seen = Op("Unique").outputs(4).set("sorted", 0).all({in});
  EXPECT_EQ(elements(as_seen[0]), (Reals{2, 1, 3, 4}));
  EXPECT_EQ(whole(as_seen[1]), (Integers{0, 1, 3, 4}));
  EXPECT_EQ(whole(as_seen[2]), (Integers{0, 1, 1, 2, 3, 2}));
}

TEST(Unique, ComparesSlicesOfAnAxisAndTakesNanForItself) {
  const Array in = floats({3, 2}, {1, 0, 0, 9, 1, 0});
  EXPECT_EQ(elements(Op("Unique").set("axis", 0).one({in})), (Reals{0, 9, 1, 0}));
  EXPECT_EQ(elements(Op("Unique").set("axis", -1).one({in})), (Reals{0, 1, 9, 0, 0, 1}));
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(Op("Unique").one({floats({4}, {nan, 1, nan, 1})}).shape(), Shape{2});
  EXPECT_EQ(Op("Unique").one({counting({0})}).shape(), Shape{0});
  EXPECT_EQ(Op("Unique").set("axis", 0).error({counting({2, 0})}),
            "has an input of shape [2, 0], whose slices are empty");
}

}  // namespace
}  // namespace soliton::ir
