// Spelling of text for files that other programs read.
#pragma once

#include <string>
#include <string_view>

namespace soliton {

// One cell of a CSV file (RFC 4180): quoted if it contains a comma, a quote or a line break. A text
// that a spreadsheet would take for a formula (it starts with = + - @, tab or carriage return) is
// quoted and prefixed with an apostrophe. Not for numbers.
std::string csv_cell(std::string_view text);

}  // namespace soliton
