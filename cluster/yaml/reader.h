// A typed reader over one map of a YAML tree: required and optional keys, quantities, choices,
// ranges, unknown keys.
//
// Nothing stops at the first problem: every one lands in the ReadContext, and the value read keeps
// its default.
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

// The errors of one file, and how positions in it are written.
class ReadContext {
 public:
  // `override_paths[i]` is the path of the --set that Mark::override_index == i stands for.
  ReadContext(const std::string& file, std::vector<std::string> override_paths)
      : file_(printable(file)),
        folder_(folder_of(file)),
        override_paths_(std::move(override_paths)) {}

  // Of the file: what its paths are relative to.
  const std::string& folder() const { return folder_; }
  // "configs/a.yaml:6:29", or "--set workload.think".
  std::string where(Mark mark) const;
  void error(Mark mark, const std::string& message);
  // Errors of another file (a device, a topology) that is named at `mark`; they carry their own
  // positions.
  void include(Mark mark, Diagnostics problems);
  bool failed() const { return !problems_.empty(); }
  std::size_t count() const { return problems_.size() + dropped_; }
  // In order of position; at most 100, then how many more.
  Diagnostics take();
  // Above the limit errors are only counted: suggestions need not be computed.
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
  // is not a map is reported once; every key is then absent. `value` and `table` outlive the
  // object.
  MapReader(ReadContext& context, const YamlValue& value, const FieldTable& table,
            std::string label);

  // The value of a key; nullptr when absent or empty. Marks it as used. REQUIRES: the table has
  // the key.
  const YamlValue* find(std::string_view key);
  const YamlValue* require(std::string_view key);
  bool is_map() const { return is_map_; }
  Mark mark() const { return value_.mark; }
  // Of the value of `key` if there, else of the map.
  Mark mark_of(std::string_view key) const;
  std::string label_of(std::string_view key) const;
  const std::string& label() const { return label_; }
  ReadContext& context() { return context_; }
  void error(std::string_view key, const std::string& message);
  // Reports keys that the table does not have, and keys that were not asked for: they mean nothing
  // here (`why` says for what).
  void finish(std::string_view why = "here");

  // The value of a key if it is a scalar; a map or a list is reported.
  const YamlValue* scalar(std::string_view key);
  const FieldTable& table() const { return table_; }
  // Keys of the table that the map has with a value.
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
