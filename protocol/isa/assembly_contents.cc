#include "protocol/isa/assembly_contents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

// In native vectors.
std::int64_t capacity(const NpuDevice& device, Memory memory) {
  switch (memory) {
    case Memory::kInitialVrf:
      return device.initial_vrf;
    case Memory::kAddSubVrf0:
      return device.add_sub_vrf_0;
    case Memory::kAddSubVrf1:
      return device.add_sub_vrf_1;
    case Memory::kMultiplyVrf:
      return device.multiply_vrf;
    default:
      return device.dram.count / (2 * std::int64_t{device.native_dim});
  }
}

std::vector<Half> made_vector(const AssemblyVector& vector, const NpuDevice& device) {
  if (vector.content == AssemblyVector::Content::kValues) return vector.values;
  const std::int64_t most = (capacity(device, vector.memory) + 1) * device.native_dim;
  std::vector<Half> out(static_cast<std::size_t>(std::min<std::int64_t>(vector.count, most)),
                        vector.values.empty() ? Half{0} : vector.values.front());
  if (vector.content == AssemblyVector::Content::kFill) return out;
  const Random random(vector.seed, "assembly vector");
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = to_half(static_cast<float>(random.unit(i) - 0.5));
  return out;
}

std::vector<float> made_weights(const AssemblyMatrix& matrix, const BfpMatrix& size) {
  const auto columns = static_cast<std::size_t>(size.columns);
  std::vector<float> out(static_cast<std::size_t>(size.rows) * columns);
  if (matrix.content == AssemblyMatrix::Content::kIdentity)
    for (std::size_t i = 0; i < columns && i * columns + i < out.size(); ++i)
      out[i * columns + i] = 1.0F;
  if (matrix.content != AssemblyMatrix::Content::kRandom) return out;
  const Random random(matrix.seed, "assembly matrix");
  const double width = std::sqrt(12.0 / static_cast<double>(columns));
  for (std::size_t i = 0; i < out.size(); ++i)
    out[i] = static_cast<float>((random.unit(i) - 0.5) * width);
  return out;
}

}  // namespace

void PlacedErrors::add(ErrorCode code, SourcePlace place, const std::string& message) {
  found_.add(code, fmt::format("{}:{}:{}: {}", file_, place.line, place.column, message));
}

// Any number but NaN, which is reported with its place.
std::optional<FileArray> AssemblyContents::read_array(const std::string& path, SourcePlace place) {
  Result<FileArray> array =
      arrays_ ? arrays_(path) : Result<FileArray>(invalid(path + ": no files can be read here"));
  if (!array) {
    errors_.add(array.error().code, place, array.error().message);
    return std::nullopt;
  }
  const auto bad = std::ranges::find_if(array->values, [](float v) { return std::isnan(v); });
  if (bad == array->values.end()) return std::move(*array);
  errors_.add(ErrorCode::kInvalid, place,
              fmt::format("{}: value {}: not a number (NaN); any other value is allowed", path,
                          bad - array->values.begin()));
  return std::nullopt;
}

std::vector<Half> AssemblyContents::values_from_file(const std::string& path, SourcePlace place) {
  std::vector<Half> out;
  const std::optional<FileArray> array = read_array(path, place);
  if (!array) return out;
  if (array->shape.size() != 1 || array->values.empty())
    errors_.add(ErrorCode::kInvalid, place,
                fmt::format("{}: has shape ({}); allowed is one axis of at least one value", path,
                            fmt::join(array->shape, ", ")));
  for (const float value : array->values) out.push_back(to_half(value));
  return out;
}

AssemblyMatrix AssemblyContents::sized(AssemblyMatrix matrix, int native_dim, SourcePlace place) {
  if (matrix.tile_rows != 0) return matrix;
  matrix.tile_rows = matrix.tile_columns = 1;
  const std::optional<FileArray> array = read_array(matrix.path, place);
  if (!array) return matrix;
  if (array->shape.size() != 2 || array->values.empty() ||
      static_cast<std::int64_t>(array->values.size()) > kAssemblyWeightsLimit) {
    errors_.add(ErrorCode::kInvalid, place,
                fmt::format("{}: has shape ({}); allowed are (rows, columns) of at most {} numbers",
                            matrix.path, fmt::join(array->shape, ", "), kAssemblyWeightsLimit));
    return matrix;
  }
  const auto tiles = [n = std::int64_t{native_dim}](std::int64_t extent) {
    return static_cast<std::uint32_t>((extent + n - 1) / n);
  };
  if (matrix.rows == 0) matrix.rows = static_cast<int>(array->shape[0]);
  if (matrix.columns == 0) matrix.columns = static_cast<int>(array->shape[1]);
  matrix.tile_rows = tiles(matrix.rows);
  matrix.tile_columns = tiles(matrix.columns);
  return matrix;
}

std::vector<Half> AssemblyContents::vector(const AssemblyVector& vector, const NpuDevice& device,
                                           SourcePlace place) {
  return vector.content == AssemblyVector::Content::kFile ? values_from_file(vector.path, place)
                                                          : made_vector(vector, device);
}

std::optional<std::vector<float>> AssemblyContents::weights(const AssemblyMatrix& matrix,
                                                            const BfpMatrix& size,
                                                            SourcePlace place) {
  if (matrix.content != AssemblyMatrix::Content::kFile) return made_weights(matrix, size);
  std::optional<FileArray> array = read_array(matrix.path, place);
  if (!array) return std::nullopt;
  if (array->shape == std::vector<std::int64_t>{size.rows, size.columns})
    return std::move(array->values);
  errors_.add(ErrorCode::kInvalid, place,
              fmt::format("{}: has shape ({}); the matrix has {} rows of {} columns", matrix.path,
                          fmt::join(array->shape, ", "), size.rows, size.columns));
  return std::nullopt;
}

}  // namespace soliton
