// configs/cluster.schema.json says what the reader's table says.
#include "cluster/spec/schema.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <set>

#include "cluster/spec/parts.h"
#include "tests/unit/spec/cluster_files.h"

namespace soliton {
namespace {

using nlohmann::json;

json schema_file() {
  std::ifstream stream(std::string(SOLITON_SOURCE_DIR) + "/configs/cluster.schema.json");
  return json::parse(stream);
}

std::set<std::string> property_names(const json& object) {
  std::set<std::string> names;
  for (const auto& [name, value] : object.at("properties").items()) names.insert(name);
  return names;
}

TEST(Schema, HasTheKeysOfTheReader) {
  const json schema = schema_file();
  EXPECT_EQ(schema.at("$ref"), "#/$defs/cluster");
  for (const SchemaMap& map : schema_maps()) {
    SCOPED_TRACE(std::string(map.name));
    ASSERT_TRUE(schema.at("$defs").contains(std::string(map.name)));
    const json& object = schema.at("$defs").at(std::string(map.name));
    const std::vector<std::string> names = map.names();
    EXPECT_EQ(property_names(object), std::set<std::string>(names.begin(), names.end()));
    EXPECT_EQ(object.at("additionalProperties"), false);
    EXPECT_EQ(object.at("type"), "object");
  }
}

// Every nested map of the table is reached by the schema from the key the table names.
TEST(Schema, NestsAsTheReaderDoes) {
  const json schema = schema_file();
  for (const SchemaMap& map : schema_maps()) {
    for (const SchemaKey& key : map.keys) {
      if (key.map.empty()) continue;
      const std::string property = schema.at("$defs")
                                       .at(std::string(map.name))
                                       .at("properties")
                                       .at(std::string(key.name))
                                       .dump();
      EXPECT_NE(property.find("\"#/$defs/" + std::string(key.map) + "\""), std::string::npos)
          << map.name << "." << key.name;
    }
  }
}

TEST(Schema, HasNoMapTheReaderDoesNotKnow) {
  const json schema = schema_file();
  std::set<std::string> known;
  for (const SchemaMap& map : schema_maps()) known.insert(std::string(map.name));
  for (const auto& [name, definition] : schema.at("$defs").items())
    EXPECT_TRUE(known.contains(name)) << name;
}

template <typename E>
std::set<std::string> names_of(const Choices<E>& choices) {
  std::set<std::string> names;
  for (const auto& choice : choices) names.insert(std::string(choice.first));
  return names;
}

TEST(Schema, HasTheChoicesOfTheReader) {
  const json definitions = schema_file().at("$defs");
  const auto choices = [&](const char* map, const char* key) {
    return definitions.at(map).at("properties").at(key).at("enum").get<std::set<std::string>>();
  };
  EXPECT_EQ(choices("cluster", "time"), names_of(time_modes()));
  EXPECT_EQ(choices("cluster", "processes"), names_of(process_modes()));
  EXPECT_EQ(choices("cluster", "compute"), names_of(compute_kinds()));
  EXPECT_EQ(choices("rnn", "cell"), names_of(cells()));
  EXPECT_EQ(choices("ltl", "recovery"), names_of(recovery_modes()));
  EXPECT_EQ(choices("ltl", "auth"), names_of(auth_modes()));
  EXPECT_EQ(choices("fault", "kind"), names_of(fault_kinds()));
  EXPECT_EQ(choices("partition", "objective"),
            (std::set<std::string>(objectives().begin(), objectives().end())));
  EXPECT_EQ(choices("workload", "arrival"),
            (std::set<std::string>(arrivals().begin(), arrivals().end())));
  const std::vector<std::string> kinds = topology_kind_names();
  EXPECT_EQ(choices("topology", "kind"), (std::set<std::string>(kinds.begin(), kinds.end())));
}

}  // namespace
}  // namespace soliton
