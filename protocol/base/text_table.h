// Rows of cells as lines of text with aligned columns, for a terminal.
#pragma once

#include <string>
#include <vector>

namespace soliton {

using TextRow = std::vector<std::string>;

// One line per row. A column is as wide as its longest cell, in characters, with two spaces to the
// next; lines end without spaces. Rows may have fewer cells than the first one, not more. The cells
// are safe to print (text.h). "" without rows.
std::string text_table(const std::vector<TextRow>& rows);

}  // namespace soliton
