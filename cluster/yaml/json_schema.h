// JSON Schemas (draft 2020-12) of our files, generated from the tables of their keys. An editor
// uses them to complete and check a file while it is being written.
//
// A schema never refuses what `soliton check` accepts. It accepts more: sizes of quantities,
// relations between keys, and names defined in files are checked by `check` alone
// (docs/cluster-file.md).
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/fields.h"
#include "protocol/json/json.h"

namespace soliton {

// Returns the known names of a kind that rows refer to (Field::names), such as "devices".
using KnownNames = std::function<std::vector<std::string>(std::string_view kind)>;

Json json_schema(const FieldTable& root, std::string_view title, const KnownNames& names);

}  // namespace soliton
