// Names of nodes, links, rules and runs, and the ranges that stand for many of them.
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
// brackets stands for itself. Errors: brackets that do not pair, a range that is no range or runs
// backwards, more than `limit` names.
Result<std::vector<std::string>> expand_ranges(std::string_view pattern, std::size_t limit);

// `*` stands for any run of characters, also none.
bool glob_matches(std::string_view glob, std::string_view text);

}  // namespace soliton
