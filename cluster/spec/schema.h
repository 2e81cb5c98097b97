// Every map of the cluster, device and topology files and the keys it may have: the one table
// behind the reader's "unknown key", the paths of --set, and the test of
// configs/cluster.schema.json.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace soliton {

struct SchemaKey {
  std::string_view name;
  std::string_view map;  // schema of its map, or of each map in its list; "" for plain values
  bool list = false;
  std::string_view refused;  // non-empty: a key other versions know; why this one refuses it
};

struct SchemaMap {
  std::string_view name;
  std::vector<SchemaKey> keys;

  const SchemaKey* find(std::string_view key) const;
  // Keys that are accepted, in the order of the table.
  std::vector<std::string> names() const;
};

// REQUIRES: `name` is one of schema_maps().
const SchemaMap& schema_map(std::string_view name);
const std::vector<SchemaMap>& schema_maps();

}  // namespace soliton
