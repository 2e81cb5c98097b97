#include <algorithm>
#include <limits>

#include "node/cpu/cpu_spec.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

constexpr std::int64_t kSymbols = 2;  // where nothing says how many

template <typename T>
T drawn(const Random& random, std::uint64_t ordinal, std::uint64_t symbols) {
  if constexpr (std::is_integral_v<T>)
    return static_cast<T>(random.below(
        ordinal, std::min(symbols, static_cast<std::uint64_t>(std::numeric_limits<T>::max()))));
  else if constexpr (std::is_same_v<T, ir::Bool>)
    return ir::Bool(random.below(ordinal, 2) != 0);
  else
    return static_cast<T>(static_cast<float>(2.0 * random.unit(ordinal) - 1.0));
}

ir::Array random_array(const ir::Array& kind, const Random& random, std::int64_t symbols) {
  return ir::with_type(kind.type(), [&](auto tag) {
    using T = typename decltype(tag)::type;
    std::vector<T> out(static_cast<std::size_t>(kind.elements()));
    for (std::size_t i = 0; i < out.size(); ++i)
      out[i] = drawn<T>(random, i, static_cast<std::uint64_t>(symbols));
    return ir::Array::of(kind.shape(), std::move(out));
  });
}

}  // namespace

std::vector<ir::Array> GraphInputs::request(std::uint32_t number) const {
  if (!given.empty()) return given[number % given.size()];
  const Random random = Random(seed, "input").child(number);
  std::vector<ir::Array> out;
  for (std::size_t k = 0; k < kinds.size(); ++k) {
    const std::int64_t most = k < symbols.size() ? symbols[k] : kSymbols;
    out.push_back(kinds[k].present()
                      ? random_array(kinds[k], k == 0 ? random : random.child(k), most)
                      : ir::Array());
  }
  return out;
}

std::int64_t GraphInputs::steps(std::uint32_t number) const {
  if (!step_axis || given.empty()) return steps_of_all;
  return given[number % given.size()][step_axis->input].shape()[step_axis->axis];
}

std::uint32_t GraphInputs::longest() const {
  std::uint32_t out = 0;
  for (std::uint32_t request = 1; request < given.size(); ++request)
    if (steps(request) > steps(out)) out = request;
  return out;
}

}  // namespace soliton
