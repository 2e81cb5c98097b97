// Operators that look for elements by their size, and running sums.
#include <gtest/gtest.h>

#include <limits>

#include "tests/unit/ops/apply.h"

namespace soliton::ir {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(ArgMax, FindsTheFirstOrLastOfTheLargest) {
  const Array in = floats({2, 3}, {2, 5, 5, 7, 1, 0});
  EXPECT_EQ(whole(Op("ArgMax").set("axis", 1).one({in})), (Integers{1, 0}));
  EXPECT_EQ(whole(Op("ArgMax").set("axis", -1).set("select_last_index", 1).one({in})),
            (Integers{2, 0}));
  EXPECT_EQ(whole(Op("ArgMax").one({in})), (Integers{1, 0, 0}));
  EXPECT_EQ(Op("ArgMax").one({in}).shape(), (Shape{1, 3}));
  EXPECT_EQ(Op("ArgMax").set("keepdims", 0).one({in}).shape(), Shape{3});
  EXPECT_EQ(whole(Op("ArgMax").one({floats({3}, {1, kNan, 9})})), Integers{1});
}

TEST(ArgMin, FindsTheFirstOrLastOfTheSmallest) {
  const Array in = floats({2, 3}, {1, 5, 1, 7, 0, 0});
  EXPECT_EQ(whole(Op("ArgMin").set("axis", 1).one({in})), (Integers{0, 1}));
  EXPECT_EQ(whole(Op("ArgMin").set("axis", 1).set("select_last_index", 1).one({in})),
            (Integers{2, 2}));
  EXPECT_EQ(whole(Op("ArgMin").one({floats({3}, {kNan, 2, 1})})), Integers{2});
}

TEST(ArgMax, NeedsAnAxisWithElements) {
  EXPECT_EQ(Op("ArgMax").error({counting({0, 2})}), "looks along axis 0, which is empty");
  EXPECT_EQ(Op("ArgMax").one({counting({2, 0})}).shape(), (Shape{1, 0}));
  EXPECT_EQ(Op("ArgMax").set("axis", 2).error({counting({2, 2})}),
            "names axis 2 of an array of 2 axes");
  EXPECT_EQ(Op("ArgMin").error({bools({1}, {1})}),
            "has an input 0 of type bool, which is not supported");
}

TEST(TopK, TakesTheLargestInOrderAndOfEqualOnesTheFirst) {
  const Array in = floats({2, 4}, {3, 9, 9, 1, 5, 5, 5, 8});
  const Outputs out = Op("TopK").outputs(2).all({in, integers({3})});
  EXPECT_EQ(elements(out[0]), (Reals{9, 9, 3, 8, 5, 5}));
  EXPECT_EQ(whole(out[1]), (Integers{1, 2, 0, 3, 0, 1}));
  const Outputs least = Op("TopK").outputs(2).set("largest", 0).all({in, integers({2})});
  EXPECT_EQ(elements(least[0]), (Reals{1, 3, 5, 5}));
  EXPECT_EQ(whole(least[1]), (Integers{3, 0, 0, 1}));
}

TEST(TopK, WorksAlongAnyAxisAndWithTheOldAttribute) {
  const Array in = floats({2, 2}, {1, 4, 3, 2});
  const Outputs out = Op("TopK", 9).outputs(2).set("axis", 0).set("k", 1).all({in});
  EXPECT_EQ(elements(out[0]), (Reals{3, 4}));
  EXPECT_EQ(whole(out[1]), (Integers{1, 0}));
  EXPECT_EQ(out[0].shape(), (Shape{1, 2}));
  EXPECT_EQ(Op("TopK").one({in, integers({0})}).shape(), (Shape{2, 0}));
  EXPECT_EQ(whole(Op("TopK").outputs(2).all({floats({3}, {1, kNan, 2}), integers({3})})[1]),
            (Integers{1, 2, 0}));
}

TEST(TopK, SaysWhatIsWrong) {
  const Array in = counting({2});
  EXPECT_EQ(Op("TopK").error({in, integers({3})}), "has a k 3 for an axis of extent 2");
  EXPECT_EQ(Op("TopK").error({in, integers({-1})}), "has a k -1 for an axis of extent 2");
  EXPECT_EQ(Op("TopK").error({in, integers({1, 1})}), "has a k that is not one number");
  EXPECT_EQ(Op("TopK").error({in}), "lacks its input 1 (its k)");
}

TEST(CumSum, AddsUpForwardsBackwardsAndWithoutTheElementItself) {
  const Array in = floats({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(elements(Op("CumSum").one({in, Array::scalar<std::int64_t>(1)})),
            (Reals{1, 3, 6, 4, 9, 15}));
  EXPECT_EQ(elements(Op("CumSum").one({in, integers({-2})})), (Reals{1, 2, 3, 5, 7, 9}));
  EXPECT_EQ(elements(Op("CumSum").set("exclusive", 1).one({in, integers({1})})),
            (Reals{0, 1, 3, 0, 4, 9}));
  EXPECT_EQ(elements(Op("CumSum").set("reverse", 1).one({in, integers({1})})),
            (Reals{6, 5, 3, 15, 11, 6}));
  EXPECT_EQ(elements(Op("CumSum").set("reverse", 1).set("exclusive", 1).one({in, integers({1})})),
            (Reals{5, 3, 0, 11, 6, 0}));
  EXPECT_EQ(Op("CumSum").one({counting({0, 2}), integers({0})}).shape(), (Shape{0, 2}));
  EXPECT_EQ(Op("CumSum").error({in, integers({2})}), "names axis 2 of an array of 2 axes");
  EXPECT_EQ(Op("CumSum").error({in, integers({0, 1})}), "has an axis that is not one number");
}

}  // namespace
}  // namespace soliton::ir
