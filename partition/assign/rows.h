// Lists of lists in two flat arrays. Internal to the search.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

namespace soliton::assignment {

using Index = std::uint32_t;

// Row r holds items [first_[r], first_[r + 1]).
template <typename T>
class Rows {
 public:
  Rows() = default;
  // From (row, item) pairs; items of a row keep their order.
  Rows(std::size_t rows, const std::vector<std::pair<Index, T>>& pairs)
      : first_(rows + 1), items_(pairs.size()) {
    for (const auto& [row, item] : pairs) ++first_[row + 1];
    for (std::size_t r = 0; r < rows; ++r) first_[r + 1] += first_[r];
    std::vector<std::size_t> next(first_.begin(), first_.end());
    for (const auto& [row, item] : pairs) items_[next[row]++] = item;
  }

  std::size_t size() const { return first_.empty() ? 0 : first_.size() - 1; }
  std::span<const T> operator[](std::size_t row) const {
    return {items_.data() + first_[row], first_[row + 1] - first_[row]};
  }

 private:
  std::vector<std::size_t> first_;
  std::vector<T> items_;
};

}  // namespace soliton::assignment
