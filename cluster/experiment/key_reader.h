// Reads the keys of a map of an experiment file and says what is wrong with them.
#pragma once

#include <string>
#include <vector>

#include "cluster/spec/reader.h"

namespace soliton {

// "a map", "a list", ... for messages.
const char* kind_name(YamlValue::Kind kind);
// "series[0].name": the path of a key, `map` being the path of the map that holds it.
std::string key_path(const std::string& map, const std::string& key);

// Errors go to `context`, which outlives the object. `map` is the path of the map, "" at the top.
class KeyReader {
 public:
  explicit KeyReader(ReadContext& context) : context_(context) {}

  // False when the value is not a map. Unknown keys are reported, each with the nearest allowed one.
  bool check_keys(const YamlValue& value, const std::string& map,
                  const std::vector<std::string>& allowed);
  // False when the key is not there or its value is not a text.
  bool text(const YamlValue& value, const std::string& map, const std::string& key,
            std::string& out);
  // The same, and a key that is not there is an error.
  bool required(const YamlValue& value, const std::string& map, const std::string& key,
                std::string& out);

 private:
  ReadContext& context_;
};

}  // namespace soliton
