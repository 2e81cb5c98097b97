#include "topologies/topology_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <set>

#include "protocol/base/check.h"

namespace soliton {
namespace {

bool has(const std::vector<Field>& rows, std::string_view key) {
  return std::ranges::any_of(rows, [&](const Field& row) { return row.key == key; });
}

void append(std::vector<Field>& rows, std::span<const Field> more) {
  for (const Field& row : more)
    if (!has(rows, row.key)) rows.push_back(row);
}

std::vector<Field> rows_of(const TopologyKind& kind) {
  std::vector<Field> rows;
  append(rows, kTopologyNameRows);
  if (kind.wired) append(rows, kTopologyRateRows);
  append(rows, kind.fields.fields);
  if (kind.wired) append(rows, kTopologyQueueRows);
  if (kind.routed) append(rows, kTopologyRoutedRows);
  if (kind.drawn)
    append(rows, kTopologyDrawnRows);
  else if (kind.wired)
    append(rows, kTopologySwitchesRows);
  if (kind.wired) append(rows, kTopologyLinksRows);
  return rows;
}

std::vector<Field> rows_of_all(TopologyKinds kinds) {
  static std::vector<FieldWord> names;
  for (const TopologyKind* kind : kinds) names.push_back({.spelling = kind->name});
  std::vector<Field> rows;
  append(rows, kTopologyNameRows);
  rows.back() = rows.back().as(FieldType::kText).spelled(names);
  append(rows, kTopologyRateRows);
  for (const TopologyKind* kind : kinds)
    for (const Field& row : kind->fields.fields)
      if (!has(rows, row.key)) rows.push_back(row.from(kind->fields));
  append(rows, kTopologyQueueRows);
  append(rows, kTopologyRoutedRows);
  // A map for some kinds, a list for others: the tables of both are described.
  rows.push_back(
      described("switches",
                "Of kind `explicit`: switches by name. Of other kinds: `buffer`, `alpha` "
                "and `classes` of all switches.")
          .of(kSwitchFields));
  append(rows, kTopologyLinksRows);
  return rows;
}

const std::vector<Field> kAllRows = rows_of_all(topology_kinds());

}  // namespace

const FieldTable kTopologyFields = fields_of<TopologySpec>("topology", kAllRows);

void check_ecn_keys(void* ecn, FieldCheck& check) {
  const auto& marking = *static_cast<const EcnMarking*>(ecn);
  if (marking.kmax < marking.kmin)
    check.error("kmax",
                fmt::format("{} is below kmin, {}", spell(marking.kmax), spell(marking.kmin)));
}

void check_pause_keys(void* pause, FieldCheck& check) {
  const auto& pfc = *static_cast<const PriorityPause*>(pause);
  if (pfc.xon && *pfc.xon >= pfc.xoff)
    check.error("xon", fmt::format("{} is not below xoff, {}", spell(*pfc.xon), spell(pfc.xoff)));
}

void check_other_traffic_keys(void* object, FieldCheck& check) {
  auto& other = *static_cast<OtherTraffic*>(object);
  const bool listed = other.lengths == BurstLengths::kListed;
  const bool uniform = other.lengths == BurstLengths::kUniform;
  const bool pareto = other.lengths == BurstLengths::kPareto;
  if (uniform && !check.has("longest")) check.error("", "longest is missing");
  if (listed == other.listed.empty())
    check.error(listed ? "" : "listed", listed ? "listed is missing: the lengths, with their shares"
                                               : "belongs to lengths: listed");
  if ((uniform || listed) && check.has("mean"))
    check.error("mean", "belongs to lengths: exponential or pareto");
  if (!uniform && !listed && !check.has("mean")) check.error("", "mean is missing");
  if (!pareto && check.has("shape")) check.error("shape", "belongs to lengths: pareto");
  if (!(other.shape > 1 && other.shape <= 100))
    check.error("shape", fmt::format("{} is not above 1 and at most 100", other.shape));
  if (listed) {
    Duration most{};
    for (const ListedBurst& its : other.listed) most = std::max(most, its.length);
    if (check.has("longest") && other.longest != most)
      check.error("longest", fmt::format("the longest that is listed takes {}", spell(most)));
    other.longest = most;
  } else if (!check.has("longest")) {
    other.longest = std::min<Duration>(times(other.mean, pareto ? 1'000 : 20), kLongestBurst);
  }
}

void check_traffic_class_keys(void*, FieldCheck& check) {
  if (check.has("strict") && check.has("weight"))
    check.error("weight", "a strict class has none: it goes before those that share the line");
}

void check_switch_queue_keys(void* object, FieldCheck& check) {
  const auto& queues = *static_cast<const SwitchQueues*>(object);
  if (!(queues.alpha >= 1.0 / 128 && queues.alpha <= 128))
    check.error("alpha", fmt::format("{} is not between 1/128 and 128", queues.alpha));
  if (check.has("alpha") && !queues.buffer)
    check.error("alpha", "belongs to buffer: queues of their own have the cable's `queue`");
  if (std::ssize(queues.classes) > kClassesMost)
    check.error("classes", fmt::format("more than {} classes", kClassesMost));
  std::map<std::int64_t, std::string> channels;
  std::set<std::string> names;
  for (const TrafficClass& its : queues.classes) {
    if (!names.insert(its.name).second)
      check.error("classes", fmt::format("\"{}\" is used twice", its.name));
    for (const std::int64_t channel : its.channels)
      if (const auto [first, fresh] = channels.emplace(channel, its.name); !fresh)
        check.error("classes",
                    fmt::format("channel {} is of {} and of {}", channel, first->second, its.name));
  }
}

void check_switch_keys(void* vertex, FieldCheck& check) {
  check_switch_queue_keys(&static_cast<Vertex*>(vertex)->queues, check);
}

std::vector<Field> topology_rows(const TopologyKind& kind, TopologyKinds kinds) {
  std::vector<Field> rows = rows_of(kind);
  for (const TopologyKind* other : kinds)
    for (const Field& row : rows_of(*other))
      if (!has(rows, row.key)) rows.push_back(described(row.key, row.meaning));
  return rows;
}

Settings all_options(const TopologyKind& kind, const Settings& options) {
  const std::shared_ptr<void> all = kind.fields.make();
  const Status set = assign(kind.fields, options, all.get());
  SOLITON_CHECK_MSG(set.has_value(), "{}", set.error().message);
  return collect(kind.fields, all.get());
}

}  // namespace soliton
