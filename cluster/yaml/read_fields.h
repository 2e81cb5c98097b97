// Reads and writes maps of YAML by tables of fields (protocol/base/fields.h). Private to cluster/.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/yaml/reader.h"
#include "protocol/base/fields.h"

namespace soliton {

// Whether keys that the table requires must be present. They need not be in a map that changes an
// existing object (kNone).
enum class Needed : std::uint8_t { kAll, kNone };

// Reads every key of `table` that has a member into `object`, then checks its groups and rules.
// Members whose keys are absent keep their values. The caller reads keys without a member, before
// finish(). REQUIRES: the map's own table has the keys of `table`. Returns false if there was an
// error, which has been reported.
bool read_fields(MapReader& map, const FieldTable& table, void* object,
                 Needed needed = Needed::kAll);
// Reads one key; false if it is absent or wrong. REQUIRES: the table has it, with a member.
bool read_field(MapReader& map, std::string_view key, void* object);
// The value of a key by its row's type and limits, with a member or without; nullopt if it is
// absent or wrong. REQUIRES: the row is a flag, a number, a choice, or a text of any kind.
std::optional<FieldValue> read_value(MapReader& map, std::string_view key);
// Reads the whole map under `key`, if it is present, and reports keys that it should not have.
bool read_map(MapReader& map, std::string_view key, const FieldTable& table, void* object);

// Keys with their values as text.
using WrittenKeys = std::vector<std::pair<std::string_view, std::string>>;

// "{a: 1, b: 2}"; and one line per key, each after `indent`.
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
  // Keys with their values as text, in the table's order; keys without a member take their text
  // from `by_hand`. Keys that are unset are left out, and so are default values where the row says
  // so.
  WrittenKeys keys(const FieldTable& table, const Settings& settings,
                   const WrittenKeys& by_hand = {}) const;

 private:
  std::string spelled(const Field& field, const FieldValue& value) const;

  std::string folder_;
};

// A text as YAML: yaml_quoted() uses double quotes, yaml_scalar() only where the plain text could
// be mistaken for something else.
std::string yaml_quoted(const std::string& text);
std::string yaml_scalar(const std::string& text);

}  // namespace soliton
