#include "cluster/file/long_form.h"

#include <algorithm>

#include "cluster/file/cluster_fields.h"
#include "fabric/faults/fault_kind.h"
#include "protocol/base/suggestion.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

using Kind = YamlValue::Kind;

bool has(const YamlValue& map, std::string_view key) {
  const YamlValue* value = map.find(key);
  return value != nullptr && value->kind != Kind::kNull;
}

YamlValue map_at(Mark mark) {
  YamlValue out;
  out.kind = Kind::kMap;
  out.mark = mark;
  return out;
}

// Takes a key out of a map, with its mark.
std::pair<YamlKey, YamlValue> take(YamlValue& map, std::string_view key) {
  const auto at = std::find_if(map.keys.begin(), map.keys.end(),
                               [&](const YamlKey& one) { return one.name == key; });
  const auto position = at - map.keys.begin();
  std::pair<YamlKey, YamlValue> out{*at, std::move(map.items[static_cast<std::size_t>(position)])};
  map.keys.erase(at);
  map.items.erase(map.items.begin() + position);
  map.index_keys();
  return out;
}

class LongForm {
 public:
  LongForm(ReadContext& context, const YamlValue& entry, std::size_t number)
      : context_(context), label_(fmt::format("faults[{}]", number)), out_(entry) {}

  YamlValue make() {
    if (out_.kind != Kind::kMap) return std::move(out_);
    if (!has(out_, "kind")) add_kind();
    if (has(out_, "link")) move_link();
    if (has(out_, "switch")) move_to_where("switch", "switches");
    if (has(out_, "node")) move_to_where("node", "nodes");
    if (has(out_, "at") || has(out_, "for") || has(out_, "every")) move_window();
    return std::move(out_);
  }

 private:
  void error(Mark mark, const std::string& message) {
    context_.error(mark, fmt::format("{}: {}", label_, message));
  }

  void add_kind() {
    std::vector<const FaultKind*> found;
    std::vector<std::string_view> names;
    for (const FaultKind* kind : fault_kinds()) {
      names.push_back(kind->name);
      if (has(out_, kind->name)) found.push_back(kind);
    }
    for (const FaultKind* kind : fault_kinds())
      if (found.empty() && !kind->short_alias.empty() && has(out_, kind->short_alias))
        found.push_back(kind);
    // A key that this version refuses as a whole needs no second error.
    for (const Field& field : kFaultFields.fields)
      if (found.empty() && !field.refused.empty() && has(out_, field.key)) {
        context_.error(out_.find(field.key)->mark,
                       fmt::format("{}.{}: {}", label_, field.key, field.refused));
        return;
      }
    if (found.empty() && misspelt_kind(names)) return;
    if (found.size() != 1)
      return error(out_.mark,
                   fmt::format("needs {} of {} (or kind)", found.empty() ? "one" : "only one",
                               fmt::join(names, ", ")));
    move_effect(*found.front());
  }

  // Whether a key that nobody knows is nearly the name of a kind.
  bool misspelt_kind(const std::vector<std::string_view>& kinds) {
    const std::vector<std::string> names(kinds.begin(), kinds.end());
    for (const YamlKey& key : out_.keys) {
      if (kFaultFields.find(key.name) != nullptr) continue;
      const std::string meant = did_you_mean(key.name, names);
      if (meant.empty()) continue;
      error(key.mark,
            fmt::format("no kind of fault is called \"{}\"{}", printable(key.name), meant));
      return true;
    }
    return false;
  }

  void move_effect(const FaultKind& kind) {
    YamlValue name;
    name.kind = Kind::kScalar;
    name.mark = out_.mark;
    name.text = kind.name;
    if (kind.short_path.empty()) {
      const auto [key, value] = take(out_, kind.name);
      if (value.kind != Kind::kScalar || value.text != "true")
        context_.error(
            value.mark,
            fmt::format("{}.{}: {}", label_, kind.name,
                        value.text == "false"
                            ? "false has no effect: leave the rule out"
                            : "must be true; a fault of this kind takes no other value"));
    } else if (kind.short_path != kind.name && has(out_, kind.name)) {
      auto [key, value] = take(out_, kind.name);
      set_path(kind.short_path, key.mark, std::move(value));
    }
    out_.add({"kind", out_.mark}, std::move(name));
    out_.index_keys();
  }

  // Puts a value where a path of keys leads.
  void set_path(std::string_view path, Mark mark, YamlValue value) {
    const std::size_t dot = path.find('.');
    const std::string key(path.substr(0, dot));
    if (dot != std::string_view::npos) {
      YamlValue inner = map_at(value.mark);
      inner.add({std::string(path.substr(dot + 1)), mark}, std::move(value));
      inner.index_keys();
      value = std::move(inner);
    }
    out_.add({key, mark}, std::move(value));
    out_.index_keys();
  }

  void move_link() {
    auto [key, value] = take(out_, "link");
    if (has(out_, "where")) return error(value.mark, "link says already where");
    YamlValue links = map_at(value.mark), where = map_at(value.mark);
    links.add({"name", key.mark}, std::move(value));
    links.index_keys();
    where.add({"links", key.mark}, std::move(links));
    where.index_keys();
    out_.add({"where", key.mark}, std::move(where));
    out_.index_keys();
  }

  void move_to_where(std::string_view short_key, const char* long_key) {
    auto [key, value] = take(out_, short_key);
    if (has(out_, "where"))
      return error(value.mark, fmt::format("{} says where, and that is said already", short_key));
    YamlValue where = map_at(value.mark);
    where.add({long_key, key.mark}, std::move(value));
    where.index_keys();
    out_.add({"where", key.mark}, std::move(where));
    out_.index_keys();
  }

  void move_window() {
    YamlValue when = map_at(out_.mark);
    for (const char* name : {"at", "for", "every"}) {
      if (!has(out_, name)) continue;
      auto [key, value] = take(out_, name);
      if (has(out_, "when"))
        return error(value.mark, std::string_view(name) == "every" ? "every says already when"
                                                                   : "at and for say already when");
      when.mark = value.mark;
      when.add({name, key.mark}, std::move(value));
    }
    when.index_keys();
    out_.add({"when", when.mark}, std::move(when));
    out_.index_keys();
  }

  ReadContext& context_;
  std::string label_;
  YamlValue out_;
};

}  // namespace

YamlValue long_form(ReadContext& context, const YamlValue& entry, std::size_t number) {
  return LongForm(context, entry, number).make();
}

}  // namespace soliton
