#include "topologies/link_overrides.h"

#include <fmt/format.h>

#include "protocol/base/check.h"
#include "protocol/base/located.h"
#include "protocol/base/names.h"
#include "topologies/link_finder.h"
#include "topologies/topology_fields.h"

namespace soliton {
namespace {

void change(TopologyLink& link, const LinkOverride& its) {
  const Status set = assign(kCableFields, its.settings, &link);
  SOLITON_CHECK_MSG(set.has_value(), "{}: {}", its.link, set.error().message);
}

}  // namespace

void apply_overrides(const TopologySpec& spec, Topology& topology, Diagnostics& errors) {
  if (spec.overrides.empty()) return;
  const LinkFinder finder(topology);
  for (const LinkOverride& its : spec.overrides) {
    const Result<std::vector<std::string>> selectors = expand_ranges(its.link, kTopologyLinksLimit);
    if (!selectors) {
      errors.add(ErrorCode::kInvalid, located(its.position, selectors.error().message));
      continue;
    }
    for (const std::string& selector : *selectors) {
      const std::set<LinkMatch> found = finder.named(selector);
      if (found.empty())
        errors.add(ErrorCode::kInvalid, located(its.position, finder.explain(selector)));
      for (const LinkMatch& match : found) change(topology.links[match.link], its);
    }
  }
}

void add_overridden(const TopologySpec& spec, std::vector<SwitchCable>& cables) {
  const std::size_t before = cables.size();
  for (const LinkOverride& its : spec.overrides)
    for (std::size_t i = 0; i < before; ++i) {
      TopologyLink link;
      link.latency = cables[i].latency;
      link.rate = cables[i].rate;
      change(link, its);
      cables.push_back({link.latency, link.rate, cables[i].forwarding});
    }
}

}  // namespace soliton
