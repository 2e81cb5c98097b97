// The lines of a text file with values in columns.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace soliton {

struct TextRow {
  std::size_t line = 0;  // from 1
  std::vector<std::string> words;
};

// The lines that hold something, cut at commas, or where there are none at blanks; a word between commas
// may have blanks within. `#` begins a comment.
std::vector<TextRow> text_rows(std::string_view text);

}  // namespace soliton
