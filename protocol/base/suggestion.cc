#include "protocol/base/suggestion.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/base/result.h"

namespace soliton {
namespace {

// Longer names are no typing errors; edit distance is quadratic.
constexpr std::size_t kLongestNearName = 64;
constexpr std::size_t kAllowedShown = 40;

}  // namespace

std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates) {
  const std::string near = name.size() > kLongestNearName ? "" : nearest_name(name, candidates);
  return near.empty() ? "" : fmt::format("; did you mean \"{}\"?", near);
}

std::string suggestion(const std::string& name, const std::vector<std::string>& candidates) {
  const std::string near = did_you_mean(name, candidates);
  if (!near.empty()) return near;
  const std::size_t shown = std::min(candidates.size(), kAllowedShown);
  return fmt::format(
      "; allowed: {}{}",
      fmt::join(candidates.begin(), candidates.begin() + std::ptrdiff_t(shown), ", "),
      shown < candidates.size() ? ", ..." : "");
}

}  // namespace soliton
