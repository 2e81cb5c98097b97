#include "cluster/file/fault_profiles.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "cluster/file/cluster_fields.h"
#include "cluster/yaml/read_fields.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

std::string when(const ProfilePlace& place) {
  return fmt::format("at: {}, for: {}", spell(place.at), spell(place.span));
}

// A cheap switched network on a bad day.
std::vector<std::string> lossy_lan(const ProfilePlace& place) {
  const std::string common = fmt::format("link: '{}', {}", place.link, when(place));
  return {fmt::format("{{id: lossy_lan.loss, loss: 0.1 %, max_burst: 3, {}}}", common),
          fmt::format("{{id: lossy_lan.jitter, jitter: 5 us, {}}}", common),
          fmt::format("{{id: lossy_lan.reorder, reorder: 0.1 %, gap: 3, {}}}", common),
          fmt::format("{{id: lossy_lan.duplicate, duplicate: 0.01 %, {}}}", common)};
}

// Bursts of losses, damage and flaps together, as when a power supply dies.
std::vector<std::string> storm(const ProfilePlace& place) {
  const std::string common = fmt::format("link: '{}', {}", place.link, when(place));
  const std::string links = fmt::format("where: {{links: {{name: '{}'}}}}", place.link);
  return {
      fmt::format(
          "{{id: storm.bursts, kind: loss, model: {{type: gilbert_elliott, p: 1 %, r: 25 %, bad: "
          "80 %}}, max_burst: 6, {}}}",
          common),
      fmt::format("{{id: storm.corrupt, corrupt: 1 %, {}}}", common),
      fmt::format("{{id: storm.flaps, kind: link_down, {}, when: {{from: {}, to: {}, every: {}, "
                  "for: {}}}}}",
                  links, spell(place.at), spell(sum(place.at, place.span)), spell(place.span / 5),
                  spell(place.span / 50))};
}

// Half the nodes are clogged one by one within the first half of the span, and released in another order
// within the second: what finds protocols that rely on who went first.
std::vector<std::string> swizzle(const ProfilePlace& place) {
  const Random chance(place.seed, "profile/swizzle");
  std::vector<std::size_t> all(place.nodes.size());
  std::iota(all.begin(), all.end(), 0);
  const auto drawn = [&](std::vector<std::size_t> nodes, std::uint64_t stream) {
    std::ranges::stable_sort(nodes, {},
                             [&](std::size_t n) { return chance.child(stream).bits(n); });
    return nodes;
  };
  std::vector<std::size_t> clogged = drawn(all, 0);
  clogged.resize((all.size() + 1) / 2);
  const std::vector<std::size_t> released = drawn(clogged, 1);
  const Duration step =
      place.span / 2 / static_cast<std::int64_t>(std::max<std::size_t>(clogged.size(), 1));
  std::vector<std::string> rules;
  for (std::size_t i = 0; i < clogged.size(); ++i) {
    const auto turn = std::ranges::find(released, clogged[i]) - released.begin();
    const Duration from = sum(place.at, times(step, static_cast<std::int64_t>(i)));
    const Duration to = sum(sum(place.at, place.span / 2), times(step, turn + 1));
    const std::string& node = place.nodes[clogged[i]];
    rules.push_back(fmt::format(
        "{{id: swizzle.{}, kind: clog, where: {{links: {{node: {}}}}}, when: {{from: {}, "
        "to: {}}}}}",
        node, node, spell(from), spell(to)));
  }
  return rules;
}

// The switch of a rack fails, and the rest of the network has a storm of what is led around it.
std::vector<std::string> rack_loss(const ProfilePlace& place) {
  std::vector<std::string> rules = storm(place);
  for (std::string& rule : rules) rule.replace(rule.find("storm"), 5, "rack_loss");
  rules.push_back(fmt::format("{{id: rack_loss.switch, switch: '{}', switch_down: true, {}}}",
                              place.switches, when(place)));
  return rules;
}

// The upsets of a year within the time of the profile: one in 1,025 machine-days (Putnam et al., "A
// reconfigurable fabric for accelerating large-scale datacenter services", ISCA 2014), so much faster.
std::vector<std::string> seu_year(const ProfilePlace& place) {
  constexpr double kYearPicoseconds = 365.0 * 86'400 * 1e12;
  const double faster = std::min(1e12, kYearPicoseconds / static_cast<double>(place.span.count()));
  return {fmt::format(
      "{{id: seu_year, kind: seu_config, scrub: {}, where: {{nodes: 'kind=npu'}}, when: {{from: "
      "{}, "
      "to: {}, poisson: {{every: 1025 d, accelerate: {:.0f}}}}}}}",
      spell(place.span / 20), spell(place.at), spell(sum(place.at, place.span)), faster)};
}

constexpr FaultProfile kProfiles[] = {
    {"lossy_lan", "rare losses, jitter, reordering and copies", lossy_lan},
    {"storm", "bursts of losses, damage and flaps", storm},
    {"swizzle", "half the nodes stop one by one and go on in another order", swizzle},
    {"rack_loss", "a switch fails, with a storm on the links", rack_loss},
    {"seu_year", "the upsets that every device has in a year", seu_year},
};

constexpr Duration kStandardSpan = milliseconds(5);

void mark_all(YamlValue& value, Mark mark) {
  value.mark = mark;
  for (YamlKey& key : value.keys) key.mark = mark;
  for (YamlValue& item : value.items) mark_all(item, mark);
}

void add_rules(ReadContext& context, const YamlValue& entry, const std::string& label,
               const ClusterSpec& spec, std::vector<YamlValue>& out) {
  MapReader map(context, entry, kFaultProfileFields, label);
  const YamlValue* name = map.scalar("profile");
  if (name == nullptr) return;
  const auto profile = std::ranges::find(kProfiles, name->text, &FaultProfile::name);
  if (profile == std::end(kProfiles)) {
    std::vector<std::string> names;
    for (const FaultProfile& one : kProfiles) names.emplace_back(one.name);
    return map.error("profile", fmt::format("no profile called \"{}\"{}; there are {}", name->text,
                                            suggestion(name->text, names), fmt::join(names, ", ")));
  }
  const auto time = [&](std::string_view key, Duration standard) {
    const auto said = read_value(map, key);
    return said ? Duration{said->number()} : standard;
  };
  const auto text = [&](std::string_view key, std::string_view standard) {
    const YamlValue* said = map.find(key) != nullptr ? map.scalar(key) : nullptr;
    return said != nullptr ? said->text : std::string(standard);
  };
  ProfilePlace place{.at = time("at", Duration{}),
                     .span = time("for", kStandardSpan),
                     .link = text("link", "*"),
                     .switches = text("switch", "tor0"),
                     .nodes = {},
                     .seed = spec.seed};
  for (const NodeSpec& node : spec.nodes) place.nodes.push_back(node.name);
  map.finish("for a profile");
  for (const std::string& rule : profile->rules(place)) {
    Checked<YamlValue> value = parse_yaml(rule, label);
    SOLITON_CHECK_MSG(value.has_value(), "{}", rule);
    mark_all(*value, entry.mark);
    out.push_back(std::move(*value));
  }
}

}  // namespace

std::span<const FaultProfile> fault_profiles() { return kProfiles; }

std::vector<YamlValue> without_profiles(ReadContext& context, const std::vector<YamlValue>& entries,
                                        const ClusterSpec& spec) {
  std::vector<YamlValue> out;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const bool is_profile =
        entries[i].kind == YamlValue::Kind::kMap && entries[i].find("profile") != nullptr;
    if (is_profile)
      add_rules(context, entries[i], fmt::format("faults[{}]", i), spec, out);
    else
      out.push_back(entries[i]);
  }
  return out;
}

}  // namespace soliton
