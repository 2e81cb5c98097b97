#include "cluster/file/overrides.h"

#include <fmt/format.h>

#include <charconv>
#include <optional>

#include "cluster/file/cluster_fields.h"
#include "cluster/yaml/reader.h"

namespace soliton {
namespace {

// One step of a path: a key, or an index when `key` is empty.
struct Step {
  std::string key;
  std::size_t index = 0;
};

std::string path_of(const std::string& override_text) {
  return override_text.substr(0, override_text.find('='));
}

// "[2]" at the front of `rest`, which loses it.
std::optional<std::size_t> take_index(std::string_view& rest) {
  const std::size_t close = rest.find(']');
  if (close == std::string_view::npos) return std::nullopt;
  std::size_t index = 0;
  const auto [end, problem] = std::from_chars(rest.data() + 1, rest.data() + close, index);
  if (problem != std::errc{} || end != rest.data() + close) return std::nullopt;
  rest.remove_prefix(close + 1);
  return index;
}

Result<std::vector<Step>> parse_path(std::string_view path) {
  std::vector<Step> steps;
  std::string_view rest = path;
  while (!rest.empty()) {
    // A path begins with a key, because a file is a map.
    if (rest.front() == '[' && !steps.empty()) {
      const std::optional<std::size_t> index = take_index(rest);
      if (!index) return invalid("a path looks like a.b[2].c");
      steps.push_back({"", *index});
      continue;
    }
    if (!steps.empty()) {
      if (rest.front() != '.') return invalid("a path looks like a.b[2].c");
      rest.remove_prefix(1);
    }
    const std::size_t end = std::min(rest.find_first_of(".["), rest.size());
    if (end == 0) return invalid("a path looks like a.b[2].c");
    steps.push_back({std::string(rest.substr(0, end)), 0});
    rest.remove_prefix(end);
  }
  if (steps.empty()) return invalid("a path looks like a.b[2].c");
  return steps;
}

// Gives every value of a new subtree one position.
void set_marks(YamlValue& value, Mark mark) {
  value.mark = mark;
  for (YamlKey& key : value.keys) key.mark = mark;
  for (YamlValue& item : value.items) set_marks(item, mark);
}

class Editor {
 public:
  Editor(std::string path, std::int32_t number) : path_(std::move(path)), mark_{0, 0, number} {}

  Status set(YamlValue& root, const std::vector<Step>& steps, YamlValue value) {
    YamlValue* at = &root;
    // Walks the tree and the tables of keys in parallel, so that a misspelled key is reported here.
    const FieldTable* table = &kClusterFields;
    const Field* key = nullptr;
    std::string so_far;
    for (const Step& step : steps) {
      const Result<YamlValue*> next = step.key.empty()
                                          ? enter_list(*at, step.index, so_far)
                                          : enter_map(*at, step.key, table, key, so_far);
      if (!next) return tl::unexpected<Error>(next.error());
      at = *next;
      so_far += step.key.empty() ? fmt::format("[{}]", step.index)
                                 : (so_far.empty() ? "" : ".") + step.key;
      table = key != nullptr ? key->table : nullptr;
    }
    // Errors in the new value are reported where the user set it: at the old value's position in
    // the file, or at the --set if the key is new.
    set_marks(value, at->mark);
    *at = std::move(value);
    return {};
  }

 private:
  YamlValue made(YamlValue::Kind kind) const {
    YamlValue value;
    value.kind = kind;
    value.mark = mark_;
    return value;
  }

  // An absent or empty value becomes an empty one of the kind the path steps into.
  bool become(YamlValue& value, YamlValue::Kind kind) const {
    if (value.kind == YamlValue::Kind::kNull) {
      const Mark mark = value.mark;
      value = made(kind);
      if (mark.line > 0) value.mark = mark;
    }
    return value.kind == kind;
  }

  // A device named by one word becomes a map that builds on it.
  void build_on(YamlValue& device) const {
    if (device.kind != YamlValue::Kind::kScalar) return;
    YamlValue name = std::move(device);
    device = made(YamlValue::Kind::kMap);
    device.mark = name.mark;
    device.add({"base", name.mark}, std::move(name));
  }

  // Maps whose keys are names in a model: model.inputs, placement, workload.input …
  static bool names_are_free(const Field* key, const YamlValue& at) {
    const bool map = at.kind == YamlValue::Kind::kMap || at.kind == YamlValue::Kind::kNull;
    return key != nullptr && map &&
           (key->type == FieldType::kOther || key->type == FieldType::kChoices);
  }

  Result<YamlValue*> enter_map(YamlValue& at, const std::string& name, const FieldTable* table,
                               const Field*& key, const std::string& so_far) const {
    const std::string place = so_far.empty() ? "" : " in " + so_far;
    if (names_are_free(key, at)) {
      key = nullptr;
      become(at, YamlValue::Kind::kMap);
      if (YamlValue* found = at.find(name)) return found;
      return &at.add({name, mark_}, made(YamlValue::Kind::kNull));
    }
    if (table == nullptr)
      return invalid(fmt::format("{} is a plain value: it has no key \"{}\"", so_far, name));
    key = table->find(name);
    if (key == nullptr)
      return invalid(
          fmt::format("unknown key \"{}\"{}{}", name, place, suggestion(name, table->keys())));
    if (table == &kDeviceFields) build_on(at);
    if (!become(at, YamlValue::Kind::kMap))
      return invalid(fmt::format("{} is {} here, so \"{}\" cannot be set in it", so_far,
                                 at.kind == YamlValue::Kind::kList ? "a list" : "one value", name));
    if (YamlValue* found = at.find(name)) return found;
    return &at.add({name, mark_}, made(YamlValue::Kind::kNull));
  }

  Result<YamlValue*> enter_list(YamlValue& at, std::size_t index, const std::string& so_far) const {
    if (!become(at, YamlValue::Kind::kList))
      return invalid(fmt::format("{} is not a list", so_far));
    if (index > at.items.size())
      return invalid(fmt::format("{} has {} {}: the index may be 0 to {}", so_far, at.items.size(),
                                 at.items.size() == 1 ? "entry" : "entries", at.items.size()));
    if (index == at.items.size()) at.items.push_back(made(YamlValue::Kind::kNull));
    return &at.items[index];
  }

  std::string path_;
  Mark mark_;
};

Status apply(YamlValue& root, const std::string& text, std::int32_t number, Diagnostics& problems) {
  const std::string path = path_of(text);
  if (path.size() == text.size()) return invalid("an override looks like PATH=VALUE");
  const Result<std::vector<Step>> steps = parse_path(path);
  if (!steps) return tl::unexpected<Error>(steps.error());
  Checked<YamlValue> value = parse_yaml(text.substr(path.size() + 1), "--set " + printable(path));
  if (!value) {
    problems.append(std::move(value.error()));
    return {};
  }
  return Editor(path, number).set(root, *steps, std::move(*value));
}

}  // namespace

std::vector<std::string> override_paths(const Overrides& overrides) {
  std::vector<std::string> paths;
  for (const std::string& text : overrides) paths.push_back(printable(path_of(text)));
  return paths;
}

Diagnostics apply_overrides(YamlValue& root, const Overrides& overrides) {
  Diagnostics problems;
  for (std::size_t i = 0; i < overrides.size(); ++i) {
    const Status status = apply(root, overrides[i], static_cast<std::int32_t>(i), problems);
    if (!status)
      problems.add(ErrorCode::kInvalid,
                   fmt::format("--set {}: {}", printable(path_of(overrides[i])),
                               printable(status.error().message)));
  }
  return problems;
}

}  // namespace soliton
