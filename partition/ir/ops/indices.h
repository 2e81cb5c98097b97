// Positions that are data, checked: for operators that gather and scatter. Inside partition/ir/ops
// only.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/ir/ops/common.h"

namespace soliton::ir {

// Error: input k is not of int32 or int64.
Status check_indices(const Call& call, std::size_t k);
// The indices of a known array, negative ones counted from the end. Error: one is out of range.
Result<std::vector<std::int64_t>> indices_in(const Array& indices, std::size_t axis,
                                             std::int64_t extent);

// For data and indices of equal rank, where element [i, j, k] of the indices names a position along
// one axis: the axis. Errors: the ranks differ, or the indices are longer than the data elsewhere.
Result<std::size_t> check_elementwise_indices(const Call& call);

// The last axis of such indices as lines: element i of a line is element index + i of the indices
// and belongs to the data at data + i * data_step + its value * axis_step.
struct IndexLine {
  std::int64_t index, data, count, data_step, axis_step;
};
template <typename Body>
void for_each_line(const Shape& indices, const Shape& data, std::size_t axis, Body&& body) {
  const std::vector<std::int64_t> steps = strides_of(data);
  const std::size_t last = indices.size() - 1;
  const Shape outer(indices.begin(), indices.end() - 1);
  IndexLine line{0, 0, indices[last], axis == last ? 0 : 1, steps[axis]};
  if (line.count == 0) return;
  for_each_index(outer, [&](const std::vector<std::int64_t>& index) {
    line.data = 0;
    for (std::size_t a = 0; a < index.size(); ++a)
      if (a != axis) line.data += index[a] * steps[a];
    body(std::as_const(line));
    line.index += line.count;
  });
}

// For indices whose last axis holds tuples that name a slice of the data (GatherND, ScatterND).
struct Tuples {
  std::int64_t length;  // axes a tuple names
  std::int64_t inner;   // elements of a slice
};
// Errors: ranks that do not match, or batch axes of different extents.
Result<Tuples> tuples_of(const Call& call, std::int64_t batch);
// The first element of each tuple's slice. Error: an index is out of range. REQUIRES: tuples_of().
Result<std::vector<std::int64_t>> tuple_offsets(const Shape& data, const Array& indices,
                                                std::int64_t batch);

}  // namespace soliton::ir
