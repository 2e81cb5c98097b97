// A YAML file as a tree of values with positions.
//
// Built from the events of libyaml, which no other file includes. The following are refused, each
// with its position: anchors and aliases, tags, directives, a key used twice (both lines named),
// keys that are not plain scalars, a second document, text that is not UTF-8, control characters.
// Limits: 16 MiB per file, 64 KiB per scalar, 32 levels, a million values. Nothing is expanded, so
// time and memory are linear in the size of the text.
#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/result.h"
#include "protocol/base/text.h"

namespace soliton {

inline constexpr std::size_t kYamlBytesLimit = std::size_t{16} << 20;
inline constexpr std::size_t kYamlScalarLimit = std::size_t{64} << 10;
inline constexpr std::size_t kYamlDepthLimit = 32;
inline constexpr std::size_t kYamlValuesLimit = 1'000'000;

// Position of a value: line and column from 1 (columns count characters), or the override that set
// it.
struct Mark {
  std::int32_t line = 0;
  std::int32_t column = 0;
  std::int32_t override_index = -1;  // >= 0: added by that --set, on no line of the file
  auto operator<=>(const Mark&) const = default;
};

struct YamlKey {
  std::string name;
  Mark mark;
};

struct YamlValue {
  enum class Kind : std::uint8_t { kNull, kScalar, kList, kMap } kind = Kind::kNull;
  Mark mark;
  std::string text;              // kScalar
  std::vector<YamlKey> keys;     // kMap: in file order, beside `items`
  std::vector<YamlValue> items;  // kList, kMap
  std::vector<std::uint32_t>
      order;  // kMap: positions of `keys` sorted by name; kept by index_keys()

  // The value of a key of a map, or nullptr. Logarithmic.
  const YamlValue* find(std::string_view key) const;
  YamlValue* find(std::string_view key);
  // Appends a key. REQUIRES: kind == kMap and the key is absent.
  YamlValue& add(YamlKey key, YamlValue value);
  // Rebuilds `order`; returns pairs (earlier, later) of positions of keys with the same name.
  std::vector<std::pair<std::uint32_t, std::uint32_t>> index_keys();
};

// Parses `text`; `file` is used in messages only. An empty text is a null value.
Checked<YamlValue> parse_yaml(std::string_view text, const std::string& file);

}  // namespace soliton
