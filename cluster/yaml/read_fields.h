// Reads and writes maps of YAML by tables of fields (protocol/base/fields.h). Inside cluster only.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/yaml/reader.h"
#include "protocol/base/fields.h"
#include "protocol/base/files_read.h"

namespace soliton {

// Whether keys that the table needs must be there: not in a map that changes another object.
enum class Needed : std::uint8_t { kAll, kNone };

// Reads every key of `table` that has a member into `object`, then checks its groups and rules.
// What the map does not say keeps its value. Keys without a member are the caller's, before
// finish(). REQUIRES: the map's own table has the keys of `table`. False: something is wrong, and
// was said.
bool read_fields(MapReader& map, const FieldTable& table, void* object,
                 Needed needed = Needed::kAll);
// One key alone; false when it is absent or wrong. REQUIRES: the table has it, with a member.
bool read_field(MapReader& map, std::string_view key, void* object);
// Groups and rules of a table, for keys that were read one by one.
void check_fields(MapReader& map, const FieldTable& table, void* object);
// The value of a key by its row's type and limits, with a member or without; nothing when it is
// absent or wrong. REQUIRES: the row is a flag, a number, a choice, or a text of any kind.
std::optional<FieldValue> read_value(MapReader& map, std::string_view key);
// The map under `key` as a whole, if it is there: its keys, and that it has no others.
bool read_map(MapReader& map, std::string_view key, const FieldTable& table, void* object);

// Keys and what stands behind them.
using WrittenKeys = std::vector<std::pair<std::string_view, std::string>>;

// "{a: 1, b: 2}"; and each key a line behind `indent`.
std::string flow_text(const WrittenKeys& keys);
std::string lines_text(const WrittenKeys& keys, std::string_view indent);

// Writes maps that read back to the same object. Paths are written relative to `folder`.
class FieldWriter {
 public:
  explicit FieldWriter(std::string to) : folder_(std::move(to)) {}

  // "{mtu: 1408 B, window: 128}".
  std::string flow(const FieldTable& table, const Settings& settings,
                   const WrittenKeys& by_hand = {}) const;
  std::string flow(const FieldTable& table, const void* object,
                   const WrittenKeys& by_hand = {}) const {
    return flow(table, collect(table, object), by_hand);
  }
  // Keys with what stands behind them, in the table's order; those without a member as `by_hand`
  // says. Left out are those that are unset, or as by default where the row says so.
  WrittenKeys keys(const FieldTable& table, const Settings& settings,
                   const WrittenKeys& by_hand = {}) const;

 private:
  std::string spelled(const Field& field, const FieldValue& value) const;

  std::string folder_;
};

// A text as YAML: in double quotes; and plain where it cannot be mistaken for anything else.
std::string yaml_quoted(const std::string& text);
std::string yaml_scalar(const std::string& text);

}  // namespace soliton
