// Structs with a table of fields as members of a JSON object.
#pragma once

#include "protocol/base/fields.h"
#include "protocol/json/json.h"

namespace soliton {

// Appends the members of `object`, key by key, to `out`. Times are microseconds, exact. Null is what
// is not set, and, unless `known`, every number.
void add_fields(const FieldTable& table, const void* object, Json& out, bool known = true);
Json fields_json(const FieldTable& table, const void* object, bool known = true);

}  // namespace soliton
