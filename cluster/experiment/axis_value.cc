#include "cluster/experiment/axis_value.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "cluster/file/overrides.h"
#include "cluster/file/yaml_file.h"
#include "protocol/base/quantity.h"

namespace soliton {
namespace {

using Kind = YamlValue::Kind;

std::string quoted_if_needed(const std::string& text) {
  const bool plain = text.find_first_of("#:[]{}&*!|>'\"%@`,\n\t") == std::string::npos &&
                     !text.empty() && text.front() != ' ' && text.back() != ' ' &&
                     text.front() != '-';
  if (plain) return text;
  std::string quoted;
  for (const char c : text) quoted += c == '\'' ? "''" : std::string(1, c);
  return "'" + quoted + "'";
}

}  // namespace

ClusterBase::ClusterBase(const std::string& file) {
  if (file.empty()) return;
  if (Checked<YamlFile> yaml = read_yaml(file); yaml) root_ = std::move(yaml->root);
}

Status ClusterBase::check(const std::string& override_text) const {
  if (!root_) return {};
  YamlValue copy = *root_;
  const Diagnostics problems = apply_overrides(copy, {override_text});
  if (problems.empty()) return {};
  std::string text = problems.errors.front().message;
  const std::size_t end = text.find(": ");
  if (text.starts_with("--set ") && end != std::string::npos) text.erase(0, end + 2);
  return invalid(std::move(text));
}

bool ClusterBase::accepts(ReadContext& context, Mark mark, const char* where,
                          const Overrides& overrides) const {
  for (const std::string& one : overrides)
    if (const Status good = check(one); !good) {
      context.error(mark, fmt::format("{}: {}", where, good.error().message));
      return false;
    }
  return true;
}

std::string ClusterBase::stem() const {
  const YamlValue* nodes = root_ ? root_->find("nodes") : nullptr;
  if (nodes == nullptr || nodes->items.empty() || nodes->items.front().kind != Kind::kMap)
    return "";
  const YamlValue* name = nodes->items.front().find("name");
  if (name == nullptr) return "";
  const std::string text = name->text.substr(0, name->text.find('['));
  return text.substr(0, text.find_last_not_of("0123456789") + 1);
}

const YamlValue* ClusterBase::find(const std::string& path) const {
  const YamlValue* at = root_ ? &*root_ : nullptr;
  for (std::size_t begin = 0; at != nullptr && begin <= path.size();) {
    const std::size_t end = std::min(path.find('.', begin), path.size());
    at = at->kind == Kind::kMap ? at->find(path.substr(begin, end - begin)) : nullptr;
    begin = end + 1;
  }
  return at;
}

std::optional<AxisValue> ClusterBase::value_of(ReadContext& context, const std::string& key,
                                               const YamlValue& value) const {
  AxisValue out;
  out.label = value.kind == Kind::kScalar ? value.text : yaml_flow(value);
  if (value.kind == Kind::kScalar) out.at = number_in(value.text);
  out.shown = {{key, out.label}};
  if (key.empty() || key.find('=') != std::string::npos) {
    context.error(value.mark, fmt::format("\"{}\" is not a path into a cluster file", key));
    return std::nullopt;
  }
  const std::optional<std::int64_t> number = whole_number(value.text);
  if (key != "nodes" || value.kind != Kind::kScalar || !number) {
    out.overrides = {override_text(key, value)};
    return out;
  }
  const std::int64_t count = number.value_or(0);
  if (count >= 1 && !stem().empty()) {
    out.overrides = {nodes_override(stem(), count)};
    return out;
  }
  context.error(
      value.mark,
      fmt::format("nodes: the first entry of the cluster file's nodes cannot stand for {} "
                  "of them",
                  value.text));
  return std::nullopt;
}

std::optional<std::int64_t> whole_number(const std::string& text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string folder_word(const std::string& text) {
  std::string out;
  for (const char c : text.substr(0, 40)) {
    const char small = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool fits = (small >= 'a' && small <= 'z') || (small >= '0' && small <= '9') ||
                      small == '.' || small == '-';
    if (fits && !(out.empty() && small == '.'))
      out += small;
    else if (!out.empty() && !out.ends_with('_'))
      out += '_';
  }
  while (out.ends_with('_')) out.pop_back();
  return out;
}

std::string yaml_flow(const YamlValue& value) {
  std::vector<std::string> items;
  switch (value.kind) {
    case Kind::kNull:
      return "null";
    case Kind::kScalar:
      return quoted_if_needed(value.text);
    case Kind::kList:
      for (const YamlValue& item : value.items) items.push_back(yaml_flow(item));
      return fmt::format("[{}]", fmt::join(items, ", "));
    case Kind::kMap:
      for (std::size_t i = 0; i < value.keys.size(); ++i)
        items.push_back(
            fmt::format("{}: {}", quoted_if_needed(value.keys[i].name), yaml_flow(value.items[i])));
      return fmt::format("{{{}}}", fmt::join(items, ", "));
  }
  return "";
}

// An empty value takes the key away.
std::string override_text(const std::string& key, const YamlValue& value) {
  return key + "=" + (value.kind == Kind::kNull ? "" : yaml_flow(value));
}

std::optional<double> number_in(const std::string& text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc{} && end == text.data() + text.size()) return value;
  if (const auto read = parse_duration(text)) return static_cast<double>(read->count()) / 1e12;
  if (const auto read = parse_bytes(text)) return static_cast<double>(read->count);
  if (const auto read = parse_bit_rate(text)) return static_cast<double>(read->bits_per_second);
  if (const auto read = parse_frequency(text)) return static_cast<double>(read->hertz);
  if (const auto read = parse_event_rate(text)) return static_cast<double>(read->per_second);
  if (const auto read = parse_probability(text))
    return static_cast<double>(read->parts_per_billion) / 1e9;
  return std::nullopt;
}

std::string nodes_override(const std::string& stem, std::int64_t count) {
  return count == 1 ? fmt::format("nodes[0].name={}0", stem)
                    : fmt::format("nodes[0].name={}[0-{}]", stem, count - 1);
}

ExperimentPoint axis_point(const ExperimentSeries& series, const AxisValue& x,
                           std::optional<std::uint64_t> seed) {
  ExperimentPoint out{
      whole_number(x.label).value_or(0), series.common, x.label, x.at, seed, series.common_shown};
  out.overrides.insert(out.overrides.end(), x.overrides.begin(), x.overrides.end());
  out.shown.insert(out.shown.end(), x.shown.begin(), x.shown.end());
  if (seed) {
    out.overrides.push_back(fmt::format("seed={}", *seed));
    out.shown.emplace_back("seed", std::to_string(*seed));
  }
  return out;
}

AxisValue find_value(const FindSpec& find, std::int64_t value) {
  AxisValue out;
  out.label = find.spelled(value);
  out.at = number_in(out.label);
  out.shown = {{find.key, out.label}};
  out.overrides = {find.stem.empty() ? find.key + "=" + out.label
                                     : nodes_override(find.stem, value)};
  return out;
}

}  // namespace soliton
