#include "topologies/link_overrides.h"

#include <fmt/format.h>

#include "protocol/base/check.h"
#include "protocol/base/located.h"
#include "protocol/base/names.h"
#include "topologies/link_finder.h"
#include "topologies/pause.h"
#include "topologies/topology_fields.h"

namespace soliton {
namespace {

void change(TopologyLink& link, const LinkOverride& its) {
  const Status set = assign(kCableFields, its.settings, &link);
  SOLITON_CHECK_MSG(set.has_value(), "{}: {}", its.link, set.error().message);
}

constexpr std::size_t kErrorsExplained = 100;

// Whether the selectors are good, and few enough to be compared with `links` links.
bool affordable(const TopologySpec& spec, std::size_t links, Diagnostics& errors) {
  std::size_t looks = 0;
  for (const LinkOverride& its : spec.overrides) {
    const Result<std::vector<std::string>> selectors = expand_ranges(its.link, kTopologyLinksLimit);
    if (!selectors) {
      errors.add(ErrorCode::kInvalid, located(its.position, selectors.error().message));
      continue;
    }
    looks += selectors->size() * (its.link.find('*') == std::string::npos ? 1 : links);
    if (looks <= kLinkLooksMost) continue;
    errors.add(ErrorCode::kInvalid,
               located(its.position,
                       fmt::format("the selectors up to this one take more than {} looks at a "
                                   "link; name the links, or let one selector stand for several",
                                   kLinkLooksMost)));
    break;
  }
  return errors.empty();
}

}  // namespace

void apply_overrides(const TopologySpec& spec, Topology& topology, Diagnostics& errors) {
  if (spec.overrides.empty()) return;
  if (!affordable(spec, topology.links.size(), errors)) return;
  const LinkFinder finder(topology);
  for (const LinkOverride& its : spec.overrides) {
    const std::vector<std::string> selectors = *expand_ranges(its.link, kTopologyLinksLimit);
    for (const std::string& selector : selectors) {
      const std::set<LinkMatch> found = finder.named(selector);
      if (found.empty())
        errors.add(ErrorCode::kInvalid, located(its.position, finder.explain(selector)));
      // Nobody reads on beyond the first errors, and each suggestion compares all names.
      if (errors.errors.size() >= kErrorsExplained) return;
      for (const LinkMatch& match : found) change(topology.links[match.link], its);
    }
  }
}

void check_headroom(const TopologySpec& spec, const Topology& topology, Diagnostics& errors) {
  if (spec.overrides.empty() || !spec.pause || !spec.pause->headroom) return;
  Bytes most{};
  const TopologyLink* longest = nullptr;
  for (const TopologyLink& link : topology.links)
    for (const std::uint32_t end : link.ends) {
      const Vertex& vertex = topology.vertices[end];
      if (!vertex.is_switch) continue;
      const Bytes needed =
          headroom_needed(spec.pause->frame, link.latency, link.rate, vertex.forwarding);
      if (longest != nullptr && needed <= most) continue;
      most = needed;
      longest = &link;
    }
  if (longest == nullptr || most <= *spec.pause->headroom) return;
  errors.add(
      ErrorCode::kInvalid,
      located(spec.position,
              fmt::format("topology.pfc.headroom: {} is below {}, what may be on the way when "
                          "{}, as links: changes it, is paused; auto: what each needs",
                          spell(*spec.pause->headroom), spell(most), longest->name)));
}

}  // namespace soliton
