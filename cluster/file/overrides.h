// --set PATH=VALUE: edits of the YAML tree before it is read. Private to cluster/.
#pragma once

#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "cluster/yaml/yaml_tree.h"

namespace soliton {

// Paths of `overrides`, as Mark::override_index numbers them.
std::vector<std::string> override_paths(const Overrides& overrides);

// Applies them in order. A value that replaces another keeps the position in the file; a new value
// has its --set as position. An index one past the end of a list appends: `faults[0]=...` in a file
// without faults. VALUE is YAML (`5 us`, `[a, b]`, `{p99: 1 ms}`); an empty VALUE removes the key
// or entry. Errors: a path that does not parse, a key that the format does not have (the nearest is
// named), an index beyond the list, a step into a plain value, a VALUE that is not YAML.
Diagnostics apply_overrides(YamlValue& root, const Overrides& overrides);

}  // namespace soliton
