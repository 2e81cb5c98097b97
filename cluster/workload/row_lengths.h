// Answers of requests of different lengths and the rows of a file, which all have one length: behind
// the end of a shorter answer a row has zeros, or whatever its writer put there.
#pragma once

#include <vector>

#include "partition/ir/array.h"

namespace soliton {

// The row without what lies beyond the answer: cut along the one axis in which it is longer. If it has
// more or fewer axes, those of extent 1 do not count. So it is if it is longer in the first axis and
// the others divide as many elements in another way. A row that differs otherwise stays as it is.
ir::Array cut_to_answer(const ir::Array& row, const ir::Shape& answer);

// The smallest shape that holds all of the arrays; empty if they differ in type or in the number of
// axes. Arrays that are absent do not count.
ir::Shape covering_shape(const std::vector<ir::Array>& arrays);
// The array at the beginning of zeros. REQUIRES: it is known, and no extent is beyond `shape`.
ir::Array padded_to(const ir::Array& array, const ir::Shape& shape);

}  // namespace soliton
