// Links of fault rules by name, against the topology as built.
#include <algorithm>
#include <set>

#include "cluster/file/parts.h"
#include "protocol/base/located.h"
#include "protocol/base/names.h"
#include "topologies/link_finder.h"

namespace soliton {
namespace {

// The product of rules and links is bounded, because a file of a few MiB can name thousands of
// globs.
constexpr std::size_t kReachedLimit = 4'000'000;  // links of all rules together
constexpr std::size_t kErrorsLimit = 100;

class Resolver {
 public:
  explicit Resolver(const Topology& topology) : links_(topology) {}

  void add(const FaultSpec& fault) {
    std::set<LinkMatch> found;
    for (const std::string& name : expanded(fault, fault.switches))
      if (affords_look(fault)) collect(fault, links_.of_switch(name), name, found);
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
    if (before <= kLinkLooksMost) comparisons_ += links_.count();
    if (comparisons_ <= kLinkLooksMost) return true;
    if (before <= kLinkLooksMost)
      problem(fault, fmt::format("the selectors up to this one take more than {} looks at a link; "
                                 "name the links, or let one selector stand for several",
                                 kLinkLooksMost));
    return false;
  }

  std::vector<std::string> expanded(const FaultSpec& fault, const std::string& pattern) {
    if (pattern.empty()) return {};
    Result<std::vector<std::string>> names = expand_ranges(pattern, kLinksLimit);
    if (names) return std::move(*names);
    problem(fault, names.error().message);
    return {};
  }

  void collect(const FaultSpec& fault, const std::set<LinkMatch>& matches, const std::string& from,
               const std::string& to, std::set<LinkMatch>& found) {
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

  void collect(const FaultSpec& fault, const std::set<LinkMatch>& matches,
               const std::string& its_switch, std::set<LinkMatch>& found) {
    found.insert(matches.begin(), matches.end());
    if (!matches.empty()) return;
    if (problems.errors.size() >= kErrorsLimit)
      ++more_;
    else
      problem(fault,
              fmt::format("{} (fault {})", links_.explain_switch(its_switch), fault.rule.id));
  }

  // One rule when both directions are hit. Otherwise links named from their other end need a rule
  // of their own.
  void add_rules(const FaultSpec& fault, const std::set<LinkMatch>& found) {
    FaultRule straight = fault.rule, reversed = fault.rule;
    std::swap(reversed.forward, reversed.backward);
    const bool same = straight.forward == straight.backward;
    std::set<std::uint32_t> seen;
    for (const LinkMatch& match : found) {
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
