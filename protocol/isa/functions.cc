#include "protocol/isa/functions.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace soliton {

std::string function_names(std::span<const NpuFunction> functions) {
  std::vector<std::string_view> names;
  for (const NpuFunction function : functions) names.push_back(function_row(function).name);
  return names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", "));
}

}  // namespace soliton
