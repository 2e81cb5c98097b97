// What an error says about an unknown name: the nearest known one, or all of them.
#pragma once

#include <string>
#include <vector>

namespace soliton {

// `; did you mean "x"?`, or `; allowed: a, b` when nothing is near.
std::string suggestion(const std::string& name, const std::vector<std::string>& candidates);
// The same, but "" when nothing is near.
std::string did_you_mean(const std::string& name, const std::vector<std::string>& candidates);

}  // namespace soliton
