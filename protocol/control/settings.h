// Settings as bytes: one list of keys and values carries the options of every table.
#pragma once

#include "protocol/base/fields.h"
#include "protocol/base/result.h"
#include "protocol/control/settings.capnp.h"

namespace soliton {

void write_settings(const Settings& settings, wire::Settings::Builder out);
Settings read_settings(wire::Settings::Reader in);

// The same, from and into an object with a table. REQUIRES when reading: the bytes are those of the
// same version of the table.
void write_fields(const FieldTable& table, const void* object, wire::Settings::Builder out);
void read_fields(const FieldTable& table, wire::Settings::Reader in, void* object);

}  // namespace soliton
