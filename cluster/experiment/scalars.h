// The single values of a results.json, each under the keys that lead to it: latency_us.p99. Lists,
// and what is in them, are left out. A sweep takes its columns from here, so that a value a run
// learns to measure needs no change of the sweep.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/json/json.h"

namespace soliton {

struct Scalar {
  enum class Kind : std::uint8_t { kNull, kBoolean, kNumber, kText };
  std::string key;
  Kind kind = Kind::kNull;
  std::string text;  // a number or a boolean as the file spells it; "" for null
};
using Scalars = std::vector<Scalar>;  // in the order of the file

// kInvalid: no JSON object.
Result<Scalars> read_scalars(const std::string& json);
// nullptr: there is none of that key.
const Scalar* find_scalar(const Scalars& scalars, std::string_view key);
// What a user wrote for a key of a cluster file: a number or a boolean when it is spelled like one
// of JSON's, else a text.
Scalar scalar_of_text(std::string key, std::string text);

// Of a table: numbers and booleans as they are, texts by csv_cell(), null as "".
std::string csv_text(const Scalar& scalar);
Json scalar_json(const Scalar& scalar);

// Every key of a results.json, each optional part there: the order of columns.
std::vector<std::string> result_keys();

}  // namespace soliton
