// Number formats that a file defines: the list `formats` of a cluster file, and entries of a
// device's `formats` that say what their element is.
#include <algorithm>

#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"
#include "protocol/base/names.h"

namespace soliton {
namespace {

constexpr std::size_t kFormatsLimit = 1'024;

// Keys of a definition and the options of a descriptor they stand for (protocol/tensor/format.h).
struct Option {
  std::string_view key;
  std::string_view option;
  std::string_view fallback;
};
constexpr Option kOptions[] = {{"block", "block", "native"}, {"scale_bits", "scale", "8"},
                               {"rounding", "round", ""},    {"overflow", "overflow", ""},
                               {"flush", "flush", ""},       {"seed", "seed", ""}};

std::string value_in_words(std::string_view key, std::string value) {
  if (key == "flush" && value == "true") return "yes";
  if (key == "flush" && value == "false") return "no";
  return value;
}

// Without the descriptor that the message opens with: the position says where.
std::string reason(const Error& error) {
  const std::string start = "number format \"";
  const std::size_t end = error.message.find("\": ");
  return error.message.starts_with(start) && end != std::string::npos
             ? error.message.substr(end + 3)
             : error.message;
}

// The options of a definition, each checked by itself so that a mistake has its own position.
bool read_options(MapReader& map, std::vector<std::string>& out) {
  bool good = true;
  for (const Option& option : kOptions) {
    std::string value(option.fallback);
    const YamlValue* said = map.scalar(option.key);
    const bool given = said != nullptr;
    if (given) value = said->text;
    if (value.empty()) continue;
    value = fmt::format("{}={}", option.option, value_in_words(option.key, value));
    out.push_back(value);
    // Any format that takes every option: what is wrong is then the value.
    const Result<NumberFormat> alone = parse_format("e2m1,block=1,scale=2,round=dither", {value});
    if (given && !alone && value != "scale=none") {
      map.error(option.key, reason(alone.error()));
      good = false;
    }
  }
  return good;
}

bool is_taken(const std::string& name) {
  if (parse_format(name)) return true;
  return parse_format(name + ",block=1,scale=8").has_value();
}

}  // namespace

bool defines_format(const YamlValue& entry) {
  return entry.kind == YamlValue::Kind::kMap && entry.find("element") != nullptr;
}

bool read_format_definition(MapReader& map, NumberFormat& out) {
  map.require("name");
  map.require("element");
  const std::optional<FieldValue> named = read_value(map, "name");
  const YamlValue* typed = map.scalar("element");
  const std::string name = named ? named->text() : "";
  const std::string element = typed != nullptr ? typed->text : "";
  std::vector<std::string> options;
  if (named) out.name = name;
  if (!read_options(map, options) || !named || typed == nullptr) return false;
  if (is_taken(name))
    return map.error(
               "name",
               fmt::format("\"{}\" already means something else (soliton list formats)", name)),
           false;
  if (element.find(',') != std::string::npos || !element.starts_with('e'))
    return map.error("element",
                     fmt::format("\"{}\" is not an element; elements look like e0m4 (sign "
                                 "and 4 magnitude bits) or e4m3 (a minifloat)",
                                 element)),
           false;
  // A block is only given where there is a scale to share.
  const bool unscaled = std::find(options.begin(), options.end(), "scale=none") != options.end();
  if (unscaled && map.find("block") == nullptr) std::erase(options, "block=native");
  const Result<NumberFormat> format = parse_format(element, options);
  if (!format) return map.error("element", reason(format.error())), false;
  if (const Status supported = check_multiplies(*format); !supported)
    return map.error("element", supported.error().message), false;
  out = *format;
  out.name = name;
  return true;
}

void read_formats(MapReader& cluster, std::vector<NpuFormat>& out) {
  const YamlValue* list = cluster.find("formats");
  if (list == nullptr) return;
  if (list->kind != YamlValue::Kind::kList || list->items.size() > kFormatsLimit)
    return cluster.error("formats", fmt::format("must be a list of {{name, element, block, "
                                                "scale_bits}}, at most {}",
                                                kFormatsLimit));
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    MapReader map(cluster.context(), list->items[i], kFormatFields, fmt::format("formats[{}]", i));
    if (!map.is_map()) continue;
    NpuFormat format;
    format.beats_per_tile = 0;
    const bool good = read_format_definition(map, format.format);
    if (const auto beats = read_value(map, "beats_per_tile"))
      format.beats_per_tile = beats->number();
    map.finish();
    // A bad definition keeps its name, so that what refers to it is not reported, too.
    if (!good && format.format.name.empty()) continue;
    if (good && find_format(out, format.format.name) != nullptr)
      map.error("name", fmt::format("\"{}\" is listed twice", format.format.name));
    out.push_back(std::move(format));
  }
}

const NpuFormat* find_format(const std::vector<NpuFormat>& formats, const std::string& name) {
  const auto at = std::find_if(formats.begin(), formats.end(),
                               [&](const NpuFormat& f) { return f.format.name == name; });
  return at == formats.end() ? nullptr : &*at;
}

Result<NumberFormat> resolve_format(const std::string& text,
                                    const std::vector<NpuFormat>& defined) {
  if (const NpuFormat* own = find_format(defined, text)) return own->format;
  Result<NumberFormat> format = parse_format(text);
  if (format) return format;
  // Those the file defines are as near as the built-in ones, which the parser's message names.
  std::vector<std::string> names;
  for (const NpuFormat& known : defined) names.push_back(known.format.name);
  for (const NumberFormat& known : builtin_formats()) names.push_back(known.name);
  const std::string nearest = nearest_name(text, names);
  if (nearest.empty() || text.find(',') != std::string::npos)
    return invalid(format.error().message + " (soliton list formats)");
  std::vector<std::string> shown;
  for (const std::string& name : names)
    if (std::find(shown.begin(), shown.end(), name) == shown.end()) shown.push_back(name);
  return invalid(
      fmt::format("unknown number format \"{}\" (did you mean \"{}\"?); formats are {} "
                  "(soliton list formats)",
                  text, nearest, fmt::join(shown, ", ")));
}

std::optional<std::int64_t> beats_of(const NpuFormat& wanted, const NpuDevice& device) {
  if (wanted.beats_per_tile > 0) return wanted.beats_per_tile;
  std::optional<std::int64_t> beats;
  int bits = 0;
  for (const NpuFormat& known : device.formats) {
    const int own = known.format.element_bits();
    if (own < wanted.format.element_bits() || (beats && own >= bits)) continue;
    beats = known.beats_per_tile;
    bits = own;
  }
  return beats;
}

}  // namespace soliton
