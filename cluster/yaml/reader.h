// A typed reader over one map of a YAML tree: required and optional keys, quantities, choices,
// ranges, unknown keys.
//
// Reading does not stop at the first problem: every problem is reported to the ReadContext, and the
// value concerned keeps its default.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "cluster/yaml/files.h"
#include "cluster/yaml/yaml_tree.h"
#include "protocol/base/fields.h"
#include "protocol/base/result.h"
#include "protocol/base/suggestion.h"

namespace soliton {

// Collects the errors of one file and spells positions in it. One per file; readers refer to it.
class ReadContext {
 public:
  // `override_paths[i]` is the path of the --set that Mark::override_index == i stands for.
  ReadContext(const std::string& file, std::vector<std::string> override_paths)
      : file_(printable(file)),
        folder_(folder_of(file)),
        override_paths_(std::move(override_paths)) {}

  // The file's folder, which paths in the file are relative to.
  const std::string& folder() const { return folder_; }
  // "configs/a.yaml:6:29", or "--set workload.think".
  std::string where(Mark mark) const;
  void error(Mark mark, const std::string& message);
  // Adds the errors of another file (a device, a topology) that is named at `mark`; they carry
  // their own positions.
  void include(Mark mark, Diagnostics problems);
  bool failed() const { return !problems_.empty(); }
  std::size_t count() const { return problems_.size() + dropped_; }
  // The errors in order of position: at most 100, then one that says how many more there are.
  Diagnostics take();
  // False above the limit, where errors are only counted, so that suggestions need not be computed.
  bool wants_more() const { return problems_.size() < kErrorsLimit; }

 private:
  static constexpr std::size_t kErrorsLimit = 100;
  struct Problem {
    Mark mark;
    std::string text;
  };
  std::string file_;
  std::string folder_;
  std::vector<std::string> override_paths_;
  std::vector<Problem> problems_;
  std::size_t dropped_ = 0;
};

class MapReader {
 public:
  // `label` names the map in messages: "workload", "nodes[3]"; "" for the file itself. A value that
  // is not a map is reported once, and every key is then absent. `value` and `table` must outlive
  // the object.
  MapReader(ReadContext& context, const YamlValue& value, const FieldTable& table,
            std::string label);

  // The value of a key, which then counts as used; nullptr if the key is absent or empty. REQUIRES:
  // the table has the key. require() also reports an absent key.
  const YamlValue* find(std::string_view key);
  const YamlValue* require(std::string_view key);
  bool is_map() const { return is_map_; }
  Mark mark() const { return value_.mark; }
  // Position of the value of `key` if it is present, else of the map.
  Mark mark_of(std::string_view key) const;
  std::string label_of(std::string_view key) const;
  const std::string& label() const { return label_; }
  ReadContext& context() { return context_; }
  void error(std::string_view key, const std::string& message);
  // Reports keys that the table does not have, and keys that were not asked for: they have no
  // meaning where the map stands (`why` completes that sentence: "for a fault of kind loss").
  void finish(std::string_view why = "here");

  // The value of a key if it is a scalar, else nullptr; a map or a list is reported.
  const YamlValue* scalar(std::string_view key);
  const FieldTable& table() const { return table_; }
  // Keys of the table for which the map has a value.
  std::vector<std::string_view> said() const;

 private:
  ReadContext& context_;
  const YamlValue& value_;
  const FieldTable& table_;
  std::string label_;
  bool is_map_;
  std::vector<std::string_view> asked_;
};

}  // namespace soliton
