// Arrays as bytes: in messages between nodes, in records, and in the bytes of a deployment. A list has
// first, of each array, a word and its extents (8 bytes each, little-endian), and then the elements of
// those that are known; those of the others are ghost bytes at the end. The word holds the type (8
// bits), the rank (8 bits), whether the elements are unknown, and whether the list goes on.
#pragma once

#include <span>
#include <vector>

#include "partition/ir/array.h"
#include "protocol/base/payload.h"
#include "protocol/base/result.h"

namespace soliton::ir {

// Appends a list, of arrays that are present. Nothing may follow one with unknown elements.
void append_arrays(std::span<const Array> arrays, Payload& to);
inline void append_array(const Array& array, Payload& to) { append_arrays({&array, 1}, to); }
// The arrays of all lists, one after the other. Error: kInvalid, the bytes are not arrays.
Result<std::vector<Array>> arrays_of(const Payload& payload);

// Bytes that an array takes in a list.
std::int64_t array_bytes(const Array& array);

}  // namespace soliton::ir
