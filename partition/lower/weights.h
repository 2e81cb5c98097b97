// The model's constants as one node holds them: row slices of matrices, and slices of biases.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "partition/ir/layer_graph.h"
#include "protocol/tensor/format.h"
#include "protocol/tensor/half.h"

namespace soliton {

struct RowRange {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

// Rows of a [*, sum of parts] tensor. Every part but the last is padded with zero columns to a
// native-vector border, because that is where the parts of the vector lie in the register file.
struct MatrixCut {
  const Tensor* tensor = nullptr;
  RowRange rows;
  std::vector<std::int64_t> parts;
  std::string name;
  bool in_dram = false;
  // Of the padded columns: from a native-vector border on, where blocks of weights begin. Unset: all.
  std::optional<RowRange> columns = {};
};

// Columns of a cut.
std::int64_t columns_of(const MatrixCut& cut, int native_dim);
// Number of columns, including the padding between parts.
std::int64_t padded_columns(const std::vector<std::int64_t>& parts, int native_dim);

// Without weights (or values) only extents and block borders are set.
Result<BfpMatrix> cut_matrix(const MatrixCut& cut, const NumberFormat& format, int native_dim,
                             bool with_weights);

// The sum of the given biases' elements, formed in fp32 and rounded to fp16. Absent values count as
// zero.
std::vector<Half> cut_bias(const std::vector<const Tensor*>& biases, RowRange range);

}  // namespace soliton
