#include "topologies/link_finder.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "protocol/base/names.h"
#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

std::string near_or_some(const std::string& name, std::vector<std::string> names) {
  const std::string near = did_you_mean(name, names);
  if (!near.empty() || names.empty()) return near;
  constexpr std::size_t kShown = 8;
  const bool more = names.size() > kShown;
  names.resize(std::min(names.size(), kShown));
  return fmt::format("; there are {}{}", fmt::join(names, ", "), more ? ", ..." : "");
}

}  // namespace

const std::string& end_name(const Topology& topology, const TopologyLink& link, int end) {
  const Vertex& vertex = topology.vertices[link.ends[end]];
  return vertex.router_of == kNoNode ? vertex.name : topology.vertices[vertex.router_of].name;
}

LinkFinder::LinkFinder(const Topology& topology) : topology_(topology) {
  for (std::uint32_t i = 0; i < topology.links.size(); ++i) {
    by_name_.emplace(topology.links[i].name, LinkMatch{i, false});
    by_name_.emplace(pair_name(i, 0), LinkMatch{i, false});
  }
  // A second pass: a link's own name goes before the reversed spelling of another.
  for (std::uint32_t i = 0; i < topology.links.size(); ++i)
    by_name_.emplace(pair_name(i, 1), LinkMatch{i, true});
}

std::set<LinkMatch> LinkFinder::named(const std::string& selector) const {
  std::set<LinkMatch> found, reversed;
  if (selector.find('*') == std::string::npos) {
    if (const auto at = by_name_.find(selector); at != by_name_.end()) found.insert(at->second);
    return found;
  }
  for (std::uint32_t i = 0; i < topology_.links.size(); ++i)
    if (glob_matches(selector, topology_.links[i].name) || glob_matches(selector, pair_name(i, 0)))
      found.insert({i, false});
  for (std::uint32_t i = 0; found.empty() && i < topology_.links.size(); ++i)
    if (glob_matches(selector, pair_name(i, 1))) reversed.insert({i, true});
  return found.empty() ? reversed : found;
}

std::set<LinkMatch> LinkFinder::between(const std::string& from, const std::string& to) const {
  std::set<LinkMatch> found;
  for (std::uint32_t i = 0; i < topology_.links.size(); ++i) {
    if (glob_matches(from, end(i, 0)) && glob_matches(to, end(i, 1)))
      found.insert({i, false});
    else if (glob_matches(from, end(i, 1)) && glob_matches(to, end(i, 0)))
      found.insert({i, true});
  }
  return found;
}

std::set<LinkMatch> LinkFinder::of_switch(const std::string& selector) const {
  std::set<LinkMatch> found;
  for (std::uint32_t i = 0; i < topology_.links.size(); ++i)
    for (const std::uint32_t end : topology_.links[i].ends)
      if (topology_.vertices[end].is_switch && glob_matches(selector, topology_.vertices[end].name))
        found.insert({i, false});
  return found;
}

std::string LinkFinder::explain(const std::string& selector) const {
  std::vector<std::string> names;
  for (const auto& [name, match] : by_name_) names.push_back(name);
  if (selector.find('*') != std::string::npos)
    return fmt::format("no link matches \"{}\"", selector);
  return fmt::format("no link called \"{}\"{}", selector, near_or_some(selector, names));
}

std::string LinkFinder::explain_pair(const std::string& from, const std::string& to) const {
  std::vector<std::string> names;
  for (const Vertex& vertex : topology_.vertices) names.push_back(vertex.name);
  for (const std::string& end : {from, to}) {
    const bool known = std::any_of(names.begin(), names.end(),
                                   [&](const auto& n) { return glob_matches(end, n); });
    if (!known)
      return fmt::format("no node or switch called \"{}\"{}", end, near_or_some(end, names));
  }
  return fmt::format("no link between \"{}\" and \"{}\"", from, to);
}

std::string LinkFinder::explain_switch(const std::string& selector) const {
  if (selector.find('*') != std::string::npos)
    return fmt::format("no switch with a cable matches \"{}\"", selector);
  std::vector<std::string> names;
  for (const Vertex& vertex : topology_.vertices) {
    if (vertex.is_switch && vertex.name == selector)
      return fmt::format("switch {} has no cable that could be down", selector);
    if (vertex.is_switch) names.push_back(vertex.name);
  }
  return fmt::format("no switch called \"{}\"{}", selector, near_or_some(selector, names));
}

const std::string& LinkFinder::end(std::uint32_t link, int which) const {
  return end_name(topology_, topology_.links[link], which);
}

std::string LinkFinder::pair_name(std::uint32_t link, int first) const {
  return end(link, first) + "-" + end(link, 1 - first);
}

}  // namespace soliton
