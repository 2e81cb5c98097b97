// Small ONNX graphs made in tests, written to a folder of the test's own, imported, and split
// between CPU parts and FPGAs.
#pragma once

#include <gtest/gtest.h>
#include <onnx/onnx_pb.h>

#include <filesystem>
#include <string>
#include <vector>

#include "partition/ir/layer_graph.h"
#include "partition/ir/request_shapes.h"
#include "partition/onnx/import_onnx.h"
#include "partition/region/split_model.h"

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

struct SplitOptions {
  ImportOptions import;
  // By request: the extents that the file leaves open, in the order of inputs and axes; those
  // beyond the last are 1. Requests may differ in one of them.
  std::vector<Dims> requests = {{5}};
  // Whether the inputs behind the first are state: each is paired with an output and begins with
  // zeros.
  bool carries = false;
};

// A file as it is divided where FPGAs have every function. What follows from shapes is constant.
struct SplitFile {
  ir::Graph graph;
  std::vector<ir::Array> kinds;  // by input, of the longest request, without elements
  SplitModel split;

  const std::vector<Layer>& layers() const { return split.fpga.layers; }
  const RecurrentLayer& recurrent(std::size_t layer = 0) const {
    return std::get<RecurrentLayer>(split.fpga.layers.at(layer));
  }
  const DenseLayer& dense(std::size_t layer = 0) const {
    return std::get<DenseLayer>(split.fpga.layers.at(layer));
  }
  // Why the operator of that name runs on a CPU, "" if FPGAs run it.
  std::string why(const std::string& node) const;
  // The names of the operators that run on a CPU.
  Names on_cpu() const;
  // The first output of the graph in fp32; `inputs` are the elements of its inputs.
  std::vector<float> run(const std::vector<std::vector<float>>& inputs) const;
};

class OnnxTest : public testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  std::string path(const std::string& name = "model.onnx") const { return folder_ / name; }
  void write(const std::string& bytes, const std::string& name = "model.onnx") const;
  Checked<ImportedModel> import(const GraphMaker& maker, const ImportOptions& options = {}) const;
  // Throws if the file is refused.
  ir::Graph graph_of(const GraphMaker& maker, const ImportOptions& options = {}) const;
  SplitFile split_of(const GraphMaker& maker, const SplitOptions& options = {}) const;
  // The error messages, or "" if the file was read.
  std::string error_of(const GraphMaker& maker, const ImportOptions& options = {}) const;
  std::string error_of_bytes(const std::string& bytes) const;
  // What the operators of a file that is read say of a request's shapes, or "". `open`: as in
  // SplitOptions::requests.
  std::string shape_error_of(const GraphMaker& maker, const Dims& open = {5}) const;

  std::filesystem::path folder_;
};

// The inputs of a request without their elements.
std::vector<ir::Array> kinds_of(const ir::Graph& graph, const Dims& open);
SplitFile split_graph(ir::Graph graph, const std::vector<Dims>& requests);
// The vectors of an earlier layer.
LayerInput from_layer(std::size_t layer, LayerInput::What what = LayerInput::What::kEvery);
LayerInput from_host(std::size_t source);

void expect_contains(const std::string& text, const std::string& part);
void expect_near(const std::vector<float>& got, const std::vector<double>& want,
                 double tolerance = 1e-6);

}  // namespace soliton::test
