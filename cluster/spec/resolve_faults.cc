// Links of fault rules by name, against the topology as built.
#include <algorithm>
#include <map>
#include <set>

#include "cluster/spec/names.h"
#include "cluster/spec/parts.h"

namespace soliton {
namespace {

// A link as a rule names it: `reversed` when the first-named end is the link's second.
struct Match {
  std::uint32_t link = 0;
  bool reversed = false;
  auto operator<=>(const Match&) const = default;
};

class LinkFinder {
 public:
  explicit LinkFinder(const Topology& topology) : topology_(topology) {
    for (std::uint32_t i = 0; i < topology.links.size(); ++i) {
      by_name_.emplace(topology.links[i].name, Match{i, false});
      by_name_.emplace(pair_name(i, 0), Match{i, false});
    }
    // A second pass: a link's own name goes before the reversed spelling of another.
    for (std::uint32_t i = 0; i < topology.links.size(); ++i)
      by_name_.emplace(pair_name(i, 1), Match{i, true});
  }

  // Links of one name or glob, in order. Reversed names count only when no link is called so:
  // `*-tor0` means the cables below tor0, not those above it.
  std::set<Match> named(const std::string& selector) const {
    std::set<Match> found, reversed;
    if (selector.find('*') == std::string::npos) {
      if (const auto at = by_name_.find(selector); at != by_name_.end()) found.insert(at->second);
      return found;
    }
    for (std::uint32_t i = 0; i < topology_.links.size(); ++i)
      if (glob_matches(selector, topology_.links[i].name) ||
          glob_matches(selector, pair_name(i, 0)))
        found.insert({i, false});
    for (std::uint32_t i = 0; found.empty() && i < topology_.links.size(); ++i)
      if (glob_matches(selector, pair_name(i, 1))) reversed.insert({i, true});
    return found.empty() ? reversed : found;
  }

  std::set<Match> between(const std::string& from, const std::string& to) const {
    std::set<Match> found;
    for (std::uint32_t i = 0; i < topology_.links.size(); ++i) {
      if (glob_matches(from, end_name(i, 0)) && glob_matches(to, end_name(i, 1)))
        found.insert({i, false});
      else if (glob_matches(from, end_name(i, 1)) && glob_matches(to, end_name(i, 0)))
        found.insert({i, true});
    }
    return found;
  }

  std::string explain(const std::string& selector) const {
    std::vector<std::string> names;
    for (const auto& [name, match] : by_name_) names.push_back(name);
    if (selector.find('*') != std::string::npos)
      return fmt::format("no link matches \"{}\"", selector);
    return fmt::format("no link called \"{}\"{}", selector, near_or_some(selector, names));
  }

  std::string explain_pair(const std::string& from, const std::string& to) const {
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

 private:
  static std::string near_or_some(const std::string& name, std::vector<std::string> names) {
    const std::string near = did_you_mean(name, names);
    if (!near.empty() || names.empty()) return near;
    constexpr std::size_t kShown = 8;
    const bool more = names.size() > kShown;
    names.resize(std::min(names.size(), kShown));
    return fmt::format("; there are {}{}", fmt::join(names, ", "), more ? ", ..." : "");
  }

  const std::string& end_name(std::uint32_t link, int end) const {
    return topology_.vertices[topology_.links[link].ends[end]].name;
  }
  std::string pair_name(std::uint32_t link, int first) const {
    return end_name(link, first) + "-" + end_name(link, 1 - first);
  }

  const Topology& topology_;
  std::map<std::string, Match> by_name_;
};

class Resolver {
 public:
  explicit Resolver(const Topology& topology) : links_(topology) {}

  void add(const FaultSpec& fault) {
    std::set<Match> found;
    if (!fault.link.empty())
      for (const std::string& name : expanded(fault, fault.link))
        collect(fault, links_.named(name), name, "", found);
    else
      for (const std::string& from : expanded(fault, fault.from))
        for (const std::string& to : expanded(fault, fault.to))
          collect(fault, links_.between(from, to), from, to, found);
    add_rules(fault, found);
  }

  FaultPlan plan;
  Diagnostics problems;

 private:
  std::vector<std::string> expanded(const FaultSpec& fault, const std::string& pattern) {
    Result<std::vector<std::string>> names = expand_ranges(pattern, kLinksLimit);
    if (names) return std::move(*names);
    problems.add(ErrorCode::kInvalid, fmt::format("{}: {}", fault.position, names.error().message));
    return {};
  }

  void collect(const FaultSpec& fault, const std::set<Match>& matches, const std::string& from,
               const std::string& to, std::set<Match>& found) {
    if (matches.empty())
      problems.add(ErrorCode::kInvalid,
                   fmt::format("{}: {} (fault {})", fault.position,
                               to.empty() ? links_.explain(from) : links_.explain_pair(from, to),
                               fault.rule.id));
    found.insert(matches.begin(), matches.end());
  }

  // One rule when both directions are hit. Otherwise links named from their other end need a rule
  // of their own.
  void add_rules(const FaultSpec& fault, const std::set<Match>& found) {
    FaultRule straight = fault.rule, reversed = fault.rule;
    std::swap(reversed.forward, reversed.backward);
    const bool same = straight.forward == straight.backward;
    std::set<std::uint32_t> seen;
    for (const Match& match : found) {
      if (same && !seen.insert(match.link).second) continue;
      (match.reversed && !same ? reversed : straight).links.push_back(match.link);
    }
    if (!straight.links.empty() && !reversed.links.empty()) reversed.id += ".reversed";
    if (!straight.links.empty()) plan.rules.push_back(std::move(straight));
    if (!reversed.links.empty()) plan.rules.push_back(std::move(reversed));
  }

  LinkFinder links_;
};

}  // namespace

Checked<FaultPlan> resolve_faults(const ClusterSpec& spec, const Topology& topology) {
  Resolver resolver(topology);
  resolver.plan.seed = spec.seed;
  for (const FaultSpec& fault : spec.faults) resolver.add(fault);
  if (!resolver.problems.empty()) return tl::unexpected<Diagnostics>(std::move(resolver.problems));
  return std::move(resolver.plan);
}

}  // namespace soliton
