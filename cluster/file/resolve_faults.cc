// Links of fault rules by name, against the topology as built.
#include <algorithm>
#include <map>
#include <set>

#include "cluster/file/parts.h"
#include "cluster/yaml/names.h"
#include "protocol/base/located.h"

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

  std::size_t count() const { return topology_.links.size(); }

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

// The product of rules and links is bounded, because a file of a few MiB can name thousands of
// globs.
constexpr std::size_t kComparisonsLimit = 20'000'000;  // of a selector with a link
constexpr std::size_t kReachedLimit = 4'000'000;       // links of all rules together
constexpr std::size_t kErrorsLimit = 100;

class Resolver {
 public:
  explicit Resolver(const Topology& topology) : links_(topology) {}

  void add(const FaultSpec& fault) {
    std::set<Match> found;
    for (const std::string& name : expanded(fault, fault.link))
      if (name.find('*') == std::string::npos || affords_look(fault))
        collect(fault, links_.named(name), name, "", found);
    const std::vector<std::string> to = expanded(fault, fault.to);
    for (const std::string& from : expanded(fault, fault.from))
      for (const std::string& other : to) {
        if (!affords_look(fault)) return;
        collect(fault, links_.between(from, other), from, other, found);
      }
    const std::size_t before = reached_;
    reached_ += found.size();
    if (reached_ <= kReachedLimit)
      add_rules(fault, found);
    else if (before <= kReachedLimit)
      problem(fault,
              fmt::format("the faults up to this one reach more than {} links in all; let one "
                          "rule stand for several",
                          kReachedLimit));
  }

  void end(const std::string& file) {
    if (more_ > 0)
      problems.add(ErrorCode::kInvalid, fmt::format("{}: {} more errors", printable(file), more_));
  }

  FaultPlan plan;
  Diagnostics problems;

 private:
  void problem(const FaultSpec& fault, const std::string& message) {
    problems.add(ErrorCode::kInvalid, located(fault.position, message));
  }

  // Whether one more selector may be compared with all links.
  bool affords_look(const FaultSpec& fault) {
    const std::size_t before = comparisons_;
    if (before <= kComparisonsLimit) comparisons_ += links_.count();
    if (comparisons_ <= kComparisonsLimit) return true;
    if (before <= kComparisonsLimit)
      problem(fault, fmt::format("the selectors up to this one take more than {} looks at a link; "
                                 "name the links, or let one selector stand for several",
                                 kComparisonsLimit));
    return false;
  }

  std::vector<std::string> expanded(const FaultSpec& fault, const std::string& pattern) {
    if (pattern.empty()) return {};
    Result<std::vector<std::string>> names = expand_ranges(pattern, kLinksLimit);
    if (names) return std::move(*names);
    problem(fault, names.error().message);
    return {};
  }

  void collect(const FaultSpec& fault, const std::set<Match>& matches, const std::string& from,
               const std::string& to, std::set<Match>& found) {
    found.insert(matches.begin(), matches.end());
    if (!matches.empty()) return;
    if (problems.errors.size() >= kErrorsLimit) {
      ++more_;
      return;
    }
    problem(fault, fmt::format("{} (fault {})",
                               to.empty() ? links_.explain(from) : links_.explain_pair(from, to),
                               fault.rule.id));
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
  std::size_t comparisons_ = 0, reached_ = 0, more_ = 0;
};

}  // namespace

Checked<FaultPlan> resolve_faults(const ClusterSpec& spec, const Topology& topology) {
  Resolver resolver(topology);
  resolver.plan.seed = spec.seed;
  for (const FaultSpec& fault : spec.faults) resolver.add(fault);
  resolver.end(spec.file);
  if (!resolver.problems.empty()) return tl::unexpected<Diagnostics>(std::move(resolver.problems));
  return std::move(resolver.plan);
}

}  // namespace soliton
