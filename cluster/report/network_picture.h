// The network as a picture: switches and what hangs on them, with the load of each direction in words,
// as a bar and as a colour. Nodes with one cable stand in a panel below their switch; others, and
// switches, are joined by lines. Private to cluster/report.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cluster/report/report_html.h"

namespace soliton {

struct LinkLoad {
  double busy = 0;  // share of the run
  double bytes = 0;
};
using LinkLoads = std::map<std::string, LinkLoad>;  // by "tor0 -> fpga3"

// An <svg>; nullopt if there would be too much to tell apart.
std::optional<std::string> network_svg(const NetworkGraph& graph, const LinkLoads& loads);

// From 0 to 4: how a share is coloured.
int load_class(double busy);
// What the colours mean.
std::string load_keys();

}  // namespace soliton
