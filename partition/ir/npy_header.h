// Parses the dictionary at the start of a .npy file without evaluating it as Python.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"

namespace soliton {

struct NpyHeader {
  std::string descr;
  bool fortran_order = false;
  std::vector<std::int64_t> shape;
};

// `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`: three keys in any order, each
// once, nothing else.
Result<NpyHeader> parse_npy_header(std::string_view text);

}  // namespace soliton
