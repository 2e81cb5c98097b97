#include "tests/unit/math/hashes.h"

#include <bit>
#include <cmath>
#include <span>

#include "protocol/math/arrays.h"
#include "tests/unit/math/functions.h"

namespace soliton {
namespace {

std::uint64_t mixed(std::uint64_t hash, std::uint64_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) hash = (hash ^ ((value >> (8 * i)) & 255)) * 0x100000001b3ull;
  return hash;
}

template <typename Result>
std::uint64_t hash_of(Result result) {
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (std::uint64_t i = 0; i < kHashedResults; ++i)
    hash = mixed(hash, std::bit_cast<std::uint64_t>(static_cast<double>(result(i))), 8);
  return hash;
}

std::uint64_t hash_of_array(void (*function)(std::span<float>)) {
  const UnaryFunction range{"", nullptr, nullptr, -20, 20};
  std::vector<float> values;
  for (std::uint64_t i = 0; i < kHashedResults; ++i)
    values.push_back(static_cast<float>(argument(range, i)));
  function(values);
  std::uint64_t hash = 0xcbf29ce484222325ull;
  for (const float value : values) hash = mixed(hash, std::bit_cast<std::uint32_t>(value), 4);
  return hash;
}

}  // namespace

std::vector<Hash> math_hashes() {
  std::vector<Hash> out;
  for (const UnaryFunction& f : unary_functions())
    out.push_back({f.name, hash_of([&](std::uint64_t i) { return f.function(argument(f, i)); })});
  for (const BinaryFunction& f : binary_functions())
    out.push_back({f.name, hash_of([&](std::uint64_t i) {
                     const Pair at = f.arguments(i);
                     return f.function(at.x, at.y);
                   })});
  out.push_back({"exp_all", hash_of_array(math::exp_all)});
  out.push_back({"tanh_all", hash_of_array(math::tanh_all)});
  out.push_back({"sigmoid_all", hash_of_array(math::sigmoid_all)});
  out.push_back({"erf_all", hash_of_array(math::erf_all)});
  return out;
}

std::vector<Hash> library_hashes() {
  const UnaryFunction range{"", nullptr, nullptr, -20, 20};
  const auto over = [&](double (*function)(double)) {
    return hash_of([&](std::uint64_t i) { return function(argument(range, i)); });
  };
  return {{"exp", over(std::exp)}, {"tanh", over(std::tanh)}, {"sin", over(std::sin)}};
}

}  // namespace soliton
