// What people read and type of tables of fields: tables of the documentation, and completion of
// --set.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/fields.h"

namespace soliton {

// A Markdown table of the keys: key, default, meaning with limits and what gets worse.
std::string field_page(const FieldTable& table);

// `text` with the lines between `<!-- fields: NAME -->` and `<!-- /fields -->` replaced by the
// table of that name among `tables`. A name that is none of them is an error.
Result<std::string> with_field_pages(const std::string& text,
                                     const std::vector<const FieldTable*>& tables);

// What may follow `typed` on a command line that sets keys of a file: paths such as "ltl.mtu=", or
// the words that a key takes once the path ends in "=".
std::vector<std::string> set_completions(const FieldTable& root, std::string_view typed);

}  // namespace soliton
