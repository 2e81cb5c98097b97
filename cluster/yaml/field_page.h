// What tables of fields give to people: the tables in the documentation, and completion of --set.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/fields.h"

namespace soliton {

// A Markdown table of the keys: key, default, and meaning with limits and the cost of lower and
// higher values.
std::string field_page(const FieldTable& table);

// `text` with the lines between `<!-- fields: NAME -->` and `<!-- /fields -->` replaced by the
// table of that name among `tables`. An unknown NAME is an error.
Result<std::string> with_field_pages(const std::string& text,
                                     const std::vector<const FieldTable*>& tables);

// What may follow `typed` on a command line that sets keys of a file: paths such as "ltl.mtu=", or
// the words that the key accepts once the path ends in "=".
std::vector<std::string> set_completions(const FieldTable& root, std::string_view typed);

}  // namespace soliton
