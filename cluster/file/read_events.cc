#include "cluster/file/read_events.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cluster/yaml/files.h"
#include "node/traffic/text_rows.h"
#include "protocol/base/suggestion.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

constexpr std::size_t kFileMost = std::size_t{256} << 20;
constexpr std::size_t kErrorsMost = 20;
constexpr std::string_view kColumns[] = {"rule", "link", "direction", "ordinal", "action", "at_ps"};

std::vector<std::string> names_of(const std::map<std::string, std::uint32_t>& numbers) {
  std::vector<std::string> names;
  for (const auto& [known, number] : numbers) names.push_back(known);
  return names;
}

// Whether one rule may do both: at ports, or to what it holds back and in the end loses.
bool go_together(FaultAction::What a, FaultAction::What b) {
  using What = FaultAction::What;
  const auto holds = [](What what) { return what == What::kDrop || what == What::kDelay; };
  const auto at_port = [](What what) { return FaultAction{.what = what}.at_port(); };
  return a == b || (holds(a) && holds(b)) || (at_port(a) && at_port(b));
}

class EventReader {
 public:
  EventReader(std::string file, const FaultRule& like, const Topology& topology, std::size_t nodes)
      : file_(std::move(file)), like_(like) {
    for (std::uint32_t node = 0; node < nodes; ++node)
      nodes_.emplace(topology.vertices[node].name, node);
    for (std::uint32_t link = 0; link < topology.links.size(); ++link)
      links_.emplace(topology.links[link].name, link);
  }

  Checked<std::vector<FaultRule>> read() {
    const Result<std::string> text = read_text_file(file_, kFileMost);
    if (!text) {
      problems_.add(ErrorCode::kInvalid, text.error().message);
      return tl::unexpected<Diagnostics>(std::move(problems_));
    }
    const std::vector<TextRow> rows = text_rows(*text);
    const bool headed = !rows.empty() && std::ranges::equal(rows.front().words, kColumns);
    if (!headed) problem(1, fmt::format("the first line must be {}", fmt::join(kColumns, ",")));
    for (std::size_t i = 1; i < rows.size() && problems_.errors.size() < kErrorsMost; ++i)
      read_row(rows[i]);
    read_lateness(*text);
    if (!problems_.empty()) return tl::unexpected<Diagnostics>(std::move(problems_));
    std::vector<FaultRule> out;
    for (auto& [id, rule] : rules_) {
      std::ranges::sort(rule.links);  // as in the run that was recorded
      out.push_back(std::move(rule));
    }
    return out;
  }

 private:
  void problem(std::size_t line, const std::string& message) {
    problems_.add(ErrorCode::kInvalid, fmt::format("{}:{}: {}", printable(file_), line, message));
  }

  void read_row(const TextRow& row) {
    if (row.words.size() != std::size(kColumns))
      return problem(row.line, fmt::format("has {} columns and not {}", row.words.size(),
                                           std::size(kColumns)));
    if (row.words[2] == "node") return read_node_row(row);
    const auto link = links_.find(row.words[1]);
    if (link == links_.end()) return problem(row.line, no_link(row.words[1]));
    if (row.words[2] != "tx" && row.words[2] != "rx")
      return problem(row.line,
                     fmt::format("direction {} is neither tx nor rx, nor node", row.words[2]));
    const Result<std::uint64_t> ordinal = parse_unsigned(row.words[3]);
    const Result<std::int64_t> at = parse_integer(row.words[5]);
    const Result<FaultAction> action = parse_fault_action(row.words[4]);
    if (!ordinal) return problem(row.line, ordinal.error().message);
    if (!at || *at < 0)
      return problem(row.line, fmt::format("at_ps {} is not a time", row.words[5]));
    if (!action) return problem(row.line, action.error().message);
    const Hop hop{link->second, static_cast<std::uint8_t>(row.words[2] == "tx" ? 0 : 1)};
    add(row, {.at = Instant{Duration{*at}}, .hop = hop, .ordinal = *ordinal, .action = *action});
  }

  // Of a rule about a node: what it did there is done again at the same instant.
  void read_node_row(const TextRow& row) {
    const auto node = nodes_.find(row.words[1]);
    if (node == nodes_.end())
      return problem(row.line, fmt::format("no node called \"{}\"{}", printable(row.words[1]),
                                           suggestion(row.words[1], names_of(nodes_))));
    const Result<std::uint64_t> ordinal = parse_unsigned(row.words[3]);
    const Result<std::int64_t> at = parse_integer(row.words[5]);
    if (!ordinal) return problem(row.line, ordinal.error().message);
    if (!at || *at < 0)
      return problem(row.line, fmt::format("at_ps {} is not a time", row.words[5]));
    const Instant from{Duration{*at}};
    const Result<NodeTrouble> trouble = parse_node_trouble(row.words[4], from);
    if (!trouble) return problem(row.line, trouble.error().message);
    // A rule has one node here, so that what it did at several stays in order of time at each.
    FaultRule& rule = rules_[row.words[0] + "@" + row.words[1]];
    if (rule.id.empty()) {
      rule = like_;
      rule.id = row.words[0];
      rule.target = fmt::format("{} of {}", row.words[0], like_.target);
      rule.nodes = {node->second};
    }
    if (!rule.node_events.empty() && rule.node_events.back().at > from)
      return problem(row.line, "is earlier than the line of this node before it");
    rule.node_events.push_back({.at = from,
                                .rule = 0,
                                .node = NodeId{node->second},
                                .ordinal = *ordinal,
                                .trouble = *trouble});
  }

  // Lines "# late RULE PICOSECONDS LINK tx|rx|both", which are comments to others.
  void read_lateness(std::string_view text) {
    constexpr std::string_view kBegin = "# late ";
    for (std::size_t at = 0, line = 1; at < text.size(); ++line) {
      const std::size_t end = std::min(text.find('\n', at), text.size());
      const std::string_view said = text.substr(at, end - at);
      at = end + 1;
      if (said.starts_with(kBegin)) read_late(line, text_rows(said.substr(kBegin.size())));
    }
  }

  void read_late(std::size_t line, const std::vector<TextRow>& rows) {
    const bool whole = rows.size() == 1 && rows.front().words.size() == 4;
    const Result<std::int64_t> late =
        whole ? parse_integer(rows.front().words[1]) : Result<std::int64_t>(-1);
    const std::string direction = whole ? rows.front().words[3] : "";
    if (!late || *late < 0 || (direction != "tx" && direction != "rx" && direction != "both"))
      return problem(line, "late takes a rule, picoseconds, a link, and tx, rx or both");
    const auto link = links_.find(rows.front().words[2]);
    if (link == links_.end()) return problem(line, no_link(rows.front().words[2]));
    FaultRule& rule = rule_called(rows.front().words[0]);
    add_link(rule, link->second);
    rule.events_late = std::min(Duration{*late}, kLongestTime);
    rule.forward = direction != "rx";
    rule.backward = direction != "tx";
  }

  std::string no_link(const std::string& name) const {
    return fmt::format("no link called \"{}\"{}", printable(name),
                       suggestion(name, names_of(links_)));
  }

  FaultRule& rule_called(const std::string& name) {
    FaultRule& rule = rules_[name];
    if (!rule.id.empty()) return rule;
    rule = like_;
    rule.id = name;
    rule.target = fmt::format("{} of {}", name, like_.target);
    return rule;
  }

  void add_link(FaultRule& rule, std::uint32_t link) {
    if (std::ranges::find(rule.links, link) == rule.links.end()) rule.links.push_back(link);
  }

  void add(const TextRow& row, const FaultFiring& firing) {
    FaultRule& rule = rule_called(row.words[0]);
    if (!rule.events.empty() && !go_together(rule.events.front().action.what, firing.action.what))
      return problem(row.line, fmt::format("rule {} does another kind of thing here than before",
                                           printable(row.words[0])));
    add_link(rule, firing.hop.link);
    rule.events.push_back(firing);
  }

  std::string file_;
  const FaultRule& like_;
  std::map<std::string, std::uint32_t> links_, nodes_;
  std::map<std::string, FaultRule> rules_;  // by name
  Diagnostics problems_;
};

}  // namespace

Checked<std::vector<FaultRule>> read_events(const std::string& file, const FaultRule& like,
                                            const Topology& topology, std::size_t nodes) {
  return EventReader(file, like, topology, nodes).read();
}

}  // namespace soliton
