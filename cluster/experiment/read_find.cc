// The reader of `find:`.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/experiment/axes.h"
#include "cluster/file/cluster_fields.h"
#include "cluster/yaml/read_fields.h"

namespace soliton {
namespace {

using Kind = YamlValue::Kind;

// The row of a key of a cluster file; nullptr if it has none that stands alone.
const Field* field_of(std::string path) {
  const FieldTable* table = &kClusterFields;
  const Field* field = nullptr;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('.'), path.size());
    std::string key = path.substr(0, end);
    key.resize(std::min(key.find('['), key.size()));
    field = table != nullptr ? table->find(key) : nullptr;
    if (field == nullptr) return nullptr;
    table = field->table;
    path.erase(0, end + 1);
  }
  return field;
}

bool is_searchable(const Field& field) {
  switch (field.type) {
    case FieldType::kInteger:
    case FieldType::kUnsigned:
    case FieldType::kDuration:
    case FieldType::kBytes:
    case FieldType::kBitRate:
    case FieldType::kFrequency:
    case FieldType::kEventRate:
    case FieldType::kProbability:
      return true;
    default:
      return false;
  }
}

constexpr std::int64_t kFurthest = std::int64_t{1} << 52;

class FindReader {
 public:
  FindReader(MapReader& find, const ClusterBase& base) : find_(find), base_(base) {}

  FindSpec read() {
    read_fields(find_, kFindFields, &spec_);
    const bool has_max = find_.find("max") != nullptr, has_min = find_.find("min") != nullptr;
    if (has_max == has_min)
      error("needs one of max and min, the key whose largest or smallest value is wanted");
    else
      read_key(has_max);
    read_conditions();
    find_.finish();
    return std::move(spec_);
  }

 private:
  void error(const std::string& what) { find_.context().error(find_.mark(), "find: " + what); }

  void read_key(bool maximize) {
    const char* word = maximize ? "max" : "min";
    const YamlValue* key = find_.scalar(word);
    if (key == nullptr) return;
    spec_.maximize = maximize;
    spec_.key = key->text;
    Field row{.key = "nodes", .type = FieldType::kInteger, .least = 1, .most = kFurthest};
    if (spec_.key == "nodes") {
      spec_.stem = base_.stem();
      if (spec_.stem.empty())
        return find_.error(word, "the first entry of the cluster file's nodes has no name");
    } else {
      if (const Status good = base_.check(spec_.key + "=1"); !good)
        return find_.error(word, good.error().message);
      const Field* field = field_of(spec_.key);
      if (field == nullptr || !is_searchable(*field))
        return find_.error(word, fmt::format("{} has no numbers to search among", spec_.key));
      row = *field;
    }
    spec_.type = row.type == FieldType::kUnsigned ? FieldType::kInteger : row.type;
    spec_.least = std::max<std::int64_t>(row.least, 1);
    spec_.most = std::min(row.most, kFurthest);
    row.words = {};
    read_range(row);
  }

  // From where to where: by default from what the cluster file has, as far as the key goes.
  void read_range(const Field& row) {
    spec_.from = spec_.least;
    const YamlValue* base = base_.find(spec_.key);
    if (base != nullptr && base->kind == Kind::kScalar)
      if (const Result<FieldValue> read = parse_value(row, base->text)) spec_.from = read->number();
    if (const auto from = number(row, "from")) spec_.from = spec_.least = *from;
    if (const auto to = number(row, "to")) spec_.most = *to;
    if (spec_.most < spec_.least) return find_.error("to", "is below from");
    spec_.from = std::clamp(spec_.from, spec_.least, spec_.most);
  }

  std::optional<std::int64_t> number(const Field& row, std::string_view key) {
    const YamlValue* value = find_.find(key) != nullptr ? find_.scalar(key) : nullptr;
    if (value == nullptr) return std::nullopt;
    const Result<FieldValue> read = parse_value(row, value->text);
    if (read) return read->number();
    find_.error(key, read.error().message);
    return std::nullopt;
  }

  void read_conditions() {
    const YamlValue* said = find_.find("subject_to");
    if (said == nullptr) return error("subject_to is missing: what must hold, \"p99 < 2 ms\"");
    std::vector<const YamlValue*> all;
    if (said->kind == Kind::kScalar) all.push_back(said);
    if (said->kind == Kind::kList)
      for (const YamlValue& item : said->items) all.push_back(&item);
    for (const YamlValue* one : all) {
      Result<FindCondition> condition = parse_condition(one->text);
      if (condition)
        spec_.conditions.push_back(std::move(*condition));
      else
        find_.context().error(one->mark,
                              fmt::format("find.subject_to: {}", condition.error().message));
    }
    if (all.empty())
      find_.error("subject_to", "must be a condition, \"p99 < 2 ms\", or a list of them");
  }

  MapReader& find_;
  const ClusterBase& base_;
  FindSpec spec_;
};

}  // namespace

FindSpec read_find(MapReader& find, const ClusterBase& base) {
  return FindReader(find, base).read();
}

}  // namespace soliton
