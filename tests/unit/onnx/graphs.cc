#include "tests/unit/onnx/graphs.h"

#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <stdexcept>

#include "partition/ir/evaluate.h"
#include "partition/ir/passes/specialise.h"
#include "partition/ir/passes/states.h"
#include "protocol/base/rng.h"

namespace soliton::test {

std::vector<float> values(std::size_t count, std::uint64_t salt) {
  const Random random = Random(7, "test weights").child(salt);
  std::vector<float> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(static_cast<float>(2 * random.unit(i) - 1));
  return out;
}

GraphMaker::GraphMaker(std::int64_t opset) {
  model.set_ir_version(7);
  auto* import = model.add_opset_import();
  import->set_domain("");
  import->set_version(opset);
  graph().set_name("test");
}

namespace {

void declare(::onnx::ValueInfoProto* info, const std::string& name, const Dims& dims, int type) {
  info->set_name(name);
  auto* tensor = info->mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(type);
  tensor->mutable_shape();
  for (const std::int64_t dim : dims) {
    auto* out = tensor->mutable_shape()->add_dim();
    if (dim < 0)
      out->set_dim_param("free");
    else
      out->set_dim_value(dim);
  }
}

}  // namespace

void GraphMaker::input(const std::string& name, const Dims& dims, int type) {
  declare(graph().add_input(), name, dims, type);
}

void GraphMaker::output(const std::string& name) { graph().add_output()->set_name(name); }

::onnx::TensorProto* GraphMaker::weights(const std::string& name, const Dims& dims,
                                         const std::vector<float>& data) {
  auto* tensor = graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(::onnx::TensorProto::FLOAT);
  for (const std::int64_t dim : dims) tensor->add_dims(dim);
  tensor->set_raw_data(data.data(), data.size() * sizeof(float));
  return tensor;
}

::onnx::TensorProto* GraphMaker::integers(const std::string& name, const Dims& dims,
                                          const std::vector<std::int64_t>& data) {
  auto* tensor = graph().add_initializer();
  tensor->set_name(name);
  tensor->set_data_type(::onnx::TensorProto::INT64);
  for (const std::int64_t dim : dims) tensor->add_dims(dim);
  for (const std::int64_t value : data) tensor->add_int64_data(value);
  return tensor;
}

::onnx::NodeProto* GraphMaker::node(const std::string& op, const Names& inputs,
                                    const Names& outputs) {
  auto* out = graph().add_node();
  out->set_op_type(op);
  out->set_name(outputs.empty() ? op : "make_" + outputs.front());
  for (const std::string& name : inputs) out->add_input(name);
  for (const std::string& name : outputs) out->add_output(name);
  return out;
}

namespace {

::onnx::AttributeProto* add(::onnx::NodeProto* node, const std::string& name,
                            ::onnx::AttributeProto::AttributeType type) {
  auto* out = node->add_attribute();
  out->set_name(name);
  out->set_type(type);
  return out;
}

}  // namespace

void attribute(::onnx::NodeProto* node, const std::string& name, std::int64_t value) {
  add(node, name, ::onnx::AttributeProto::INT)->set_i(value);
}
void attribute(::onnx::NodeProto* node, const std::string& name, float value) {
  add(node, name, ::onnx::AttributeProto::FLOAT)->set_f(value);
}
void attribute(::onnx::NodeProto* node, const std::string& name, const char* value) {
  add(node, name, ::onnx::AttributeProto::STRING)->set_s(value);
}
void attribute(::onnx::NodeProto* node, const std::string& name, const Dims& value) {
  auto* out = add(node, name, ::onnx::AttributeProto::INTS);
  for (const std::int64_t v : value) out->add_ints(v);
}
::onnx::TensorProto* tensor_attribute(::onnx::NodeProto* node, const std::string& name) {
  return add(node, name, ::onnx::AttributeProto::TENSOR)->mutable_t();
}

void OnnxTest::SetUp() {
  const auto* info = testing::UnitTest::GetInstance()->current_test_info();
  folder_ =
      std::filesystem::temp_directory_path() / ("soliton-onnx-" + std::to_string(::getpid()) + "-" +
                                                info->test_suite_name() + "-" + info->name());
  std::filesystem::create_directories(folder_);
}

void OnnxTest::TearDown() { std::filesystem::remove_all(folder_); }

void OnnxTest::write(const std::string& bytes, const std::string& name) const {
  // A new file each time: some file systems flush a file that is truncated and written again.
  std::filesystem::remove(path(name));
  std::ofstream(path(name), std::ios::binary) << bytes;
}

Checked<ImportedModel> OnnxTest::import(const GraphMaker& maker,
                                        const ImportOptions& options) const {
  write(maker.model.SerializeAsString());
  return import_onnx(path(), options);
}

ir::Graph OnnxTest::graph_of(const GraphMaker& maker, const ImportOptions& options) const {
  Checked<ImportedModel> model = import(maker, options);
  if (!model) throw std::runtime_error(model.error().text());
  return std::move(model->graph);
}

std::string OnnxTest::error_of(const GraphMaker& maker, const ImportOptions& options) const {
  const Checked<ImportedModel> model = import(maker, options);
  return model ? "" : model.error().text();
}

std::string OnnxTest::error_of_bytes(const std::string& bytes) const {
  write(bytes);
  const Checked<ImportedModel> model = import_onnx(path());
  return model ? "" : model.error().text();
}

std::string OnnxTest::shape_error_of(const GraphMaker& maker, const Dims& open) const {
  const ir::Graph graph = graph_of(maker);
  const Checked<std::vector<ir::Array>> arrays = ir::infer(graph, kinds_of(graph, open));
  return arrays ? "" : arrays.error().text();
}

std::vector<ir::Array> kinds_of(const ir::Graph& graph, const Dims& open) {
  std::vector<ir::Array> out;
  std::size_t next = 0;
  for (const ir::Input& input : graph.inputs) {
    ir::Shape shape = input.shape;
    for (std::int64_t& extent : shape)
      if (extent == ir::kOpen) extent = next < open.size() ? open[next++] : 1;
    out.push_back(ir::Array::unknown(input.type, std::move(shape)));
  }
  return out;
}

SplitFile split_graph(ir::Graph graph, const std::vector<Dims>& requests) {
  std::vector<std::vector<ir::Array>> given;
  for (const Dims& open : requests) given.push_back(kinds_of(graph, open));
  const std::vector<ir::Trial> trials = ir::trials_of(given, ir::varying_axis(given));
  const auto shapes_of = [&](const ir::Graph& of) { return ir::infer_shapes(of, trials); };
  ir::specialise(graph, [&](const ir::Graph& of) { return shapes_of(of).arrays; });
  EXPECT_EQ(broken_rule(graph), "");
  const ir::RequestShapes shapes = shapes_of(graph);
  SplitFile out;
  out.split = split_model({&graph, &shapes, [](Opcode) { return true; }, {}});
  EXPECT_TRUE(check_layers(out.split.fpga).empty()) << check_layers(out.split.fpga).text();
  out.kinds = trials.back().arrays;
  out.graph = std::move(graph);
  return out;
}

SplitFile OnnxTest::split_of(const GraphMaker& maker, const SplitOptions& options) const {
  ir::Graph graph = graph_of(maker, options.import);
  if (options.carries) {
    std::vector<std::size_t> states;
    for (std::size_t k = 1; k < graph.inputs.size(); ++k) states.push_back(k);
    const Checked<std::vector<ir::StatePair>> pairs = ir::find_states(graph, states);
    if (!pairs) throw std::runtime_error(pairs.error().text());
    for (const auto& [input, output] : *pairs) {
      const ir::Shape& shape = graph.inputs[input].shape;
      const auto elements = ir::Array::unknown(ir::ElementType::kFloat32, shape).elements();
      graph.states.push_back(
          {graph.inputs[input].value, graph.outputs[output],
           ir::Array::of(shape, std::vector<float>(static_cast<std::size_t>(elements)))});
    }
  }
  return split_graph(std::move(graph), options.requests);
}

std::string SplitFile::why(const std::string& node) const {
  const auto at = std::ranges::find(graph.nodes, node, &ir::Node::name);
  if (at == graph.nodes.end()) throw std::runtime_error("no operator is called " + node);
  const auto index = static_cast<std::size_t>(at - graph.nodes.begin());
  EXPECT_EQ(split.on_fpga[index], split.why[index].empty()) << node;
  return split.why[index];
}

Names SplitFile::on_cpu() const {
  Names out;
  for (std::size_t i = 0; i < graph.nodes.size(); ++i)
    if (!split.on_fpga[i]) out.push_back(graph.nodes[i].name);
  return out;
}

std::vector<float> SplitFile::run(const std::vector<std::vector<float>>& inputs) const {
  std::vector<ir::Array> arrays;
  for (std::size_t k = 0; k < kinds.size(); ++k)
    arrays.push_back(ir::Array::of(kinds[k].shape(), inputs.at(k)));
  const Result<ir::Outputs> outputs = ir::evaluate(graph, arrays);
  if (!outputs) throw std::runtime_error(outputs.error().message);
  const auto first = outputs->front().as<float>();
  return {first.begin(), first.end()};
}

LayerInput from_layer(std::size_t layer, LayerInput::What what) {
  return {LayerInput::From::kLayer, layer, what};
}

LayerInput from_host(std::size_t source) {
  return {LayerInput::From::kHost, source, LayerInput::What::kEvery};
}

void expect_contains(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "\"" << text << "\"\nlacks \"" << part << "\"";
}

void expect_near(const std::vector<float>& got, const std::vector<double>& want, double tolerance) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i)
    ASSERT_NEAR(got[i], want[i], tolerance) << "element " << i;
}

}  // namespace soliton::test
