#include "cluster/workload/row_lengths.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <numeric>
#include <optional>
#include <span>

#include "cluster/workload/input_files.h"

namespace soliton {
namespace {

// All axes, or only those of another extent than 1.
std::vector<std::size_t> axes_of(const ir::Shape& shape, bool all) {
  std::vector<std::size_t> out;
  for (std::size_t axis = 0; axis < shape.size(); ++axis)
    if (all || shape[axis] != 1) out.push_back(axis);
  return out;
}

// The axis in which alone the row is longer. Without axes of extent 1, an answer of one step has an
// axis less.
std::optional<std::size_t> longer_axis(const ir::Shape& row, const ir::Shape& answer) {
  const bool all = row.size() == answer.size();
  const std::vector<std::size_t> rows = axes_of(row, all), answers = axes_of(answer, all);
  std::optional<std::size_t> out;
  std::size_t k = 0;
  for (const std::size_t axis : rows) {
    if (k < answers.size() && row[axis] == answer[answers[k]]) {
      ++k;
      continue;
    }
    if (out) return std::nullopt;
    out = axis;
    if (rows.size() == answers.size() && row[axis] < answer[answers[k++]]) return std::nullopt;
  }
  return k == answers.size() ? out : std::nullopt;
}

std::int64_t elements_of(std::span<const std::int64_t> extents) {
  return std::accumulate(extents.begin(), extents.end(), std::int64_t{1}, std::multiplies<>());
}

// Whether the row has more steps, in the first axis, and a step the same elements in other axes:
// [5, 10] for an answer [4, 2, 5].
bool divided_otherwise(const ir::Shape& row, const ir::Shape& answer) {
  if (row.empty() || answer.empty() || row.front() <= answer.front()) return false;
  return elements_of(std::span(row).subspan(1)) == elements_of(std::span(answer).subspan(1));
}

}  // namespace

ir::Array cut_to_answer(const ir::Array& row, const ir::Shape& answer) {
  const std::optional<std::size_t> axis = longer_axis(row.shape(), answer);
  if (axis) {
    const std::int64_t others =
        elements_of(row.shape()) / std::max<std::int64_t>(1, row.shape()[*axis]);
    return others == 0 ? row : cut(row, *axis, elements_of(answer) / others);
  }
  return divided_otherwise(row.shape(), answer) ? cut(row, 0, answer.front()) : row;
}

ir::Shape covering_shape(const std::vector<ir::Array>& arrays) {
  ir::Shape out;
  const ir::Array* first = nullptr;
  for (const ir::Array& array : arrays) {
    if (!array.present()) continue;
    if (first == nullptr) {
      first = &array;
      out = array.shape();
    }
    if (array.type() != first->type() || array.rank() != first->rank()) return {};
    for (std::size_t axis = 0; axis < out.size(); ++axis)
      out[axis] = std::max(out[axis], array.shape()[axis]);
  }
  return out;
}

ir::Array padded_to(const ir::Array& array, const ir::Shape& shape) {
  if (array.shape() == shape) return array;
  const std::size_t size = ir::element_bytes(array.type());
  const ir::Array whole = ir::Array::unknown(array.type(), shape);
  std::vector<std::byte> out(static_cast<std::size_t>(whole.bytes()));
  const auto row = static_cast<std::size_t>(array.rank() == 0 ? 1 : array.shape().back());
  const auto from = array.raw();
  std::vector<std::int64_t> at(array.rank());  // of the row that is copied
  for (std::size_t first = 0; first < static_cast<std::size_t>(array.elements()); first += row) {
    std::size_t to = 0;
    for (std::size_t axis = 0; axis < at.size(); ++axis)
      to = to * static_cast<std::size_t>(shape[axis]) + static_cast<std::size_t>(at[axis]);
    std::memcpy(out.data() + to * size, from.data() + first * size, row * size);
    for (std::size_t axis = at.size() > 0 ? at.size() - 1 : 0; axis-- > 0;) {
      if (++at[axis] < array.shape()[axis]) break;
      at[axis] = 0;
    }
  }
  return ir::Array::of_bytes(array.type(), shape, std::move(out));
}

}  // namespace soliton
