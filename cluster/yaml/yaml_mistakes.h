// Finds the most frequent mistakes in a YAML text that the parser has refused, so that messages can
// say how to correct them. Private to cluster/yaml.
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

// Tabs that indent lines, and unquoted ranges inside {} or [], in text order, starting at the line
// that the parser refused (it has accepted everything before). Empty if that line has no such
// mistake, because then the parser's own message applies. At most `limit`. REQUIRES: text is valid
// UTF-8.
std::vector<YamlMistake> likely_mistakes(std::string_view text, std::int32_t refused_line,
                                         std::size_t limit);

}  // namespace soliton
