// The scalars of a results.json, each named by its path of keys: latency_us.p99. Lists and their
// contents are left out. A sweep takes its columns from here, so that a new value in the results
// needs no change to the sweep.
#pragma once

#include <optional>
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

// kInvalid: not a JSON object.
Result<Scalars> read_scalars(const std::string& json);
// nullptr if there is no such key.
const Scalar* find_scalar(const Scalars& scalars, std::string_view key);
// nullopt: there is no such key, or it is no number.
std::optional<double> number_in(const Scalars& scalars, std::string_view key);
// The value a user wrote for a key of a cluster file: a number or boolean if spelled as in JSON,
// else a text.
Scalar scalar_of_text(std::string key, std::string text);

// A CSV cell: numbers and booleans unchanged, texts by csv_cell(), null as "".
std::string csv_text(const Scalar& scalar);
Json scalar_json(const Scalar& scalar);

// Every key that a results.json can have, in the order of columns.
std::vector<std::string> result_keys();

}  // namespace soliton
