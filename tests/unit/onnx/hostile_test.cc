// Files made to harm: lying sizes, nesting, floods, and names that lead out of the model's folder.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

#include "partition/onnx/external_data.h"
#include "partition/onnx/limits.h"
#include "partition/onnx/wire_scan.h"
#include "tests/unit/onnx/graphs.h"

namespace soliton::test {
namespace {

using ::onnx::TensorProto;

GraphMaker small() {
  GraphMaker g;
  g.input("x", {1, 3});
  g.weights("w", {3, 2}, values(6, 1));
  g.node("MatMul", {"x", "w"}, {"y"});
  g.output("y");
  return g;
}

std::string varint(std::uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(0x80 | (value & 0x7f));
  return out + static_cast<char>(value);
}

// A length-delimited protobuf field.
std::string field(unsigned number, const std::string& body) {
  return varint(number << 3 | 2) + varint(body.size()) + body;
}

std::string repeated(const std::string& piece, std::size_t count) {
  std::string out;
  out.reserve(piece.size() * count);
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

class Hostile : public OnnxTest {
 protected:
  template <typename Change>
  std::string tensor_error(Change change) const {
    GraphMaker g = small();
    change(*g.graph().mutable_initializer(0));
    return error_of(g);
  }
};

TEST_F(Hostile, FilesThatAreNone) {
  expect_contains(import_onnx(path("none.onnx")).error().text(),
                  "none.onnx: cannot be opened: No such file");
  expect_contains(import_onnx(folder_).error().text(), "is not a regular file");
  ASSERT_EQ(::mkfifo(path("pipe.onnx").c_str(), 0600), 0);
  expect_contains(import_onnx(path("pipe.onnx")).error().text(), "is not a regular file");
  expect_contains(error_of_bytes(""), "model.onnx: is empty");
  expect_contains(error_of_bytes("PK\x03\x04 some other file"),
                  "is not an ONNX model, or is cut short");
}

TEST_F(Hostile, FilesAboveTheLimitAreNotRead) {
  write("x");
  std::filesystem::resize_file(path(), std::uintmax_t{3} << 30);  // sparse
  expect_contains(import_onnx(path()).error().text(), "has 3221225472 bytes; at most 2147483647");
}

TEST_F(Hostile, EveryTruncationIsRefused) {
  const std::string whole = small().model.SerializeAsString();
  ASSERT_EQ(error_of_bytes(whole), "");
  for (std::size_t size = 0; size < whole.size(); ++size)
    ASSERT_NE(error_of_bytes(whole.substr(0, size)), "") << size;
}

TEST_F(Hostile, NothingIsPrinted) {
  testing::internal::CaptureStderr();
  testing::internal::CaptureStdout();
  GraphMaker g = small();
  const std::string whole = g.model.SerializeAsString();
  error_of_bytes(whole.substr(0, whole.size() - 5));
  g.graph().mutable_node(0)->set_name("bad \xff\xfe utf8");
  error_of(g);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "");
}

TEST_F(Hostile, DimensionsThatLie) {
  expect_contains(tensor_error([](TensorProto& t) { t.set_dims(0, 4); }),
                  "initializer \"w\": shape [4, 2] of float32 needs 32 bytes, 24 are present");
  expect_contains(tensor_error([](TensorProto& t) { t.set_dims(0, std::int64_t{1} << 40); }),
                  "24 are present");
  expect_contains(tensor_error([](TensorProto& t) { t.set_dims(0, -3); }),
                  "impossible shape [-3, 2]");
  expect_contains(tensor_error([](TensorProto& t) {
                    t.set_dims(0, std::int64_t{1} << 32);
                    t.set_dims(1, std::int64_t{1} << 32);
                  }),
                  "impossible shape [4294967296, 4294967296]");
  // 2^61 elements fit 63 bits; their bytes do not.
  expect_contains(tensor_error([](TensorProto& t) { t.set_dims(0, std::int64_t{1} << 60); }),
                  "impossible shape");
  expect_contains(tensor_error([](TensorProto& t) {
                    for (int i = 0; i < 15; ++i) t.add_dims(1);
                  }),
                  "has 17 dimensions; at most 16");
  expect_contains(tensor_error([](TensorProto& t) { t.add_float_data(1); }),
                  "has its values twice");
  expect_contains(tensor_error([](TensorProto& t) {
                    t.clear_raw_data();
                    t.add_float_data(1);
                  }),
                  "needs 6 values, 1 are present");
  expect_contains(tensor_error([](TensorProto& t) { t.mutable_segment()->set_begin(0); }),
                  "segments");
}

TEST_F(Hostile, ElementTypesThatAreUnknown) {
  expect_contains(tensor_error([](TensorProto& t) { t.set_data_type(TensorProto::STRING); }),
                  "elements of type STRING");
  expect_contains(tensor_error([](TensorProto& t) { t.set_data_type(TensorProto::COMPLEX64); }),
                  "elements of type COMPLEX64");
  expect_contains(tensor_error([](TensorProto& t) { t.set_data_type(77); }),
                  "elements of type number 77");
  expect_contains(tensor_error([](TensorProto& t) { t.clear_data_type(); }),
                  "elements of type UNDEFINED");
}

TEST_F(Hostile, NamesAreBoundedAndPrintedHarmlessly) {
  GraphMaker g = small();
  g.graph().mutable_node(0)->set_name(std::string(5000, 'n'));
  expect_contains(error_of(g), "has a name of 5000 bytes; at most 4096");
  GraphMaker escape = small();
  escape.graph().mutable_node(0)->set_op_type("Conv\x1b[2J\n");
  expect_contains(error_of(escape), "operator Conv\\x1b[2J\\x0a is not supported");
}

TEST_F(Hostile, ManyErrorsAreCutOff) {
  GraphMaker g = small();
  for (int i = 0; i < 1000; ++i) g.weights("w", {1}, {1});
  const std::string error = error_of(g);
  EXPECT_EQ(std::count(error.begin(), error.end(), '\n'), 21);
  expect_contains(error, "and more errors of this kind");
}

TEST_F(Hostile, FloodsOfTinyMessagesAreRefusedBeforeTheyAreMade) {
  // Field 1 of a graph is a node, field 13 a value's type: 2 bytes each here.
  expect_contains(error_of_bytes(field(7, repeated(field(1, ""), kMaxOnnxNodes + 1))),
                  "has more than 1000000 nodes");
  expect_contains(error_of_bytes(field(7, repeated(field(13, ""), onnx_import::kMaxMessages))),
                  "has more than 4000000 messages");
  const std::string numbers =
      repeated(std::string("\x78\x01", 2), onnx_import::kMaxFields + 1);  // field 15, a number
  EXPECT_EQ(onnx_import::scan_onnx(numbers).error().message, "has more than 32000000 fields")
      << "unknown fields are kept by protobuf, too";
}

TEST_F(Hostile, NestingIsBounded) {
  // A graph in an attribute (field 6) of a node (1) of a graph.
  std::string graphs;
  for (int i = 0; i < kMaxOnnxSubgraphs; ++i) graphs = field(1, field(5, field(6, graphs)));
  EXPECT_EQ(onnx_import::scan_onnx(field(7, graphs)).error().message, "nests graphs deeper than 8");
  std::string types;  // a sequence (4) of a type (1) of a sequence ...
  for (int i = 0; i < 60; ++i) types = field(4, field(1, types));
  expect_contains(error_of_bytes(field(7, field(11, field(2, types)))),
                  "nests messages deeper than 100");
}

TEST_F(Hostile, AChainOfManyNodesIsReadInGoodTime) {
  GraphMaker g = small();
  std::string last = "y";
  for (int i = 0; i < 20'000; ++i) {
    std::string next = std::to_string(i);
    g.node("Identity", {last}, {next});
    last = std::move(next);
  }
  g.graph().mutable_output(0)->set_name(last);
  EXPECT_EQ(error_of(g), "");
}

class External : public Hostile {
 protected:
  // The small model with its weights in `location`; other entries as given.
  GraphMaker outside(const std::string& location,
                     const std::vector<std::pair<std::string, std::string>>& entries = {}) const {
    GraphMaker g = small();
    auto* w = g.graph().mutable_initializer(0);
    w->clear_raw_data();
    w->set_data_location(TensorProto::EXTERNAL);
    const auto add = [&](const std::string& key, const std::string& value) {
      auto* entry = w->add_external_data();
      entry->set_key(key);
      entry->set_value(value);
    };
    add("location", location);
    for (const auto& [key, value] : entries) add(key, value);
    return g;
  }

  static std::string weight_bytes() {
    const std::vector<float> w = values(6, 1);
    return {reinterpret_cast<const char*>(w.data()), 24};
  }
};

TEST_F(External, DataBesideTheModelIsRead) {
  std::filesystem::create_directories(folder_ / "data");
  write(weight_bytes(), "w.bin");
  write("12345678" + weight_bytes() + "behind", "data/w.bin");
  const std::vector<float> want = *split_of(small()).dense().weights.values;
  EXPECT_EQ(*split_of(outside("w.bin")).dense().weights.values, want);
  const GraphMaker inside = outside("data/w.bin", {{"offset", "8"}, {"length", "24"}});
  EXPECT_EQ(*split_of(inside).dense().weights.values, want);
  EXPECT_EQ(error_of(outside("./w.bin", {{"checksum", "0"}})), "");
}

TEST_F(External, NamesThatLeadOutOfTheFolder) {
  std::filesystem::create_directories(folder_ / "inside");
  write(weight_bytes(), "w.bin");
  const std::string model = outside("../w.bin").model.SerializeAsString();
  write(model, "inside/model.onnx");
  expect_contains(import_onnx(path("inside/model.onnx")).error().text(),
                  "initializer \"w\": external data \"../w.bin\" leads out of the model's folder");
  expect_contains(error_of(outside("inside/../w.bin")), "leads out of the model's folder");
  expect_contains(error_of(outside(path("w.bin"))), "has an absolute name");
  expect_contains(error_of(outside("")), "has no name");
  expect_contains(error_of(outside("inside//w.bin")), "has a name with an empty part");
  expect_contains(error_of(outside(std::string("w.bin\0x", 7))), "zero byte");
  expect_contains(error_of(outside(std::string(5000, 'a'))), "too long a name");
}

TEST_F(External, FilesThatAreNotPlain) {
  write(weight_bytes(), "w.bin");
  std::filesystem::create_directories(folder_ / "data");
  write(weight_bytes(), "data/w.bin");
  std::filesystem::create_symlink("w.bin", folder_ / "link.bin");
  std::filesystem::create_symlink("data", folder_ / "linked");
  std::filesystem::create_hard_link(folder_ / "data/w.bin", folder_ / "hard.bin");
  ASSERT_EQ(::mkfifo(path("pipe.bin").c_str(), 0600), 0);
  expect_contains(error_of(outside("link.bin")), "is a symbolic link or lies behind one");
  expect_contains(error_of(outside("linked/w.bin")), "is a symbolic link or lies behind one");
  expect_contains(error_of(outside("hard.bin")), "has 2 names");
  expect_contains(error_of(outside("pipe.bin")), "is not a regular file");
  expect_contains(error_of(outside("data")), "is not a regular file");
  expect_contains(error_of(outside("none.bin")), "cannot be opened: No such file");
}

TEST_F(External, TheWalkUsedWithoutKernelHelpRefusesTheSame) {
  std::filesystem::create_directories(folder_ / "data");
  write(weight_bytes(), "data/w.bin");
  std::filesystem::create_symlink("w.bin", folder_ / "data/link.bin");
  std::filesystem::create_symlink("data", folder_ / "linked");
  const onnx_import::File folder(::open(folder_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  using onnx_import::Opener;
  for (const Opener opener : {Opener::kAuto, Opener::kWalk}) {
    const auto opens = [&](const std::string& name) {
      return onnx_import::open_beneath(folder, name, opener).has_value();
    };
    EXPECT_TRUE(opens("data/w.bin"));
    EXPECT_TRUE(opens("./data/./w.bin"));
    for (const char* name : {"data/link.bin", "linked/w.bin", "../", "data/../data/w.bin",
                             "/etc/hostname", "data", "none", "data/w.bin/x"})
      EXPECT_FALSE(opens(name)) << name;
  }
}

TEST_F(External, SizesThatLie) {
  write(weight_bytes(), "w.bin");
  expect_contains(error_of(outside("w.bin", {{"offset", "1"}})),
                  "has 24 bytes, but 24 from byte 1 are wanted");
  expect_contains(error_of(outside("w.bin", {{"offset", "25"}})),
                  "has 24 bytes, but byte 25 is wanted");
  expect_contains(error_of(outside("w.bin", {{"offset", "9223372036854775807"}})), "has 24 bytes");
  expect_contains(error_of(outside("w.bin", {{"offset", "-1"}})),
                  "external data has offset \"-1\"");
  expect_contains(error_of(outside("w.bin", {{"offset", "8 "}})),
                  "external data has offset \"8 \"");
  expect_contains(error_of(outside("w.bin", {{"length", "23"}})),
                  "needs 24 bytes, but external data has length 23");
  expect_contains(error_of(outside("w.bin", {{"location", "w.bin"}})),
                  "external data has \"location\" twice");
  GraphMaker twice = outside("w.bin");
  twice.graph().mutable_initializer(0)->set_raw_data(weight_bytes());
  expect_contains(error_of(twice), "has its values twice");
}

}  // namespace
}  // namespace soliton::test
