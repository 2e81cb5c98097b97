// The keys of `faults:`: those that all rules have, and those of each kind.
#include <algorithm>
#include <iterator>
#include <vector>

#include "cluster/file/cluster_fields.h"
#include "cluster/file/parts.h"
#include "fabric/faults/fault_plan.h"

namespace soliton {
namespace {

constexpr Field kFaultLinksRows[] = {
    described("name", "As `link`.", FieldType::kText),
    described("from", "One end: a node, a switch, or a selector of nodes.", FieldType::kText),
    described("to", "The other end.", FieldType::kText),
    described("node", "All links of a node or switch.", FieldType::kText),
    described("between", "`[A, B]`, short for from and to in both directions.", FieldType::kOther),
};

constexpr FieldWord kDirections[] = {word("tx", Direction::kTx), word("rx", Direction::kRx),
                                     word("both", Direction::kBoth)};
constexpr auto kFaultMatchRows =
    joined(kPacketMatchRows,
           std::to_array<Field>(
               {described("from", "Packets from these nodes, a selector.", FieldType::kText),
                described("to", "Packets to these nodes, a selector.", FieldType::kText)}));

constexpr FieldWord kPickModes[] = {
    word("all", LinkPick::Mode::kAll), word("one", LinkPick::Mode::kOne),
    word("count", LinkPick::Mode::kCount), word("percent", LinkPick::Mode::kPercent),
    word("random", LinkPick::Mode::kRandom)};
constexpr Field kFaultPickRows[] = {
    field<&LinkPick::mode>(
        "mode",
        "`all` of those named; `one`, or a `count`, or a `percent` of them, drawn "
        "by the seed; `random`: each with the chance `share`.")
        .spelled(kPickModes),
    field<&LinkPick::count>("count", "Of `count`: how many, or all if there are fewer.")
        .between<std::int64_t>(1, 1'000'000),
    field<&LinkPick::share>("share", "Of `percent`, rounded up to whole links, and of `random`.")
        .between(Probability{0}, Probability{1'000'000'000}),
};

constexpr Field kFaultWhereRows[] = {
    described("direction", "`tx`: from the end named first.", FieldType::kChoice)
        .spelled(kDirections)
        .by_default("both"),
    described("links", "Which links.", FieldType::kMap).of(kFaultLinksFields),
    described("switches", "As `switch`.", FieldType::kText),
    described("nodes", "As `node`.", FieldType::kText),
    described("match", "Which packets.", FieldType::kMap).of(kFaultMatchFields).by_default("all"),
    described("pick", "Which of the links or nodes named.", FieldType::kMap)
        .of(kFaultPickFields)
        .by_default("all"),
};

constexpr Field kFaultPoissonRows[] = {
    field<&PoissonKeys::every>("every", "Mean time between beginnings, such as `1025 d`.").needed(),
    field<&PoissonKeys::accelerate>("accelerate",
                                    "So many times as often as that: what is rare in the field "
                                    "happens in a run.")
        .between<std::int64_t>(0, 1'000'000'000'000),
};

constexpr FieldWord kTriggers[] = {word("packet", FaultTrigger::kPacket),
                                   word("message_delivered", FaultTrigger::kMessageDelivered),
                                   word("failover_started", FaultTrigger::kFailoverStarted)};
constexpr Field kFaultWhenRows[] = {
    described("from", "Begins.", FieldType::kDuration).between(Duration{0}, kLongestTime),
    described("to", "Ends.", FieldType::kDuration).between(Duration{0}, kLongestTime),
    described("at", "Begins.", FieldType::kDuration).between(Duration{0}, kLongestTime),
    described("for", "Lasts; of a rule that repeats, each time.", FieldType::kDuration)
        .between(Duration{1}, kLongestTime),
    described("every", "Begins again and again at this distance.", FieldType::kDuration)
        .between(Duration{1}, kLongestTime),
    described("jitter", "Of `every`: each time later by up to this, at random.",
              FieldType::kDuration)
        .between(Duration{0}, kLongestTime),
    described("poisson", "Begins at random instants.", FieldType::kMap).of(kFaultPoissonFields),
    described("on",
              "Begins with `packet` number `count` of its link and direction that `match` lets "
              "through; of "
              "rules about nodes with `message_delivered` number `count` at the node, or when it "
              "hears of "
              "`failover_started` number `count`.",
              FieldType::kChoice)
        .spelled(kTriggers),
    described("count", "Of `on`, from 1; of `failover_started` 1 if it is left out.",
              FieldType::kInteger)
        .between<std::int64_t>(1, 1'000'000'000'000),
    described("limit", "Begins at most so often.", FieldType::kInteger)
        .between<std::int64_t>(1, 1'000'000)
        .by_default("no limit"),
};

constexpr Field kFaultCommonRows[] = {
    described("id", "Name of the rule.", FieldType::kName).by_default("fault0, fault1, ..."),
    described("kind", "What happens.", FieldType::kText),
    described("where", "On which links, switches or nodes.", FieldType::kMap).of(kFaultWhereFields),
    described("when", "When the rule is in force.", FieldType::kMap)
        .of(kFaultWhenFields)
        .by_default("all the time"),
    described("sets",
              "Of `partition` and `misroute`: a list of sets of nodes, each a selector or a list.",
              FieldType::kOther),
    described("cycle",
              "Of `pfc_deadlock`: switches, each with a cable to the next and the last to the "
              "first; the port of "
              "each waits for that of the next.",
              FieldType::kOther),
    described("link", "Short for `where: {links: {name: ...}}`: a name, range or glob of links.",
              FieldType::kText),
    described("switch",
              "Short for `where: {switches: ...}`: a name, range or glob of switches, for "
              "`switch_down`.",
              FieldType::kText),
    described("node",
              "Short for `where: {nodes: ...}`: names, ranges, globs and properties of nodes, for "
              "faults of nodes.",
              FieldType::kText),
    described("at", "Short for `when: {at: ...}`.", FieldType::kDuration),
    described("for", "Short for `when: {for: ...}`.", FieldType::kDuration),
    described("every", "Short for `when: {every: ...}`.", FieldType::kDuration),
    described(
        "profile",
        "In place of a kind: `lossy_lan`, `storm`, `swizzle`, `rack_loss` or `seu_year`, which "
        "stand for several rules; with `at`, `for`, `link` and `switch`.",
        FieldType::kText),
};

constexpr Field kFaultProfileRows[] = {
    described("profile", "`lossy_lan`, `storm`, `swizzle`, `rack_loss` or `seu_year`.",
              FieldType::kText),
    described("at", "Begins.", FieldType::kDuration).between(Duration{0}, kLongestTime),
    described("for", "Lasts.", FieldType::kDuration)
        .between(Duration{1'000'000}, kLongestTime)
        .by_default("5 ms"),
    described("link", "Which links: a name, range or glob.", FieldType::kText).by_default("all"),
    described("switch", "Of `rack_loss`: which switches.", FieldType::kText).by_default("tor0"),
};

// The row that a path of keys leads to.
const Field& row_at(const FieldTable& table, std::string_view path) {
  const std::size_t dot = path.find('.');
  const Field& row = *table.find(path.substr(0, dot));
  return dot == std::string_view::npos ? row : row_at(*row.table, path.substr(dot + 1));
}

bool has_row(const std::vector<Field>& rows, std::string_view key) {
  return std::ranges::any_of(rows, [&](const Field& row) { return row.key == key; });
}

// Common keys, then those of each kind, then its short form. A key that several kinds have stands once.
FieldTable fault_fields() {
  static std::vector<Field> rows(std::begin(kFaultCommonRows), std::end(kFaultCommonRows));
  static std::vector<FieldWord> kinds;
  for (const FaultKind* kind : fault_kinds()) {
    kinds.push_back({kind->name, 0});
    for (const Field& row : kind->fields.fields)
      if (!has_row(rows, row.key)) rows.push_back(row.from(kind->fields));
    if (has_row(rows, kind->name)) continue;
    Field row = described(kind->name, kind->words, FieldType::kFlag);
    if (kind->short_path == "sets")
      row.type = FieldType::kOther;
    else if (!kind->short_path.empty())
      row.type = row_at(kind->fields, kind->short_path).type;
    rows.push_back(row);
  }
  for (Field& row : rows)
    if (row.key == "kind") row.words = kinds;
  return fields_of<FaultSpec>("fault", rows);
}

void check_pick(void* object, FieldCheck& check) {
  const auto& pick = *static_cast<const LinkPick*>(object);
  const bool shares = pick.mode == LinkPick::Mode::kPercent || pick.mode == LinkPick::Mode::kRandom;
  if (check.has("count") && pick.mode != LinkPick::Mode::kCount)
    check.error("count", "belongs to mode: count");
  if (check.has("share") != shares)
    check.error(check.has("share") ? "share" : "", "share belongs to mode: percent and random");
}

void check_match(void* object, FieldCheck& check) {
  const auto& match = *static_cast<const PacketMatch*>(object);
  if (match.most < match.least) check.error("most", "is below least");
}

}  // namespace

const FieldTable kFaultFields = fault_fields();
constexpr FieldTable kFaultWhereFields = fields_of<FaultSpec>("fault_where", kFaultWhereRows);
constexpr FieldTable kFaultLinksFields = fields_of<FaultSpec>("fault_links", kFaultLinksRows);
constexpr FieldTable kFaultWhenFields = fields_of<FaultSpec>("fault_when", kFaultWhenRows);
constexpr FieldTable kFaultMatchFields =
    fields_of<PacketMatch>("fault_match", kFaultMatchRows).ruled(&check_match);
constexpr FieldTable kFaultPickFields =
    fields_of<LinkPick>("fault_pick", kFaultPickRows).ruled(&check_pick);
constexpr FieldTable kFaultProfileFields = fields_of<FaultSpec>("fault_profile", kFaultProfileRows);
constexpr FieldTable kFaultPoissonFields =
    fields_of<PoissonKeys>("fault_poisson", kFaultPoissonRows);

}  // namespace soliton
