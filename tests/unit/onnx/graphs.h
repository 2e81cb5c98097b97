// Small ONNX graphs made in tests, written to a folder of the test's own and read back.
#pragma once

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <string>
#include <vector>

#include "partition/ir/model.h"
#include "partition/onnx/read_onnx.h"

namespace soliton::test {

using Dims = std::vector<std::int64_t>;
using Names = std::vector<std::string>;

// Seeded values in [-1, 1], different for every `salt`.
std::vector<float> values(std::size_t count, std::uint64_t salt);

struct GraphMaker {
  ::onnx::ModelProto model;
  explicit GraphMaker(std::int64_t opset = 14);

  ::onnx::GraphProto& graph() { return *model.mutable_graph(); }
  // Dimension -1: free, named "free".
  void input(const std::string& name, const Dims& dims, int type = ::onnx::TensorProto::FLOAT);
  void output(const std::string& name);
  ::onnx::TensorProto* weights(const std::string& name, const Dims& dims,
                               const std::vector<float>& data);
  ::onnx::TensorProto* integers(const std::string& name, const Dims& dims,
                                const std::vector<std::int64_t>& data);
  // Named after its first output.
  ::onnx::NodeProto* node(const std::string& op, const Names& inputs, const Names& outputs);
};

void attribute(::onnx::NodeProto* node, const std::string& name, std::int64_t value);
void attribute(::onnx::NodeProto* node, const std::string& name, float value);
void attribute(::onnx::NodeProto* node, const std::string& name, const char* value);
void attribute(::onnx::NodeProto* node, const std::string& name, const Dims& value);
::onnx::TensorProto* tensor_attribute(::onnx::NodeProto* node, const std::string& name);

class OnnxTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string path(const std::string& name = "model.onnx") const { return folder_ / name; }
  void write(const std::string& bytes, const std::string& name = "model.onnx") const;
  Checked<Model> read(const GraphMaker& maker) const;
  Model model_of(const GraphMaker& maker) const;
  // The error messages, or "" if the file was read.
  std::string error_of(const GraphMaker& maker) const;
  std::string error_of_bytes(const std::string& bytes) const;

  std::filesystem::path folder_;
};

void expect_contains(const std::string& text, const std::string& part);
void expect_near(const std::vector<float>& got, const std::vector<double>& want,
                 double tolerance = 1e-6);

}  // namespace soliton::test
