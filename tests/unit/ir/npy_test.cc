#include "partition/ir/npy.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

// A file as NumPy writes it: version, padded header, data.
std::string npy(int version, const std::string& header, const std::string& data) {
  std::string padded = header;
  const std::size_t before = version == 1 ? 10 : 12;
  while ((before + padded.size() + 1) % 64 != 0) padded += ' ';
  padded += '\n';
  std::string out = "\x93NUMPY";
  out += static_cast<char>(version);
  out += '\0';
  const auto length = static_cast<std::uint32_t>(padded.size());
  out.append(reinterpret_cast<const char*>(&length), version == 1 ? 2 : 4);
  return out + padded + data;
}

template <typename T>
std::string bytes_of(const std::vector<T>& values) {
  return {reinterpret_cast<const char*>(values.data()), values.size() * sizeof(T)};
}

std::string error_of(const std::string& bytes) {
  const Result<NpyArray> array = parse_npy(bytes, "x.npy");
  return array ? "" : array.error().message;
}

constexpr const char* kTwoByThree = "{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), }";

TEST(Npy, ReadsEveryTypeInEveryVersion) {
  for (const int version : {1, 2, 3}) {
    const auto i8 = parse_npy(
        npy(version, kTwoByThree, bytes_of<std::int64_t>({1, -2, 3, 4, 5, 1LL << 40})), "a");
    ASSERT_TRUE(i8) << i8.error().message;
    EXPECT_EQ(i8->shape, (std::vector<std::int64_t>{2, 3}));
    EXPECT_EQ(i8->integer_row(0), (std::vector<std::int64_t>{1, -2, 3}));
    EXPECT_EQ(i8->integer_row(1), (std::vector<std::int64_t>{4, 5, 1LL << 40}));
  }
  const auto i4 = parse_npy(npy(1, "{'descr': '<i4', 'fortran_order': False, 'shape': (3,), }",
                                bytes_of<std::int32_t>({7, -8, 9})),
                            "a");
  ASSERT_TRUE(i4);
  EXPECT_EQ(i4->integer_row(1), std::vector<std::int64_t>{-8});
  EXPECT_EQ(i4->float_row(2), std::vector<float>{9.f});
  const auto f4 = parse_npy(npy(1, "{'shape': (1, 2), 'descr': '<f4', 'fortran_order': False}",
                                bytes_of<float>({1.5f, -2.f})),
                            "a");
  ASSERT_TRUE(f4) << f4.error().message;
  EXPECT_EQ(f4->float_row(0), (std::vector<float>{1.5f, -2.f}));
  const auto f2 = parse_npy(npy(1, "{'descr': '<f2', 'fortran_order': False, 'shape': (2,), }",
                                bytes_of<std::uint16_t>({0x3c00, 0xc100})),
                            "a");
  ASSERT_TRUE(f2);
  EXPECT_EQ(f2->float_row(0), std::vector<float>{1.f});
  EXPECT_EQ(f2->float_row(1), std::vector<float>{-2.5f});
}

TEST(Npy, ScalarsAndEmptyArraysHaveTheirShape) {
  const auto scalar = parse_npy(
      npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (), }", bytes_of<float>({3.f})),
      "a");
  ASSERT_TRUE(scalar);
  EXPECT_EQ(scalar->rows(), 1);
  EXPECT_EQ(scalar->float_row(0), std::vector<float>{3.f});
  const auto empty = parse_npy(
      npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807), }", ""),
      "a");
  ASSERT_TRUE(empty) << empty.error().message;
  EXPECT_EQ(empty->rows(), 0);
}

TEST(Npy, RefusesWhatItDoesNotReadByName) {
  const std::string six = bytes_of<std::int64_t>({1, 2, 3, 4, 5, 6});
  const auto with = [&](const std::string& header) { return error_of(npy(1, header, six)); };
  EXPECT_EQ(with("{'descr': '>i8', 'fortran_order': False, 'shape': (2, 3), }"),
            "x.npy: has elements of type \">i8\"; supported: <i4, <i8, <f2, <f4, <f8, "
            "|i1, |u1, <i2, |b1");
  EXPECT_NE(with("{'descr': '|O', 'fortran_order': False, 'shape': (2, 3), }").find("\"|O\""),
            std::string::npos);
  EXPECT_NE(
      with("{'descr': [('a', '<i8')], 'fortran_order': False, 'shape': (6,), }").find("structured"),
      std::string::npos);
  EXPECT_NE(
      with("{'descr': '<i8', 'fortran_order': True, 'shape': (2, 3), }").find("Fortran order"),
      std::string::npos);
  EXPECT_EQ(error_of("PK\x03\x04" + six), "x.npy: is not a .npy file");
  std::string version = npy(1, kTwoByThree, six);
  version[6] = 9;
  EXPECT_EQ(error_of(version), "x.npy: has .npy version 9.0; supported: 1.0, 2.0, 3.0");
}

TEST(Npy, RefusesLyingHeaders) {
  const std::string six = bytes_of<std::int64_t>({1, 2, 3, 4, 5, 6});
  const auto with = [&](const std::string& header) { return error_of(npy(1, header, six)); };
  EXPECT_EQ(with("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 4), }"),
            "x.npy: has 48 bytes of data, but (2, 4) of int64 needs 64");
  EXPECT_EQ(error_of(npy(1, kTwoByThree, six + "!")),
            "x.npy: has 49 bytes of data, but (2, 3) of int64 needs 48");
  EXPECT_NE(with("{'descr': '<i8', 'fortran_order': False, 'shape': (4294967296, 4294967296), }")
                .find("impossible shape"),
            std::string::npos);
  EXPECT_NE(with("{'descr': '<i8', 'fortran_order': False, 'shape': (2305843009213693952,), }")
                .find("impossible shape"),
            std::string::npos);
  EXPECT_NE(with("{'descr': '<i8', 'fortran_order': False, 'shape': (-2, -3), }")
                .find("where an extent should be"),
            std::string::npos);
  EXPECT_NE(with("{'descr': '<i8', 'fortran_order': False, 'shape': (99999999999999999999,), }")
                .find("an extent"),
            std::string::npos);
  EXPECT_NE(with("{'descr': '<i8', 'fortran_order': False, 'shape': "
                 "(1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,6), }")
                .find("more than 16 dimensions"),
            std::string::npos);
  EXPECT_NE(with("{'descr': '<i8', 'shape': (2, 3), }").find("lacks one of"), std::string::npos);
  EXPECT_NE(with("{'descr': '<i8', 'descr': '<i8', 'shape': (2, 3), }").find("\"descr\" twice"),
            std::string::npos);
  EXPECT_NE(with("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), 'x': 1}")
                .find("unknown key \"x\""),
            std::string::npos);
  EXPECT_NE(with("{'descr': '<i8', 'fortran_order': False, 'shape': (2, 3), } + evil()")
                .find("where the end should be"),
            std::string::npos);
  EXPECT_NE(with("{'descr': '<i8\x1b[2J', 'fortran_order': False, 'shape': (2, 3), }")
                .find("<i8\\x1b[2J"),
            std::string::npos);
}

TEST(Npy, EveryTruncationIsRefused) {
  const std::string whole = npy(2, kTwoByThree, bytes_of<std::int64_t>({1, 2, 3, 4, 5, 6}));
  ASSERT_EQ(error_of(whole), "");
  for (std::size_t size = 0; size < whole.size(); ++size)
    EXPECT_NE(error_of(whole.substr(0, size)), "") << size;
  std::string huge = whole;
  std::memset(huge.data() + 8, 0xff, 4);
  EXPECT_NE(error_of(huge).find("has a header of 4294967295 bytes"), std::string::npos);
}

TEST(Npy, DamagedFilesNeverReadBeyondTheirBytes) {
  const std::string whole = npy(1, kTwoByThree, bytes_of<std::int64_t>({1, 2, 3, 4, 5, 6}));
  const Random random(11, "npy damage");
  int accepted = 0;
  for (std::uint64_t round = 0; round < 20'000; ++round) {
    std::string damaged = whole;
    const Random here = random.child(round);
    for (std::uint64_t k = 0; k <= here.below(0, 3); ++k)
      damaged[here.below(2 * k + 1, 128)] = static_cast<char>(here.below(2 * k + 2, 256));
    const Result<NpyArray> array = parse_npy(damaged, "damaged");
    if (!array) continue;
    ++accepted;
    ASSERT_EQ(array->data.size(),
              static_cast<std::size_t>(array->elements()) * element_bytes(array->type));
    for (std::int64_t row = 0; row < std::min<std::int64_t>(array->rows(), 6); ++row)
      ASSERT_EQ(array->float_row(row).size(), static_cast<std::size_t>(array->row_elements()));
  }
  EXPECT_GT(accepted, 0);  // damage to padding or data is not an error
}

class NpyFile : public testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("soliton-npy-" + std::to_string(::getpid()));
};

TEST_F(NpyFile, WhatIsWrittenReadsBackTheSame) {
  const std::string path = folder_ / "a.npy";
  for (const std::vector<std::int64_t>& shape :
       {std::vector<std::int64_t>{2, 3}, {6}, {1, 6, 1}, {0}, {}}) {
    std::int64_t count = 1;
    for (const std::int64_t extent : shape) count *= extent;
    std::vector<float> values;
    for (std::int64_t i = 0; i < count; ++i) values.push_back(static_cast<float>(i) / 4);
    const NpyArray array = npy_of(values, shape);
    ASSERT_TRUE(write_npy(path, array));
    const Result<NpyArray> back = read_npy(path);
    ASSERT_TRUE(back) << back.error().message;
    EXPECT_EQ(back->shape, shape);
    EXPECT_EQ(back->data, array.data);
    EXPECT_EQ((format_npy(array).size() - array.data.size()) % 64, 0u);
  }
  const Result<NpyArray> whole =
      parse_npy(format_npy(npy_of(std::vector<std::int64_t>{5, 6}, {2})), "i");
  EXPECT_EQ(whole->integer_row(1), std::vector<std::int64_t>{6});
  EXPECT_FALSE(std::filesystem::exists(path + ".part"));
}

TEST_F(NpyFile, WhatIsNoRegularFileIsRefusedAtOnce) {
  EXPECT_NE(read_npy(folder_).error().message.find("is not a regular file"), std::string::npos);
  EXPECT_NE(read_npy(folder_ / "none.npy").error().message.find("cannot be opened"),
            std::string::npos);
  const std::string pipe = folder_ / "pipe.npy";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  EXPECT_NE(read_npy(pipe).error().message.find("is not a regular file"), std::string::npos);
}

TEST_F(NpyFile, AFailedWriteLeavesNothing) {
  const std::string path = folder_ / "none" / "a.npy";
  const Status status = write_npy(path, npy_of(std::vector<float>{1.f}, {1}));
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, ErrorCode::kNotWritten);
  // A folder in the way of the final name: the half-made file is taken away again.
  const std::string taken = folder_ / "taken";
  std::filesystem::create_directories(taken + "/inside");
  EXPECT_FALSE(write_npy(taken, npy_of(std::vector<float>{1.f}, {1})));
  EXPECT_FALSE(std::filesystem::exists(taken + ".part"));
}

TEST(Npy, ReadsTheShippedTestWords) {
  const std::string folder = SOLITON_SOURCE_DIR "/configs/models/language-gru/";
  const Result<NpyArray> tokens = read_npy(folder + "tokens.npy");
  ASSERT_TRUE(tokens) << tokens.error().message;
  EXPECT_EQ(tokens->shape, (std::vector<std::int64_t>{1200, 12}));
  EXPECT_EQ(tokens->type, NpyType::kInt64);
  const Result<NpyArray> golden = read_npy(folder + "golden-fp32.npy");
  ASSERT_TRUE(golden) << golden.error().message;
  EXPECT_EQ(golden->type, NpyType::kFloat32);
}

}  // namespace
}  // namespace soliton
