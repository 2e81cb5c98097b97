#include "topologies/leaves.h"

#include <fmt/format.h>

#include <map>

#include "protocol/base/located.h"
#include "protocol/base/suggestion.h"

namespace soliton {

Checked<std::vector<std::size_t>> assign_leaves(const Leaves& leaves,
                                                const std::vector<PlacedNode>& nodes) {
  Diagnostics errors;
  std::vector<std::string> names;
  std::map<std::string, std::size_t> numbers;
  for (std::size_t leaf = 0; leaf < leaves.count; ++leaf) {
    names.push_back(leaves.name(leaf));
    numbers[names.back()] = leaf;
  }
  std::vector<std::int64_t> used(leaves.count);
  std::vector<std::size_t> out(nodes.size(), 0);
  const auto problem = [&](const PlacedNode& node, const std::string& what) {
    errors.add(ErrorCode::kInvalid, located(node.position, "node " + node.name + ": " + what));
  };
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const std::string& at = nodes[i].at;
    if (at.empty()) continue;
    const auto found = numbers.find(at);
    if (found == numbers.end())
      problem(nodes[i],
              fmt::format("topology {} has no place \"{}\" (it has {} to {}){}", leaves.topology,
                          at, names.front(), names.back(), suggestion(at, names)));
    else if (used[out[i] = found->second]++ == leaves.hosts)
      problem(nodes[i], fmt::format("{} of topology {} is full ({} hosts)", at, leaves.topology,
                                    leaves.hosts));
  }
  std::size_t next = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    if (!nodes[i].at.empty()) continue;
    while (next < leaves.count && used[next] >= leaves.hosts) ++next;
    if (next == leaves.count) {
      problem(nodes[i],
              fmt::format("topology {} is full ({} x {} = {} hosts)", leaves.topology, leaves.count,
                          leaves.hosts, static_cast<std::int64_t>(leaves.count) * leaves.hosts));
      break;
    }
    ++used[out[i] = next];
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  return out;
}

void refuse_places(const TopologySpec& spec, const std::vector<PlacedNode>& nodes,
                   Diagnostics& errors) {
  for (const PlacedNode& node : nodes)
    if (!node.at.empty())
      errors.add(ErrorCode::kInvalid,
                 located(node.position,
                         fmt::format("node {}: topology {} has no place \"{}\" (leave `at` out: "
                                     "nodes are wired in the order of the file)",
                                     node.name, spec.name, node.at)));
}

}  // namespace soliton
