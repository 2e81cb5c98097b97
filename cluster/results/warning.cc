#include "cluster/results/warning.h"

#include <algorithm>

namespace soliton {

void warn(std::vector<RunWarning>& warnings, std::string_view id, std::string text) {
  RunWarning warning{std::string(id), std::move(text)};
  if (std::ranges::find(warnings, warning) == warnings.end())
    warnings.push_back(std::move(warning));
}

}  // namespace soliton
