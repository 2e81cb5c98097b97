#include "tests/unit/conformance/cases.h"

#include <fmt/format.h>
#include <onnx/onnx_pb.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "partition/ir/evaluate.h"
#include "partition/onnx/external_data.h"
#include "partition/onnx/import_onnx.h"
#include "partition/onnx/tensor_proto.h"

namespace soliton::test {

namespace fs = std::filesystem;

namespace {

constexpr const char* kFolder = "/usr/share/libonnx-testdata/data";

Result<ir::Array> read_tensor(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  bytes << file.rdbuf();
  ::onnx::TensorProto proto;
  if (!proto.ParseFromString(bytes.str()) || proto.data_type() == 0)
    return invalid(path.filename().string() + " is not a tensor, which is not supported");
  onnx_import::ExternalData external(path.string());
  return onnx_import::array_of(proto, external);
}

Result<std::vector<ir::Array>> read_tensors(const fs::path& folder, const std::string& prefix) {
  std::vector<ir::Array> out;
  for (std::size_t k = 0; fs::exists(folder / fmt::format("{}_{}.pb", prefix, k)); ++k) {
    Result<ir::Array> array = read_tensor(folder / fmt::format("{}_{}.pb", prefix, k));
    if (!array) return tl::unexpected(array.error());
    out.push_back(std::move(*array));
  }
  return out;
}

bool close(double got, double want) {
  if (std::isnan(want)) return std::isnan(got);
  return got == want || std::abs(got - want) <= 1e-7 + 1e-3 * std::abs(want);
}

Verdict run_set(const ir::Graph& graph, const fs::path& folder) {
  const Result<std::vector<ir::Array>> inputs = read_tensors(folder, "input");
  const Result<std::vector<ir::Array>> wanted = read_tensors(folder, "output");
  if (!inputs) return {Verdict::Kind::kRefused, inputs.error().message};
  if (!wanted) return {Verdict::Kind::kRefused, wanted.error().message};
  if (inputs->size() != graph.inputs.size())
    return {Verdict::Kind::kRefused,
            fmt::format("{} inputs, {} files: leaving out inputs is not supported",
                        graph.inputs.size(), inputs->size())};
  const Result<ir::Outputs> outputs = ir::evaluate(graph, *inputs);
  if (!outputs) return {Verdict::Kind::kRefused, outputs.error().message};
  for (std::size_t k = 0; k < wanted->size(); ++k)
    if (const std::string differs = difference((*outputs)[k], (*wanted)[k]); !differs.empty())
      return {Verdict::Kind::kWrong, fmt::format("output {}: {}", k, differs)};
  return {};
}

}  // namespace

std::string difference(const ir::Array& got, const ir::Array& want) {
  if (got.type() != want.type())
    return fmt::format("type {}, not {}", ir::element_name(got.type()),
                       ir::element_name(want.type()));
  if (got.shape() != want.shape())
    return fmt::format("shape {}, not {}", ir::shape_text(got.shape()),
                       ir::shape_text(want.shape()));
  const ir::Array a = ir::converted(got, ir::ElementType::kFloat64);
  const ir::Array b = ir::converted(want, ir::ElementType::kFloat64);
  const bool exact = !ir::is_real(want.type());
  for (std::size_t i = 0; i < a.as<double>().size(); ++i) {
    const double x = a.as<double>()[i], y = b.as<double>()[i];
    if (exact ? x != y : !close(x, y)) return fmt::format("element {} is {}, not {}", i, x, y);
  }
  return "";
}

namespace {
// Cases whose data cannot be right here, and why.
std::string set_aside(const std::string& name) {
  if (name.find("BFLOAT16") != std::string::npos)
    return "the files hold bfloat16 numbers as uint16, which is not supported";
  // ONNX of this version takes scale x length, unrounded, for the length of the resized axis; later
  // versions and ONNX Runtime take the axis' own.
  if (name.find("resize_downsample_scales") != std::string::npos &&
      name.ends_with("_align_corners"))
    return "the data is that of another rule, which is not supported";
  return "";
}
}  // namespace

std::vector<ConformanceCase> conformance_cases() {
  std::vector<ConformanceCase> out;
  if (!fs::exists(kFolder)) return out;
  for (const char* group : {"node", "pytorch-converted", "pytorch-operator", "simple"})
    for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(kFolder) / group))
      if (fs::exists(entry.path() / "model.onnx"))
        out.push_back({group + ("/" + entry.path().filename().string()), entry.path().string()});
  std::ranges::sort(out, {}, &ConformanceCase::name);
  return out;
}

Verdict run_case(const ConformanceCase& c) {
  if (std::string why = set_aside(c.name); !why.empty())
    return {Verdict::Kind::kRefused, std::move(why)};
  const Checked<ImportedModel> model = import_onnx(c.folder + "/model.onnx");
  if (!model) return {Verdict::Kind::kRefused, model.error().errors.front().message};
  for (std::size_t set = 0;; ++set) {
    const fs::path folder = fs::path(c.folder) / fmt::format("test_data_set_{}", set);
    if (!fs::exists(folder)) return {};
    if (Verdict verdict = run_set(model->graph, folder); verdict.kind != Verdict::Kind::kPassed)
      return verdict;
  }
}

}  // namespace soliton::test
