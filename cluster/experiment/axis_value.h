// The values that an axis of an experiment may have, and what a cluster file makes of them. Private to
// cluster/experiment.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cluster/experiment/experiment.h"
#include "cluster/yaml/reader.h"

namespace soliton {

struct AxisValue {
  std::string label;
  std::optional<double> at;  // if it is a number or a quantity
  Overrides overrides;
  std::vector<std::pair<std::string, std::string>> shown;
};
struct Axis {
  std::string key;  // of the cluster file, or `label`
  std::vector<AxisValue> values;
};

// The cluster file that points change, so that a key it cannot have is reported where it is said.
class ClusterBase {
 public:
  explicit ClusterBase(const std::string& file);

  // Without a readable cluster file nothing is refused: that is an error of its own.
  Status check(const std::string& override_text) const;
  // The same for several, reported at `mark`.
  bool accepts(ReadContext& context, Mark mark, const char* where,
               const Overrides& overrides) const;
  // The name of the first entry of `nodes` without its numbers; "": there is none.
  std::string stem() const;
  // What the file has for a key without lists in its path; nullptr if nothing.
  const YamlValue* find(const std::string& path) const;
  // What sets `key` to `value`; nullopt, after reporting it, if nothing does.
  std::optional<AxisValue> value_of(ReadContext& context, const std::string& key,
                                    const YamlValue& value) const;

 private:
  std::optional<YamlValue> root_;
};

// A value as --set would take it, with quotes where YAML could take it for something else; maps and
// lists in flow form: "{kind: ring, nodes: [a, b]}".
std::string override_text(const std::string& key, const YamlValue& value);
std::string yaml_flow(const YamlValue& value);
// A number, or a quantity in its base unit (seconds, bytes, a second, shares of one).
std::optional<double> number_in(const std::string& text);
std::optional<std::int64_t> whole_number(const std::string& text);
// For names of folders: what is no letter, digit, "." or "-" becomes "_".
std::string folder_word(const std::string& text);
// How `nodes: N` is said to a cluster file whose first entry is called after `stem`.
std::string nodes_override(const std::string& stem, std::int64_t count);

// One run of a series, with the values of its axes and a seed.
ExperimentPoint axis_point(const ExperimentSeries& series, const AxisValue& x,
                           std::optional<std::uint64_t> seed);
// The value of `find:` as one of an axis.
AxisValue find_value(const FindSpec& find, std::int64_t value);

}  // namespace soliton
