// Cables by the names that files give them: those of faults and of overrides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "topologies/topology.h"

namespace soliton {

// Comparisons of a selector with a link that a file may cause: one of a few MiB can name thousands of
// globs.
inline constexpr std::size_t kLinkLooksMost = 20'000'000;

// A link as a selector names it: `reversed` when the first-named end is the link's second.
struct LinkMatch {
  std::uint32_t link = 0;
  bool reversed = false;
  auto operator<=>(const LinkMatch&) const = default;
};

// `topology` outlives the finder.
class LinkFinder {
 public:
  explicit LinkFinder(const Topology& topology);

  std::size_t count() const { return topology_.links.size(); }

  // Links of one name or glob, in order. Reversed names count only when no link is called so:
  // `*-tor0` means the cables below tor0, not those above it.
  std::set<LinkMatch> named(const std::string& selector) const;
  // Links whose ends are these, in either order; each is a name or a glob.
  std::set<LinkMatch> between(const std::string& from, const std::string& to) const;

  // Links of the switches of one name or glob; no node is one.
  std::set<LinkMatch> of_switch(const std::string& selector) const;

  // Why there is none, with the nearest name.
  std::string explain(const std::string& selector) const;
  std::string explain_pair(const std::string& from, const std::string& to) const;
  std::string explain_switch(const std::string& selector) const;

 private:
  const std::string& end(std::uint32_t link, int end) const;
  std::string pair_name(std::uint32_t link, int first) const;

  const Topology& topology_;
  std::map<std::string, LinkMatch> by_name_;
};

}  // namespace soliton
