#include "cluster/experiment/key_reader.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "protocol/base/text.h"

namespace soliton {

using Kind = YamlValue::Kind;

const char* kind_name(Kind kind) {
  switch (kind) {
    case Kind::kNull:
      return "nothing";
    case Kind::kScalar:
      return "a single value";
    case Kind::kList:
      return "a list";
    default:
      return "a map";
  }
}

std::string key_path(const std::string& map, const std::string& key) {
  return map.empty() ? key : map + "." + key;
}

bool KeyReader::check_keys(const YamlValue& value, const std::string& map,
                           const std::vector<std::string>& allowed) {
  if (value.kind != Kind::kMap) {
    context_.error(value.mark, fmt::format("{} must be a map with the keys {}, found {}",
                                           map.empty() ? "an experiment" : map,
                                           fmt::join(allowed, ", "), kind_name(value.kind)));
    return false;
  }
  for (const YamlKey& key : value.keys)
    if (std::find(allowed.begin(), allowed.end(), key.name) == allowed.end())
      context_.error(key.mark,
                     fmt::format("unknown key \"{}\"{}", printable(key_path(map, key.name)),
                                 suggestion(key.name, allowed)));
  return true;
}

bool KeyReader::text(const YamlValue& value, const std::string& map, const std::string& key,
                     std::string& out) {
  const YamlValue* found = value.find(key);
  if (found == nullptr || found->kind == Kind::kNull) return false;
  if (found->kind != Kind::kScalar) {
    context_.error(found->mark, fmt::format("{} must be a text, found {}", key_path(map, key),
                                            kind_name(found->kind)));
    return false;
  }
  out = found->text;
  return true;
}

bool KeyReader::required(const YamlValue& value, const std::string& map, const std::string& key,
                         std::string& out) {
  const YamlValue* found = value.find(key);
  if (found != nullptr && found->kind != Kind::kNull) return text(value, map, key, out);
  context_.error(value.mark, fmt::format("{} is missing", key_path(map, key)));
  return false;
}

}  // namespace soliton
