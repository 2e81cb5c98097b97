#include "topologies/topology_fields.h"

#include <fmt/format.h>

#include <algorithm>

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
  if (kind.drawn) append(rows, kTopologyDrawnRows);
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
  for (const Field& row : kTopologyDrawnRows) rows.push_back(row.from(kTopologyDrawnFields));
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
