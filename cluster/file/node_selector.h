// Which nodes of a cluster file a fault rule means: names, ranges and globs, and properties, joined by
// "&", "|", "!" and parentheses: "fpga[0-7]", "device=bw-s10 & !fpga3", "(at=rack0* | host*) & !host1".
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/file/spec.h"
#include "protocol/base/result.h"

namespace soliton {

// Whether the text is more than a name, a range or a glob.
bool is_selector_expression(std::string_view text);

// An error in the selector itself: what is wrong with it.
Status check_node_selector(std::string_view text);

// Numbers of the nodes, ascending. Errors: as above; a part of a name, range or glob, or the whole, that
// means no node, with the nearest name.
Result<std::vector<std::uint32_t>> select_nodes(std::string_view text,
                                                std::span<const NodeSpec> nodes);

}  // namespace soliton
