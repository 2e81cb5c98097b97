// Structs with a table of fields as members of a JSON object.
#pragma once

#include "protocol/base/fields.h"
#include "protocol/json/json.h"

namespace soliton {

// Appends the members of `object`, key by key, to `out`. Times are in microseconds, exact. Members
// that are not set are null; unless `known`, all are.
void add_fields(const FieldTable& table, const void* object, Json& out, bool known = true);
Json fields_json(const FieldTable& table, const void* object, bool known = true);

}  // namespace soliton
