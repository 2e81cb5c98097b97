#include "partition/ir/array.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "partition/ir/array_bytes.h"

namespace soliton::ir {
namespace {

TEST(Array, KnowsWhetherItIsAbsentUnknownOrKnown) {
  EXPECT_FALSE(Array().present());
  const Array unknown = Array::unknown(ElementType::kInt8, {2, 3});
  EXPECT_TRUE(unknown.present());
  EXPECT_FALSE(unknown.known());
  EXPECT_EQ(unknown.bytes(), 6);
  const Array known = Array::of<double>({2}, {1, 2});
  EXPECT_EQ(known.as<double>()[1], 2);
  EXPECT_EQ(known.reshaped({1, 2, 1}).shape(), (Shape{1, 2, 1}));
  EXPECT_FALSE(known.forgotten().known());
}

TEST(Array, ConvertsRealNumbersToIntegersTowardsZeroAndSaturates) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Array from = Array::of<float>({5}, {-1.9F, 1.9F, 300, -300, nan});
  const Array to = converted(from, ElementType::kInt8);
  EXPECT_EQ(std::vector<std::int8_t>(to.as<std::int8_t>().begin(), to.as<std::int8_t>().end()),
            (std::vector<std::int8_t>{-1, 1, 127, -128, 0}));
  EXPECT_TRUE(converted(from, ElementType::kBool).as<Bool>()[0].value);
}

TEST(Array, ConvertsIntegersToNarrowerOnesByWrapping) {
  const Array to = converted(Array::of<std::int64_t>({2}, {257, -1}), ElementType::kUint8);
  EXPECT_EQ(to.as<std::uint8_t>()[0], 1);
  EXPECT_EQ(to.as<std::uint8_t>()[1], 255);
}

TEST(Array, ComparesTypeShapeAndBits) {
  EXPECT_TRUE(identical(Array::of<float>({2}, {0, 1}), Array::of<float>({2}, {0, 1})));
  EXPECT_FALSE(identical(Array::of<float>({2}, {0, 1}), Array::of<float>({2}, {-0.0F, 1})));
  EXPECT_FALSE(identical(Array::of<float>({2}, {0, 1}), Array::of<float>({1, 2}, {0, 1})));
  EXPECT_FALSE(identical(Array::of<float>({1}, {0}), Array::unknown(ElementType::kFloat32, {1})));
}

TEST(Array, WithoutNumbersKeepsWhatDecidesShapes) {
  EXPECT_FALSE(without_numbers(Array::scalar(1.5F)).known());
  EXPECT_TRUE(without_numbers(Array::scalar(std::int64_t{16'000})).known());
  EXPECT_TRUE(without_numbers(Array::scalar(Bool(true))).known());
  EXPECT_FALSE(without_numbers(Array()).present());
}

TEST(Array, SurvivesAsBytes) {
  Payload bytes;
  append_array(Array::of<std::int64_t>({2, 1}, {-5, 7}), bytes);
  append_array(Array::of<Bool>({}, {Bool(true)}), bytes);
  append_array(Array::of<float>({0}, {}), bytes);
  append_array(Array::unknown(ElementType::kFloat32, {3}), bytes);
  EXPECT_EQ(bytes.ghost, 12u);
  const Result<std::vector<Array>> back = arrays_of(bytes);
  ASSERT_TRUE(back);
  ASSERT_EQ(back->size(), 4u);
  EXPECT_TRUE(identical((*back)[0], Array::of<std::int64_t>({2, 1}, {-5, 7})));
  EXPECT_TRUE((*back)[1].as<Bool>()[0].value);
  EXPECT_EQ((*back)[2].shape(), Shape{0});
  EXPECT_FALSE((*back)[3].known());
}

// The heads come first, then what is known; what is not is ghost bytes at the end.
TEST(Array, OfAListKeepTheirPlacesWhetherTheirElementsAreKnownOrNot) {
  const std::vector<Array> list = {
      Array::unknown(ElementType::kInt64, {3}), Array::of<float>({2}, {1, 2}),
      Array::unknown(ElementType::kFloat32, {2, 2}), Array::of<Bool>({}, {Bool(true)})};
  Payload bytes;
  append_array(Array::scalar(7.0F), bytes);
  append_arrays(list, bytes);
  EXPECT_EQ(bytes.ghost, 24U + 16U);
  std::int64_t size = array_bytes(Array::scalar(7.0F));
  for (const Array& array : list) size += array_bytes(array);
  EXPECT_EQ(bytes.size(), static_cast<std::uint64_t>(size));
  // In wall time the ghost bytes are sent, as zeros.
  Payload sent = bytes;
  sent.bytes.resize(sent.bytes.size() + sent.ghost);
  sent.ghost = 0;
  for (const Payload& payload : {bytes, sent}) {
    const Result<std::vector<Array>> back = arrays_of(payload);
    ASSERT_TRUE(back) << back.error().message;
    ASSERT_EQ(back->size(), 5U);
    EXPECT_TRUE(identical((*back)[0], Array::scalar(7.0F)));
    for (std::size_t i = 0; i < list.size(); ++i) {
      EXPECT_EQ((*back)[i + 1].known(), list[i].known()) << i;
      EXPECT_TRUE(identical((*back)[i + 1], list[i])) << i;
    }
  }
}

TEST(Array, OfAListMustAllBeThere) {
  Payload bytes;
  append_arrays(std::vector<Array>{Array::of<float>({2}, {1, 2}), Array::scalar(Bool(true)),
                                   Array::unknown(ElementType::kFloat32, {2})},
                bytes);
  for (std::uint64_t ghost = 0; ghost < bytes.ghost; ++ghost) {
    Payload cut = bytes;
    cut.ghost = ghost;
    EXPECT_FALSE(arrays_of(cut)) << ghost;
  }
  for (std::size_t length = 1; length < bytes.bytes.size(); ++length) {
    Payload cut;
    cut.bytes.assign(bytes.bytes.begin(),
                     bytes.bytes.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(arrays_of(cut)) << length;
  }
}

TEST(Array, RefusesBytesThatAreCutShortOrClaimTooMuch) {
  Payload bytes;
  append_array(Array::of<float>({2, 2}, {1, 2, 3, 4}), bytes);
  for (std::size_t length = 1; length < bytes.bytes.size(); ++length) {
    Payload cut;
    cut.bytes.assign(bytes.bytes.begin(),
                     bytes.bytes.begin() + static_cast<std::ptrdiff_t>(length));
    EXPECT_FALSE(arrays_of(cut)) << length;
  }
  Payload huge = bytes;
  huge.bytes[15] = std::byte{0x7f};  // the first extent
  EXPECT_FALSE(arrays_of(huge));
}

}  // namespace
}  // namespace soliton::ir
