// What people get wrong in YAML files most often, found in text that the parser has refused, so
// that messages say the cure. Inside cluster/yaml only.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cluster/yaml/yaml_tree.h"

namespace soliton {

struct YamlMistake {
  Mark mark;
  std::string message;
};

// Tabs that indent lines, and unquoted ranges inside {} or [], in the text's order from the line on
// that the parser refused: what stands before it, the parser has accepted. Empty when that line has
// none of them, for then its fault is another. At most `limit`. REQUIRES: text is valid UTF-8.
std::vector<YamlMistake> likely_mistakes(std::string_view text, std::int32_t refused_line,
                                         std::size_t limit);

}  // namespace soliton
