// Fault rules for tests, with options as files say them.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <utility>

#include "fabric/faults/link_faults.h"

namespace soliton {

using Said = std::initializer_list<std::pair<const char*, const char*>>;

// Keys of maps within are paths: "model.p".
inline void say(const FieldTable& table, void* object, std::string_view path, const char* text) {
  const std::size_t dot = path.find('.');
  const Field* field = table.find(path.substr(0, dot));
  ASSERT_NE(field, nullptr) << path;
  if (dot != std::string_view::npos)
    return say(*field->table, field->enter(object), path.substr(dot + 1), text);
  const Result<FieldValue> value = parse_value(*field, text);
  ASSERT_TRUE(value) << path << ": " << value.error().message;
  field->set(object, *value);
}

inline FaultRule rule_of(std::string_view kind, Said said = {}, const std::string& id = "a") {
  FaultRule rule{.id = id, .kind = find_fault_kind(kind), .links = {0}};
  EXPECT_NE(rule.kind, nullptr) << kind;
  const std::shared_ptr<void> options = rule.kind->fields.make();
  for (const auto& [key, text] : said) say(rule.kind->fields, options.get(), key, text);
  FieldCheck check;
  for (const auto& [key, text] : said) check.said.push_back(key);
  if (rule.kind->fields.rules != nullptr) rule.kind->fields.rules(options.get(), check);
  EXPECT_TRUE(check.problems.empty());
  rule.options = collect(rule.kind->fields, options.get());
  return rule;
}

}  // namespace soliton
