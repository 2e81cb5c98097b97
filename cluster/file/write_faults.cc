// Fault rules as a cluster file says them, in their long form.
#include <fmt/format.h>

#include "cluster/file/cluster_fields.h"
#include "cluster/file/parts.h"

namespace soliton {
namespace {

using Target = FaultKind::Target;

std::string time_text(Instant at) { return spell(at.time_since_epoch()); }

std::string list_text(const std::vector<std::string>& items) {
  std::vector<std::string> quoted;
  for (const std::string& item : items) quoted.push_back(yaml_quoted(item));
  return fmt::format("[{}]", fmt::join(quoted, ", "));
}

std::string links_text(const FaultSpec& fault) {
  if (!fault.link.empty()) return flow_text({{"name", yaml_quoted(fault.link)}});
  return flow_text({{"from", yaml_quoted(fault.from)}, {"to", yaml_quoted(fault.to)}});
}

std::string match_text(const FaultSpec& fault) {
  static constexpr FieldTable kRows = fields_of<PacketMatch>("fault_match", kPacketMatchRows);
  WrittenKeys out = FieldWriter("").keys(kRows, collect(kRows, &fault.rule.match));
  if (!fault.match_from.empty()) out.emplace_back("from", yaml_quoted(fault.match_from.front()));
  if (!fault.match_to.empty()) out.emplace_back("to", yaml_quoted(fault.match_to.front()));
  return flow_text(out);
}

std::string pick_text(const LinkPick& pick) {
  using Mode = LinkPick::Mode;
  const FieldWriter writer("");
  WrittenKeys out;
  for (auto& [key, value] : writer.keys(kFaultPickFields, collect(kFaultPickFields, &pick))) {
    const bool shares = pick.mode == Mode::kPercent || pick.mode == Mode::kRandom;
    if (key == "mode" || (key == "count" && pick.mode == Mode::kCount) ||
        (key == "share" && shares))
      out.emplace_back(key, value);
  }
  return flow_text(out);
}

WrittenKeys place_text(const FaultSpec& fault) {
  const FaultRule& rule = fault.rule;
  WrittenKeys out;
  if (rule.kind->target == Target::kSwitches)
    out.emplace_back("switches", yaml_quoted(fault.switches));
  if (rule.kind->target == Target::kNodes && !fault.nodes.empty())
    out.emplace_back("nodes", yaml_quoted(fault.nodes));
  if (rule.kind->target == Target::kLinks) {
    const char* direction = rule.forward && rule.backward ? "both" : rule.forward ? "tx" : "rx";
    out.emplace_back("links", links_text(fault));
    out.emplace_back("direction", direction);
  }
  if (rule.match != PacketMatch{} || !fault.match_from.empty() || !fault.match_to.empty())
    out.emplace_back("match", match_text(fault));
  if (fault.pick != LinkPick{}) out.emplace_back("pick", pick_text(fault.pick));
  return out;
}

std::string when_text(const FaultSchedule& when) {
  WrittenKeys out = {{"from", time_text(when.from)}};
  if (when.until != kNever) out.emplace_back("to", time_text(when.until));
  if (when.every > Duration{}) out.emplace_back("every", spell(when.every));
  if (when.jitter > Duration{}) out.emplace_back("jitter", spell(when.jitter));
  if (when.poisson > Duration{})
    out.emplace_back("poisson", flow_text({{"every", spell(when.poisson)}}));
  if (when.length > Duration{}) out.emplace_back("for", spell(when.length));
  if (when.limit > 0) out.emplace_back("limit", fmt::format("{}", when.limit));
  if (when.trigger != FaultTrigger::kNone) {
    out.emplace_back("on", std::string(spelling(kFaultTriggers, when.trigger)));
    out.emplace_back("count", fmt::format("{}", when.count));
  }
  return flow_text(out);
}

std::string fault_text(const FaultSpec& fault, const std::string& folder) {
  const FaultRule& rule = fault.rule;
  WrittenKeys out = {{"id", yaml_scalar(rule.id)}, {"kind", std::string(rule.kind->name)}};
  for (auto& option : FieldWriter(folder).keys(rule.kind->fields, rule.options))
    out.push_back(option);
  if (!fault.sets.empty()) {
    std::vector<std::string> sets;
    for (const std::vector<std::string>& set : fault.sets) sets.push_back(list_text(set));
    out.emplace_back("sets", fmt::format("[{}]", fmt::join(sets, ", ")));
  }
  if (!fault.cycle.empty()) out.emplace_back("cycle", list_text(fault.cycle));
  if (const WrittenKeys place = place_text(fault); !place.empty())
    out.emplace_back("where", flow_text(place));
  out.emplace_back("when", when_text(rule.when));
  return flow_text(out);
}

}  // namespace

std::string faults_text(const std::vector<FaultSpec>& faults, const std::string& folder) {
  if (faults.empty()) return "faults: []\n";
  std::string out = "faults:\n";
  for (const FaultSpec& fault : faults) out += fmt::format("  - {}\n", fault_text(fault, folder));
  return out;
}

}  // namespace soliton
