// Members of JSON objects with their checks: each getter reports what is wrong at its place and
// returns nullopt. Internal to the reader of priced graphs.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "partition/priced/decimal.h"
#include "protocol/base/result.h"
#include "protocol/base/time.h"
#include "protocol/json/located_json.h"

namespace soliton::priced {

class JsonFields {
 public:
  JsonFields(const TextPlaces& places, Diagnostics& problems)
      : places_(places), problems_(problems) {}

  // "what" names the object in messages, such as "operator 7".
  const LocatedJson* required(const LocatedJson& object, const char* key, const std::string& what);
  const LocatedJson* of_kind(const LocatedJson& object, const char* key, LocatedJson::Kind kind,
                             const std::string& what);
  // A number or text as the text that names an operator.
  std::optional<std::string> id(const LocatedJson& object, const char* key,
                                const std::string& what);
  // Milliseconds, from 0 to just below 2^62 picoseconds.
  std::optional<Duration> time(const LocatedJson& object, const char* key, const std::string& what);
  // Bytes, from 0 to 2^62.
  std::optional<std::int64_t> size(const LocatedJson& object, const char* key, Rounding rounding,
                                   const std::string& what);
  std::optional<std::int64_t> count(const LocatedJson& object, const char* key,
                                    const std::string& what);
  // true, false, 1 or 0.
  std::optional<bool> flag(const LocatedJson& object, const char* key, const std::string& what);
  std::optional<std::string> text(const LocatedJson& object, const char* key,
                                  const std::string& what);

  void report(const LocatedJson& where, const std::string& message) {
    problems_.add(places_.error(where.offset, message));
  }

 private:
  const TextPlaces& places_;
  Diagnostics& problems_;
};

}  // namespace soliton::priced
