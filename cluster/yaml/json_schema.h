// JSON Schemas (draft 2020-12) of our files, from the tables of their keys: an editor completes and
// checks a file with them while it is written.
//
// A schema never refuses what `soliton check` accepts. It accepts more: sizes of quantities,
// relations between keys, and names that only the files say are checked by `check` alone
// (docs/cluster-file.md).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/fields.h"
#include "protocol/json/json.h"

namespace soliton {

// The known names of a kind that rows refer to (Field::names), such as "devices".
using KnownNames = std::function<std::vector<std::string>(std::string_view kind)>;

Json json_schema(const FieldTable& root, std::string_view title, const KnownNames& names);

}  // namespace soliton
