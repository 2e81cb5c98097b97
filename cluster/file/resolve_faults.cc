// Links of fault rules by name, against the topology as built.
#include <algorithm>
#include <cmath>
#include <functional>
#include <iterator>
#include <set>

#include "cluster/file/node_selector.h"
#include "cluster/file/parts.h"
#include "cluster/file/read_events.h"
#include "protocol/base/located.h"
#include "protocol/base/names.h"
#include "topologies/link_finder.h"

namespace soliton {
namespace {

// The product of rules and links is bounded, because a file of a few MiB can name thousands of
// globs.
constexpr std::size_t kReachedLimit = 4'000'000;  // links of all rules together
constexpr std::size_t kErrorsLimit = 100;

// Cables of nodes in the sets, from the node on: where what they send is judged.
std::set<LinkMatch> cables_of(const Topology& topology, const NodeSets& sets) {
  std::set<std::uint32_t> nodes;
  for (const std::vector<std::uint32_t>& set : sets) nodes.insert(set.begin(), set.end());
  std::set<LinkMatch> found;
  for (std::uint32_t link = 0; link < topology.links.size(); ++link)
    for (const bool reversed : {false, true})
      if (nodes.contains(topology.links[link].ends[reversed ? 1 : 0]))
        found.insert({link, reversed});
  return found;
}

// From each to the next, and from the last to the first.
std::vector<std::pair<std::string, std::string>> steps_of(const std::vector<std::string>& circle) {
  std::vector<std::pair<std::string, std::string>> out;
  for (std::size_t i = 0; i < circle.size(); ++i)
    out.emplace_back(circle[i], circle[(i + 1) % circle.size()]);
  return out;
}

std::size_t picked(const LinkPick& pick, std::size_t of) {
  switch (pick.mode) {
    case LinkPick::Mode::kOne:
      return 1;
    case LinkPick::Mode::kCount:
      return static_cast<std::size_t>(pick.count);
    case LinkPick::Mode::kPercent:
      return static_cast<std::size_t>(std::ceil(static_cast<double>(pick.share.parts_per_billion) /
                                                1e9 * static_cast<double>(of)));
    case LinkPick::Mode::kAll:
    case LinkPick::Mode::kRandom:
      return of;
  }
  return of;
}

// Draws are by link, from a stream of the rule's own.
std::set<LinkMatch> picked(const FaultSpec& fault, std::uint64_t seed,
                           const std::set<LinkMatch>& found) {
  const Random chance(seed, "pick/" + fault.rule.id);
  std::vector<LinkMatch> all(found.begin(), found.end());
  if (fault.pick.mode == LinkPick::Mode::kRandom)
    std::erase_if(
        all, [&](const LinkMatch& match) { return !chance.happens(match.link, fault.pick.share); });
  const std::size_t wanted = picked(fault.pick, all.size());
  if (wanted < all.size()) {
    std::ranges::stable_sort(all, {}, [&](const LinkMatch& m) { return chance.bits(m.link); });
    all.resize(wanted);
  }
  return {all.begin(), all.end()};
}

std::vector<std::uint32_t> picked(const FaultSpec& fault, std::uint64_t seed,
                                  std::vector<std::uint32_t> all) {
  const Random chance(seed, "pick/" + fault.rule.id);
  if (fault.pick.mode == LinkPick::Mode::kRandom)
    std::erase_if(all, [&](std::uint32_t node) { return !chance.happens(node, fault.pick.share); });
  const std::size_t wanted = picked(fault.pick, all.size());
  if (wanted < all.size()) {
    std::ranges::stable_sort(all, {}, [&](std::uint32_t node) { return chance.bits(node); });
    all.resize(wanted);
    std::ranges::sort(all);
  }
  return all;
}

// One rule when both directions are hit. Otherwise links named from their other end need a rule
// of their own.
void add_rules(const FaultSpec& fault, const std::set<LinkMatch>& found, FaultPlan& plan) {
  FaultRule straight = fault.rule, reversed = fault.rule;
  if (fault.rule.kind->target == FaultKind::Target::kNodeSets ||
      fault.rule.kind->target == FaultKind::Target::kCircle)
    straight.backward = reversed.backward = false;
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

class Resolver {
 public:
  Resolver(const ClusterSpec& spec, const Topology& topology)
      : spec_(spec), topology_(topology), links_(topology) {}

  void add(const FaultSpec& fault) {
    if (fault.rule.kind->target == FaultKind::Target::kRecorded) return add_recorded(fault);
    FaultSpec resolved = fault;
    if (fault.rule.kind->target == FaultKind::Target::kNodes) return add_nodes(resolved);
    if (!resolve_nodes(resolved)) return;
    const std::set<LinkMatch> found = picked(resolved, spec_.seed, links_of(resolved));
    const std::size_t before = reached_;
    reached_ += found.size();
    if (reached_ <= kReachedLimit)
      add_rules(resolved, found, plan);
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
  std::set<LinkMatch> links_of(const FaultSpec& fault) {
    std::set<LinkMatch> found;
    if (fault.rule.kind->target == FaultKind::Target::kNodeSets)
      return cables_of(topology_, fault.rule.sets);
    const std::size_t before = problems.errors.size();
    for (const auto& [from, to] : steps_of(fault.cycle))
      if (problems.errors.size() == before) collect_between(fault, from, to, found);
    for (const std::string& name : expanded(fault, fault.switches))
      if (affords_look(fault))
        collect(
            fault, links_.of_switch(name), [&] { return links_.explain_switch(name); }, found);
    for (const std::string& name : expanded(fault, fault.link))
      if (name.find('*') == std::string::npos || affords_look(fault))
        collect(
            fault, links_.named(name), [&] { return links_.explain(name); }, found);
    const std::vector<std::string> to = expanded(fault, fault.to);
    for (const std::string& from : expanded(fault, fault.from))
      for (const std::string& other : to) {
        if (!affords_look(fault)) return found;
        collect_between(fault, from, other, found);
      }
    return found;
  }

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
    if (is_selector_expression(pattern)) return node_names(fault, pattern);
    Result<std::vector<std::string>> names = expand_ranges(pattern, kLinksLimit);
    if (names) return std::move(*names);
    problem(fault, names.error().message);
    return {};
  }

  // `why` says why there are none.
  void collect(const FaultSpec& fault, const std::set<LinkMatch>& matches,
               const std::function<std::string()>& why, std::set<LinkMatch>& found) {
    found.insert(matches.begin(), matches.end());
    if (!matches.empty()) return;
    if (problems.errors.size() >= kErrorsLimit) return void(++more_);
    problem(fault, fmt::format("{} (fault {})", why(), fault.rule.id));
  }

  void collect_between(const FaultSpec& fault, const std::string& from, const std::string& to,
                       std::set<LinkMatch>& found) {
    const auto why = [&] { return links_.explain_pair(from, to); };
    collect(fault, links_.between(from, to), why, found);
  }

  std::vector<std::string> node_names(const FaultSpec& fault, const std::string& selector) {
    std::vector<std::string> names;
    for (const std::uint32_t node : nodes_of(fault, {selector}))
      names.push_back(spec_.nodes[node].name);
    return names;
  }

  std::vector<std::uint32_t> nodes_of(const FaultSpec& fault,
                                      const std::vector<std::string>& selectors) {
    std::set<std::uint32_t> all;
    for (const std::string& selector : selectors) {
      const Result<std::vector<std::uint32_t>> nodes = select_nodes(selector, spec_.nodes);
      if (nodes)
        all.insert(nodes->begin(), nodes->end());
      else
        problem(fault, fmt::format("{} (fault {})", nodes.error().message, fault.rule.id));
    }
    return {all.begin(), all.end()};
  }

  // Sets and ends of flows by number. False: they are wrong.
  bool resolve_nodes(FaultSpec& fault) {
    const std::size_t before = problems.errors.size();
    for (const std::vector<std::string>& set : fault.sets)
      fault.rule.sets.push_back(nodes_of(fault, set));
    if (fault.rule.kind == &kMisrouteFault && fault.sets.empty())
      fault.rule.sets.push_back(nodes_of(fault, {"*"}));
    fault.rule.match.from = nodes_of(fault, fault.match_from);
    fault.rule.match.to = nodes_of(fault, fault.match_to);
    return problems.errors.size() == before;
  }

  void add_nodes(FaultSpec& fault) {
    const std::size_t before = problems.errors.size();
    const std::string manager = is_managed(spec_) ? manager_of(spec_).at : spec_.nodes.front().name;
    fault.rule.nodes =
        picked(fault, spec_.seed, nodes_of(fault, {fault.nodes.empty() ? manager : fault.nodes}));
    if (problems.errors.size() == before) plan.rules.push_back(std::move(fault.rule));
  }

  void add_recorded(const FaultSpec& fault) {
    Checked<std::vector<FaultRule>> rules =
        read_events(find_setting(fault.rule.options, "events")->text(), fault.rule, topology_,
                    spec_.nodes.size());
    if (!rules) return problems.append(std::move(rules.error()));
    std::ranges::move(*rules, std::back_inserter(plan.rules));
  }

  const ClusterSpec& spec_;
  const Topology& topology_;
  LinkFinder links_;
  std::size_t comparisons_ = 0, reached_ = 0, more_ = 0;
};

}  // namespace

Checked<FaultPlan> resolve_faults(const ClusterSpec& spec, const Topology& topology) {
  Resolver resolver(spec, topology);
  resolver.plan.seed = spec.seed;
  resolver.plan.until = kRunStart + spec.time_limit;
  for (const FaultSpec& fault : spec.faults) resolver.add(fault);
  resolver.end(spec.file);
  if (!resolver.problems.empty()) return tl::unexpected<Diagnostics>(std::move(resolver.problems));
  return std::move(resolver.plan);
}

}  // namespace soliton
