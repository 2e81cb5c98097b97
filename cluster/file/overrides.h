// --set PATH=VALUE: edits of the YAML tree before it is read. Inside cluster only.
#pragma once

#include <string>
#include <vector>

#include "cluster/file/spec.h"
#include "cluster/yaml/yaml_tree.h"

namespace soliton {

// Paths of `overrides`, as Mark::override_index numbers them.
std::vector<std::string> override_paths(const Overrides& overrides);

// Applies them in order. A value that replaces one keeps its position in the file; a new one is at
// its --set. The last entry of a list may be followed by one more: `faults[0]=...` in a file
// without faults. VALUE is YAML (`5 us`, `[a, b]`, `{p99: 1 ms}`); an empty one removes what was
// there. Errors: a path that does not parse, a key the format does not know (nearest named), an
// index beyond the list, a step into a plain value, a VALUE that is no YAML.
Diagnostics apply_overrides(YamlValue& root, const Overrides& overrides);

}  // namespace soliton
