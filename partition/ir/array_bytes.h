// Arrays as bytes: in messages between nodes, in records, and in the bytes of a deployment. Type,
// rank and extents (8 bytes + 8 for each axis, little-endian), then the elements. Elements that are
// unknown are ghost bytes.
#pragma once

#include <span>
#include <vector>

#include "partition/ir/array.h"
#include "protocol/base/payload.h"
#include "protocol/base/result.h"

namespace soliton::ir {

// Appends the array, which must be present. Nothing may follow an unknown one.
void append_array(const Array& array, Payload& to);
// The arrays of `bytes`, one after the other. Error: kInvalid, the bytes are not arrays.
Result<std::vector<Array>> arrays_of(const Payload& payload);

// Bytes that an array takes.
std::int64_t array_bytes(const Array& array);

}  // namespace soliton::ir
