#include "partition/ir/check_tensor.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "partition/ir/element_count.h"

namespace soliton {
namespace {

// "gate z, row 3, column 17": rows count within the gate, as files have gates in other orders.
std::string place_of(const Tensor& tensor, std::int64_t position, std::string_view gates) {
  const std::int64_t columns = tensor.shape.size() == 2 ? tensor.shape[1] : 1;
  std::int64_t row = position / columns;
  std::string out;
  if (!gates.empty()) {
    const std::int64_t rows = tensor.shape[0] / static_cast<std::int64_t>(gates.size());
    out = fmt::format("gate {}, ", gates[static_cast<std::size_t>(row / rows)]);
    row %= rows;
  }
  out += fmt::format("row {}", row);
  return tensor.shape.size() == 2 ? out + fmt::format(", column {}", position % columns) : out;
}

}  // namespace

void TensorChecker::check(const std::string& owner, const Tensor& tensor,
                          const std::vector<std::int64_t>& shape, std::string_view gates,
                          Allowed allowed) {
  if (tensor.shape != shape)
    return add(fmt::format("{}: tensor {} has shape [{}], not [{}]", owner, tensor.name,
                           fmt::join(tensor.shape, ", "), fmt::join(shape, ", ")));
  check_values(tensor, gates, allowed);
}

void TensorChecker::check_vector(const std::string& owner, const Tensor& tensor,
                                 const std::vector<std::int64_t>& shape, std::string_view gates) {
  check(owner, tensor, shape, gates, kAnyNumber);
}

void TensorChecker::check_values(const Tensor& tensor, std::string_view gates, Allowed allowed) {
  const bool has = tensor.values != nullptr;
  if (any_seen_ && has != values_seen_)
    return add(fmt::format("tensor {} has {}values, unlike the tensors before it", tensor.name,
                           has ? "" : "no "));
  any_seen_ = true;
  values_seen_ = has;
  if (!has) return;
  const auto count = element_count(tensor.shape);
  if (!count || static_cast<std::uint64_t>(*count) != tensor.values->size())
    return add(fmt::format("tensor {} of shape [{}] has {} values", tensor.name,
                           fmt::join(tensor.shape, ", "), tensor.values->size()));
  const auto bad = std::find_if(tensor.values->begin(), tensor.values->end(), [allowed](float v) {
    return allowed == kAnyNumber ? std::isnan(v) : !std::isfinite(v);
  });
  if (bad == tensor.values->end()) return;
  const std::string where = fmt::format("tensor {}, {}: ", tensor.name,
                                        place_of(tensor, bad - tensor.values->begin(), gates));
  add(allowed == kAnyNumber
          ? where + "not a number (NaN); any other value is allowed"
          : fmt::format("{}{}, so no block of weights with it has a value; allowed are finite "
                        "numbers",
                        where, std::isnan(*bad) ? "not a number (NaN)" : "an infinity"));
}

void TensorChecker::check_sum(const Tensor& a, const Tensor& b, std::string_view gates) {
  if (!a.values || !b.values || a.values->size() != b.values->size()) return;
  for (std::size_t i = 0; i < a.values->size(); ++i)
    if (std::isnan((*a.values)[i] + (*b.values)[i]) && !std::isnan((*a.values)[i]) &&
        !std::isnan((*b.values)[i]))
      return add(
          fmt::format("tensors {} and {}, {}: infinities of both signs, whose sum is not "
                      "a number (NaN)",
                      a.name, b.name, place_of(a, static_cast<std::int64_t>(i), gates)));
}

}  // namespace soliton
