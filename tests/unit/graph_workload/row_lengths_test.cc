// Answers of different lengths beside rows of one length.
#include "cluster/workload/row_lengths.h"

#include <gtest/gtest.h>

#include <numeric>

namespace soliton {
namespace {

ir::Array counted(ir::Shape shape) {
  const std::int64_t elements = ir::Array::unknown(ir::ElementType::kFloat32, shape).elements();
  std::vector<float> values(static_cast<std::size_t>(elements));
  std::iota(values.begin(), values.end(), 1.0F);
  return ir::Array::of(std::move(shape), std::move(values));
}

std::vector<float> values_of(const ir::Array& array) {
  return {array.as<float>().begin(), array.as<float>().end()};
}

TEST(RowLengths, ARowIsCutWhereTheAnswerEnds) {
  EXPECT_EQ(values_of(cut_to_answer(counted({3, 2}), {2, 2})), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(values_of(cut_to_answer(counted({2, 3}), {2, 2})), (std::vector<float>{1, 2, 4, 5}));
  EXPECT_EQ(cut_to_answer(counted({3, 1, 2}), {2, 2}).shape(), (ir::Shape{2, 1, 2}));
  EXPECT_EQ(cut_to_answer(counted({2, 2}), {1, 2}).shape(), (ir::Shape{1, 2}));
  EXPECT_EQ(cut_to_answer(counted({3, 2}), {2}).shape(), (ir::Shape{1, 2}));
}

TEST(RowLengths, AnAnswerMayDivideARowIntoOtherAxes) {
  EXPECT_EQ(cut_to_answer(counted({4, 7, 10}), {4, 2, 1, 35}).shape(), (ir::Shape{4, 7, 10}));
  EXPECT_EQ(cut_to_answer(counted({4, 10}), {3, 2, 1, 5}).shape(), (ir::Shape{3, 10}));
}

TEST(RowLengths, ARowThatDiffersOtherwiseStays) {
  for (const ir::Shape& answer : {ir::Shape{3, 2}, {4, 2}, {2, 1}, {3, 2, 2}, {2, 3}, {}})
    EXPECT_EQ(cut_to_answer(counted({3, 2}), answer).shape(), (ir::Shape{3, 2}))
        << ir::shape_text(answer);
}

TEST(RowLengths, ShorterAnswersEndInZeros) {
  const ir::Array a = counted({2, 1, 2}), b = counted({1, 1, 3});
  const ir::Shape shape = covering_shape({a, ir::Array(), b});
  EXPECT_EQ(shape, (ir::Shape{2, 1, 3}));
  EXPECT_EQ(values_of(padded_to(a, shape)), (std::vector<float>{1, 2, 0, 3, 4, 0}));
  EXPECT_EQ(values_of(padded_to(b, shape)), (std::vector<float>{1, 2, 3, 0, 0, 0}));
  EXPECT_TRUE(identical(padded_to(a, a.shape()), a));
  EXPECT_TRUE(covering_shape({a, counted({2, 2})}).empty());
}

}  // namespace
}  // namespace soliton
