// The conformance cases of ONNX (Debian's package libonnx-testdata): a model, inputs, and the outputs
// of ONNX's own reference.
#pragma once

#include <string>
#include <vector>

#include "partition/ir/array.h"
#include "protocol/base/result.h"

namespace soliton::test {

struct ConformanceCase {
  std::string name;    // "node/test_add"
  std::string folder;  // with model.onnx and test_data_set_*
};

// All cases, sorted by name; empty if the package is not installed.
std::vector<ConformanceCase> conformance_cases();

struct Verdict {
  enum class Kind { kPassed, kRefused, kWrong } kind = Kind::kPassed;
  std::string why;
};
// Imports the model, runs it on every data set and compares. Refused: the importer or an operator
// said that it does not support something.
Verdict run_case(const ConformanceCase& c);

// "" if both agree: real numbers within 1e-7 + 1e-3 |want| (the tolerance of ONNX's own runner),
// others exactly.
std::string difference(const ir::Array& got, const ir::Array& want);

}  // namespace soliton::test
