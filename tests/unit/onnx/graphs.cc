#include "tests/unit/onnx/graphs.h"

#include <unistd.h>

#include <fstream>

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

Checked<Model> OnnxTest::read(const GraphMaker& maker) const {
  write(maker.model.SerializeAsString());
  return read_onnx(path());
}

Model OnnxTest::model_of(const GraphMaker& maker) const {
  Checked<Model> model = read(maker);
  if (!model) throw std::runtime_error(model.error().text());
  return std::move(*model);
}

std::string OnnxTest::error_of(const GraphMaker& maker) const {
  return error_of_bytes(maker.model.SerializeAsString());
}

std::string OnnxTest::error_of_bytes(const std::string& bytes) const {
  write(bytes);
  const Checked<Model> model = read_onnx(path());
  return model ? "" : model.error().text();
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
