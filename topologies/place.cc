#include "topologies/place.h"

#include <fmt/format.h>

#include <charconv>
#include <map>
#include <optional>
#include <string_view>
#include <utility>

#include "protocol/base/located.h"

namespace soliton {
namespace {

// A run of racks: one rack, a pod, or everything.
struct Range {
  std::int64_t first = 0;
  std::int64_t count = 0;
};

// The number in "rack17" for the word "rack".
std::optional<std::int64_t> numbered(std::string_view text, std::string_view word) {
  if (!text.starts_with(word)) return std::nullopt;
  text.remove_prefix(word.size());
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size() || number < 0)
    return std::nullopt;
  return number;
}

class Placer {
 public:
  explicit Placer(const RackLayout& layout) : layout_(layout) {}

  Checked<std::vector<std::int64_t>> assign(const std::vector<PlacedNode>& nodes) {
    std::vector<std::int64_t> racks(nodes.size(), 0);
    for (const bool placed : {true, false}) {
      for (std::size_t i = 0; i < nodes.size(); ++i) {
        if (nodes[i].at.empty() != placed) racks[i] = place(nodes[i]);
      }
    }
    if (!errors_.empty()) return tl::unexpected(std::move(errors_));
    return racks;
  }

 private:
  void problem(const PlacedNode& node, const std::string& message) {
    errors_.add(ErrorCode::kInvalid, located(node.position, message));
  }

  std::int64_t all_racks() const { return layout_.pods * layout_.racks_per_pod; }

  std::optional<Range> range_of(const std::string& at) const {
    if (at.empty()) return Range{0, all_racks()};
    if (const auto rack = numbered(at, "rack"); rack && *rack < all_racks()) return Range{*rack, 1};
    if (layout_.one_rack) return std::nullopt;
    const std::size_t slash = at.find('/');
    const auto pod = numbered(std::string_view(at).substr(0, slash), "pod");
    if (!pod || *pod >= layout_.pods) return std::nullopt;
    const std::int64_t first = *pod * layout_.racks_per_pod;
    if (slash == std::string::npos) return Range{first, layout_.racks_per_pod};
    const auto rack = numbered(std::string_view(at).substr(slash + 1), "rack");
    if (!rack || *rack >= layout_.racks_per_pod) return std::nullopt;
    return Range{first + *rack, 1};
  }

  std::string places() const {
    if (layout_.one_rack) return "rack0";
    return fmt::format("rack0 to rack{}, pod0 to pod{}, pod0/rack0 to pod{}/rack{}",
                       all_racks() - 1, layout_.pods - 1, layout_.pods - 1,
                       layout_.racks_per_pod - 1);
  }

  // Rack 0 after an error: only the error counts then.
  std::int64_t place(const PlacedNode& node) {
    const std::optional<Range> range = range_of(node.at);
    if (!range) {
      problem(node, fmt::format("node {}: topology {} has no place \"{}\" (it has {})", node.name,
                                layout_.topology, node.at, places()));
      return 0;
    }
    std::int64_t& next =
        first_free_.try_emplace({range->first, range->count}, range->first).first->second;
    for (; next < range->first + range->count; ++next) {
      std::int64_t& used = used_[next];
      if (used == layout_.hosts_per_rack) continue;
      ++used;
      return next;
    }
    problem(node, fmt::format("node {}: {} of topology {} is full ({} hosts in {} rack{})",
                              node.name, node.at.empty() ? "every rack" : node.at, layout_.topology,
                              range->count * layout_.hosts_per_rack, range->count,
                              range->count == 1 ? "" : "s"));
    return 0;
  }

  const RackLayout& layout_;
  std::map<std::int64_t, std::int64_t> used_;  // hosts by rack
  // Where to go on looking, by (first, count) of a range: keeps filling linear.
  std::map<std::pair<std::int64_t, std::int64_t>, std::int64_t> first_free_;
  Diagnostics errors_;
};

}  // namespace

Checked<std::vector<std::int64_t>> assign_racks(const RackLayout& layout,
                                                const std::vector<PlacedNode>& nodes) {
  return Placer(layout).assign(nodes);
}

std::string place_of_rack(const RackLayout& layout, std::int64_t rack) {
  if (layout.one_rack) return "rack0";
  return fmt::format("pod{}/rack{}", rack / layout.racks_per_pod, rack % layout.racks_per_pod);
}

}  // namespace soliton
