// `workload: {kind: …}`: communication without a model. Which keys there are is up to the kind
// (node/traffic/traffic_kind.h).
#include <algorithm>
#include <map>

#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"
#include "node/traffic/traffic_kind.h"
#include "protocol/base/names.h"

namespace soliton {
namespace {

bool names_nodes(const Field& row) { return row.names == "nodes"; }

class TrafficReader {
 public:
  TrafficReader(MapReader& map, const ReadSite& site, const std::vector<NodeSpec>& nodes)
      : map_(map), site_(site) {
    for (std::uint32_t i = 0; i < nodes.size(); ++i) {
      names_.push_back(nodes[i].name);
      numbers_.emplace(nodes[i].name, i);
    }
  }

  void read(Traffic& out) {
    const TrafficKind* const kind = read_kind();
    out = traffic_of_kind(kind != nullptr ? *kind : *traffic_kinds().front());
    if (kind == nullptr) return;
    for (const Field& row : kind->fields.fields) read_row(row, out);
    for (const Field& row : kind->own.fields) read_own(row, out);
    map_.finish(fmt::format("with kind: {}", kind->name));
    // Without nodes, names cannot be checked.
    if (!names_.empty() && !out.senders.empty()) check(out);
  }

 private:
  // If `kind` is not a scalar, that has been reported already.
  const TrafficKind* read_kind() {
    const YamlValue* value = map_.find("kind");
    if (value->kind != YamlValue::Kind::kScalar) {
      map_.error("kind", "must be one value");
      return nullptr;
    }
    if (const TrafficKind* kind = find_traffic_kind(value->text)) return kind;
    std::vector<std::string> names;
    for (const TrafficKind* kind : traffic_kinds()) names.emplace_back(kind->name);
    map_.error("kind",
               fmt::format("\"{}\" is not known{}", value->text, suggestion(value->text, names)));
    return nullptr;
  }

  void read_row(const Field& row, Traffic& out) {
    if (row.required) map_.require(row.key);
    if (names_nodes(row)) return read_nodes(row, out);
    const YamlValue* value = scalar(row);
    if (value == nullptr) return;
    // A key that names its unit takes a bare number, too.
    const bool bare = row.unit == "bytes" && parse_integer(value->text);
    const Result<FieldValue> parsed = parse_value(row, bare ? value->text + " B" : value->text);
    if (parsed) return row.set(&out, *parsed);
    const std::string& message = parsed.error().message;
    map_.error(row.key, bare && message.starts_with(value->text + " B is not")
                            ? value->text + message.substr(value->text.size() + 2)
                            : message);
  }

  void read_own(const Field& row, Traffic& out) {
    if (row.required) map_.require(row.key);
    const YamlValue* value = scalar(row);
    if (value == nullptr) return;
    if (row.type == FieldType::kPath) return read_file(row, out);
    if (const Status set = set_own(out, row.key, value->text); !set)
      map_.error(row.key, set.error().message);
  }

  // A file with errors leaves a workload without nodes, of which nothing else is asked.
  void read_file(const Field& row, Traffic& out) {
    std::string path;
    if (!read_path(map_, row.key, path)) return;
    site_.files.note(path);
    const Result<std::string> text = read_text_file(path, kFileMost);
    if (!text) return map_.error(row.key, text.error().message);
    if (const Status set = set_own(out, row.key, path); !set)
      return map_.error(row.key, set.error().message);
    if (names_.empty()) return;
    Diagnostics problems = out.kind->read_file({path, *text, numbers_}, out);
    if (problems.empty()) return;
    out.table.clear();
    if (out.kind->fields.find("nodes") == nullptr) out.senders.clear();
    map_.context().include(map_.mark_of(row.key), std::move(problems));
  }

  // nullptr: absent, or reported as not a single value.
  const YamlValue* scalar(const Field& row) {
    const YamlValue* value = map_.find(row.key);
    if (value == nullptr || value->kind == YamlValue::Kind::kScalar) return value;
    map_.error(row.key, "must be one value");
    return nullptr;
  }

  void read_nodes(const Field& row, Traffic& out) {
    std::vector<std::int64_t> nodes = nodes_of(row.key);
    if (row.type == FieldType::kIntegers) return row.set(&out, {std::move(nodes)});
    if (nodes.size() > 1) map_.error(row.key, "names several nodes, but only one can receive");
    if (!nodes.empty()) row.set(&out, {nodes.front()});
  }

  // One pattern or a list of them: "fpga[0-7]", [fpga0, "fpga[4-7]"].
  std::vector<std::int64_t> nodes_of(std::string_view key) {
    std::vector<std::int64_t> out;
    const YamlValue* value = map_.find(key);
    if (value == nullptr) return out;
    if (value->kind == YamlValue::Kind::kMap)
      map_.error(key, "must be the name of a node, a range such as fpga[0-7], or a list of them");
    else if (value->kind == YamlValue::Kind::kScalar)
      add_nodes(key, *value, out);
    else
      for (const YamlValue& item : value->items) add_nodes(key, item, out);
    return out;
  }

  void add_nodes(std::string_view key, const YamlValue& item, std::vector<std::int64_t>& out) {
    if (names_.empty()) return;
    const auto problem = [&](const std::string& text) {
      map_.context().error(item.mark, fmt::format("{}: {}", map_.label_of(key), text));
    };
    if (item.kind != YamlValue::Kind::kScalar) return problem("must be names of nodes");
    const Result<std::vector<std::string>> names = expand_ranges(item.text, kNodesLimit);
    if (!names) return problem(names.error().message);
    for (const std::string& name : *names) {
      const auto found = numbers_.find(name);
      if (found == numbers_.end() && !map_.context().wants_more()) return problem("");
      if (found == numbers_.end())
        return problem(fmt::format("no node called \"{}\"{}", name, suggestion(name, names_)));
      if (std::find(out.begin(), out.end(), found->second) != out.end())
        return problem(fmt::format("{} is named twice", name));
      out.push_back(found->second);
    }
  }

  void check(Traffic& t) {
    FieldCheck check;
    if (t.kind->fields.rules != nullptr) t.kind->fields.rules(&t, check);
    for (const FieldCheck::Problem& problem : check.problems)
      map_.error(problem.key, problem.message);
    const bool good = check.problems.empty();
    if (good && t.kind->has_receiver &&
        std::find(t.senders.begin(), t.senders.end(), t.receiver) != t.senders.end())
      map_.error("to", fmt::format("{} would send to itself", names_[index(t.receiver)]));
    if (expected_records(t) > static_cast<std::uint64_t>(kRecordsMost))
      map_.error("count", fmt::format("{} messages from each of {} nodes are more than {} in all",
                                      t.count, t.senders.size(), kRecordsMost));
  }

  static constexpr std::size_t kFileMost = std::size_t{256} << 20;

  MapReader& map_;
  const ReadSite& site_;
  std::vector<std::string> names_;
  std::map<std::string, std::uint32_t> numbers_;
};

// `key: value`, as it reads back.
std::string row_text(const Field& row, const FieldValue& value, const std::vector<NodeSpec>& nodes,
                     const std::string& folder) {
  const auto name = [&](std::int64_t node) {
    return fmt::format("\"{}\"", nodes[static_cast<std::size_t>(node)].name);
  };
  if (row.type == FieldType::kPath)
    return fmt::format("{}: {}", row.key, yaml_quoted(path_from(folder, value.text())));
  if (!names_nodes(row))
    return fmt::format(
        "{}: {}", row.key,
        row.unit == "bytes" ? fmt::format("{}", value.number()) : spell_value(row, value));
  if (row.type != FieldType::kIntegers) return fmt::format("{}: {}", row.key, name(value.number()));
  std::vector<std::string> names;
  for (const std::int64_t node : std::get<std::vector<std::int64_t>>(value.value))
    names.push_back(name(node));
  return fmt::format("{}: [{}]", row.key, fmt::join(names, ", "));
}

}  // namespace

bool asks_for_traffic(MapReader& cluster) {
  const YamlValue* workload = cluster.find("workload");
  if (workload == nullptr)
    return cluster.find("workloads") != nullptr && cluster.find("model") == nullptr &&
           cluster.find("services") == nullptr;
  return workload->kind == YamlValue::Kind::kMap && workload->find("kind") != nullptr;
}

void read_traffic(MapReader& workload, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                  Traffic& out) {
  TrafficReader(workload, site, nodes).read(out);
}

// Who takes part comes first, then what only this kind has, then sizes.
std::string traffic_text(const Traffic& traffic, const std::vector<NodeSpec>& nodes,
                         const std::string& folder) {
  std::vector<std::string> who = {fmt::format("kind: {}", traffic.kind->name)}, own, rest;
  for (const Field& row : traffic.kind->fields.fields)
    (names_nodes(row) ? who : rest).push_back(row_text(row, row.get(&traffic), nodes, folder));
  for (const Setting& setting : traffic.own) {
    const Field& row = *traffic.kind->own.find(setting.key);
    if (row.type != FieldType::kPath || !setting.value.text().empty())
      own.push_back(row_text(row, setting.value, nodes, folder));
  }
  for (const auto* part : {&own, &rest}) who.insert(who.end(), part->begin(), part->end());
  return fmt::format("{}", fmt::join(who, ", "));
}

}  // namespace soliton
