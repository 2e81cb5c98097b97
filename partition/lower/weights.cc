#include "partition/lower/weights.h"

#include <algorithm>

#include "partition/lower/lower.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

BfpMatrix extents_only(int rows, int columns, const NumberFormat& format, int native_dim) {
  BfpMatrix out;
  out.format = format;
  out.rows = rows;
  out.columns = columns;
  out.block_starts = block_borders(columns, format, native_dim);
  return out;
}

std::vector<float> padded_rows(const MatrixCut& cut, std::int64_t columns, int native_dim) {
  std::int64_t unpadded = 0;
  for (const std::int64_t part : cut.parts) unpadded += part;
  const std::vector<float>& values = *cut.tensor->values;
  SOLITON_CHECK_MSG(
      static_cast<std::int64_t>(values.size()) >= (cut.rows.first + cut.rows.count) * unpadded,
      "{}: {} values", cut.tensor->name, values.size());
  std::vector<float> out(static_cast<std::size_t>(cut.rows.count * columns));
  for (std::int64_t row = 0; row < cut.rows.count; ++row) {
    auto from = values.begin() + (cut.rows.first + row) * unpadded;
    auto to = out.begin() + row * columns;
    for (const std::int64_t part : cut.parts) {
      std::copy_n(from, part, to);
      from += part;
      to += std::min(tiles_along(part, native_dim) * native_dim, out.end() - to);
    }
  }
  return out;
}

// Row by row, those of the cut.
std::vector<float> cut_columns(const MatrixCut& cut, int native_dim) {
  const std::int64_t all = padded_columns(cut.parts, native_dim);
  std::vector<float> rows = padded_rows(cut, all, native_dim);
  if (!cut.columns) return rows;
  std::vector<float> out;
  out.reserve(static_cast<std::size_t>(cut.rows.count * cut.columns->count));
  for (std::int64_t row = 0; row < cut.rows.count; ++row) {
    const auto from = rows.begin() + row * all + cut.columns->first;
    out.insert(out.end(), from, from + cut.columns->count);
  }
  return out;
}

}  // namespace

std::int64_t columns_of(const MatrixCut& cut, int native_dim) {
  return cut.columns ? cut.columns->count : padded_columns(cut.parts, native_dim);
}

std::int64_t padded_columns(const std::vector<std::int64_t>& parts, int native_dim) {
  std::int64_t columns = 0;
  for (std::size_t i = 0; i + 1 < parts.size(); ++i)
    columns += tiles_along(parts[i], native_dim) * native_dim;
  return columns + parts.back();
}

Result<BfpMatrix> cut_matrix(const MatrixCut& cut, const NumberFormat& format, int native_dim,
                             bool with_weights) {
  const std::int64_t columns = columns_of(cut, native_dim);
  const int rows = static_cast<int>(cut.rows.count);
  if (!with_weights || cut.tensor->values == nullptr) {
    return extents_only(rows, static_cast<int>(columns), format, native_dim);
  }
  return quantise_matrix(cut_columns(cut, native_dim), rows, static_cast<int>(columns), format,
                         native_dim, cut.name, cut.rows.first);
}

std::vector<Half> cut_bias(const std::vector<const Tensor*>& biases, RowRange range) {
  std::vector<float> sum(static_cast<std::size_t>(range.count), 0.0F);
  for (const Tensor* bias : biases) {
    if (bias->values == nullptr) continue;
    SOLITON_CHECK_MSG(static_cast<std::int64_t>(bias->values->size()) >= range.first + range.count,
                      "{}: {} values", bias->name, bias->values->size());
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += (*bias->values)[static_cast<std::size_t>(range.first) + i];
  }
  std::vector<Half> out;
  out.reserve(sum.size());
  for (const float value : sum) out.push_back(to_half(value));
  return out;
}

}  // namespace soliton
