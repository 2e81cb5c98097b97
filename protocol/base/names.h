// Names of nodes, links, rules and runs, and ranges that stand for many names.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

inline constexpr std::string_view kNameRule =
    R"(is not a name: 1 to 63 of a-z, 0-9, ".", "_" and "-")";

// [a-z0-9._-]{1,63}: safe in paths, terminals and selectors.
bool is_valid_name(std::string_view text);

// "fpga[0-3]" -> fpga0 fpga1 fpga2 fpga3; "r[0-1]n[00-11]" -> 24 names, r0n00 first. A name without
// brackets stands for itself. Errors: unpaired brackets, a malformed or descending range, more than
// `limit` names.
Result<std::vector<std::string>> expand_ranges(std::string_view pattern, std::size_t limit);

// `*` matches any run of characters, including an empty one.
bool glob_matches(std::string_view glob, std::string_view text);

}  // namespace soliton
