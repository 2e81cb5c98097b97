#include "node/traffic/traffic.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "node/traffic/traffic_kind.h"

namespace soliton {

const TrafficKind* find_traffic_kind(std::string_view name) {
  for (const TrafficKind* kind : traffic_kinds())
    if (kind->name == name) return kind;
  return nullptr;
}

void check_one_sender(void* traffic, FieldCheck& check) {
  const std::size_t n = static_cast<const Traffic*>(traffic)->senders.size();
  if (n > 1)
    check.error("from",
                fmt::format("names {} nodes, but one node sends (kind: incast has several)", n));
}

Traffic traffic_of_kind(const TrafficKind& kind) {
  Traffic traffic;
  traffic.kind = &kind;
  if (kind.own.defaults != nullptr) traffic.own = collect(kind.own, kind.own.defaults());
  return traffic;
}

Status set_own(Traffic& traffic, std::string_view key, std::string_view text) {
  const Field* const row = traffic.kind->own.find(key);
  if (row == nullptr)
    return invalid(fmt::format("kind {} has no key \"{}\"", traffic.kind->name, key));
  Result<FieldValue> value = parse_value(*row, text);
  if (!value) return tl::unexpected<Error>(value.error());
  for (Setting& setting : traffic.own)
    if (setting.key == key) setting.value = std::move(*value);
  return {};
}

std::uint64_t expected_records(const Traffic& traffic) {
  return std::uint64_t{traffic.count} * traffic.senders.size();
}

std::uint64_t completed_at(const Traffic& traffic, NodeId node) {
  if (traffic.kind->completed != nullptr) return traffic.kind->completed(traffic, node);
  return node == traffic.receiver ? expected_records(traffic) : 0;
}

std::uint64_t completed_at_senders(const Traffic& traffic, NodeId node) {
  const auto flows = std::count(traffic.senders.begin(), traffic.senders.end(), node);
  return static_cast<std::uint64_t>(flows) * traffic.count;
}

std::vector<std::pair<NodeId, NodeId>> talking_pairs(const Traffic& traffic) {
  std::set<std::pair<NodeId, NodeId>> pairs;
  const auto add = [&](NodeId a, NodeId b) {
    if (a != b) pairs.insert({std::min(a, b), std::max(a, b)});
  };
  if (traffic.kind->pairs != nullptr) {
    for (const auto& [a, b] : traffic.kind->pairs(traffic))
      add(traffic.senders[a], traffic.senders[b]);
  } else {
    for (const NodeId sender : traffic.senders) add(sender, traffic.receiver);
  }
  return {pairs.begin(), pairs.end()};
}

std::uint64_t bytes_per_record(const Traffic& traffic) {
  return traffic.kind->record_bytes != nullptr ? traffic.kind->record_bytes(traffic)
                                               : traffic.bytes;
}

std::string title_of(const Traffic& traffic) {
  return traffic.kind->title != nullptr ? traffic.kind->title(traffic) : traffic.kind->name;
}

}  // namespace soliton
