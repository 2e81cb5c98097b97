#include "node/traffic/traffic.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <bit>

#include "node/traffic/traffic_kind.h"

namespace soliton {

const TrafficKind* find_traffic_kind(std::string_view name) {
  for (const TrafficKind* kind : traffic_kinds())
    if (kind->name == name) return kind;
  return nullptr;
}

std::unique_ptr<TrafficRole> make_traffic_role(const Traffic& traffic,
                                               const TrafficRole::Options& options) {
  return traffic.kind->collective != nullptr ? make_collective_role(traffic, options)
                                             : traffic.kind->make(traffic, options);
}

void check_one_sender(void* traffic, FieldCheck& check) {
  const std::size_t n = static_cast<const Traffic*>(traffic)->senders.size();
  if (n > 1)
    check.error("from",
                fmt::format("names {} nodes, but one node sends (kind: incast has several)", n));
}

std::string title_with_schedule(const Traffic& traffic) {
  const Field& row = *traffic.kind->own.find("schedule");
  const auto schedule = own_options<ScheduleOptions>(traffic, traffic.kind->own).schedule;
  return fmt::format("{} ({})", traffic.kind->name, spelling(row.words, schedule));
}

void check_ranks(void* object, FieldCheck& check) {
  const Traffic& traffic = *static_cast<const Traffic*>(object);
  const std::size_t n = traffic.senders.size() + (traffic.kind->has_receiver ? 1 : 0);
  if (n < 2)
    return check.error("nodes",
                       fmt::format("names one node; {} takes at least two", traffic.kind->name));
  const Field* const row = traffic.kind->own.find("schedule");
  if (row == nullptr || std::has_single_bit(n)) return;
  const auto schedule = own_options<ScheduleOptions>(traffic, traffic.kind->own).schedule;
  if (schedule != ScheduleName::kDoubling && schedule != ScheduleName::kHalvingDoubling) return;
  std::vector<std::string_view> others;
  for (const FieldWord& other : row->words)
    if (other.number != static_cast<std::int64_t>(schedule)) others.push_back(other.spelling);
  check.error("schedule",
              fmt::format("{} pairs the nodes off, so it takes a power of two of them, "
                          "not {}; {} take any number",
                          spelling(row->words, schedule), n, fmt::join(others, " and ")));
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

std::uint32_t flows_of(const Traffic& traffic) {
  const TrafficKind& kind = *traffic.kind;
  if (kind.collective != nullptr) return collective_flows(traffic);
  if (kind.flows != nullptr) return kind.flows(traffic);
  return static_cast<std::uint32_t>(traffic.senders.size());
}

FlowEnds ends_of(const Traffic& traffic, std::uint32_t flow) {
  const TrafficKind& kind = *traffic.kind;
  if (kind.collective != nullptr) return collective_ends(traffic, flow);
  if (kind.ends != nullptr) return kind.ends(traffic, flow);
  FlowEnds out{traffic.senders[flow], std::nullopt};
  if (kind.has_receiver) out.to = traffic.receiver;
  return out;
}

std::uint64_t expected_records(const Traffic& traffic) {
  return std::uint64_t{traffic.count} * flows_of(traffic);
}

std::vector<NodeId> nodes_of(const Traffic& traffic) {
  std::vector<NodeId> out = traffic.senders;
  if (traffic.kind->has_receiver) out.push_back(traffic.receiver);
  return out;
}

std::uint64_t completed_at(const Traffic& traffic, NodeId node) {
  if (traffic.kind->collective != nullptr) return collective_completed(traffic, node);
  if (traffic.kind->completed != nullptr) return traffic.kind->completed(traffic, node);
  return node == traffic.receiver ? expected_records(traffic) : 0;
}

std::uint64_t completed_at_senders(const Traffic& traffic, NodeId node) {
  const auto flows = std::count(traffic.senders.begin(), traffic.senders.end(), node);
  return static_cast<std::uint64_t>(flows) * traffic.count;
}

std::vector<std::pair<NodeId, NodeId>> talking_pairs(const Traffic& traffic) {
  const TrafficKind& kind = *traffic.kind;
  std::vector<std::pair<NodeId, NodeId>> pairs;
  if (kind.collective != nullptr) {
    pairs = collective_pairs(traffic);
  } else if (kind.pairs != nullptr) {
    pairs = kind.pairs(traffic);
  } else {
    for (std::uint32_t flow = 0; flow < flows_of(traffic); ++flow)
      if (const FlowEnds ends = ends_of(traffic, flow); ends.to)
        pairs.emplace_back(ends.from, *ends.to);
  }
  for (auto& [a, b] : pairs)
    if (b < a) std::swap(a, b);
  std::erase_if(pairs, [](const auto& pair) { return pair.first == pair.second; });
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());
  return pairs;
}

std::uint64_t bytes_per_record(const Traffic& traffic) {
  return traffic.kind->record_bytes != nullptr ? traffic.kind->record_bytes(traffic)
                                               : traffic.bytes;
}

std::uint64_t bytes_of_record(const Traffic& traffic, std::uint32_t flow, std::uint32_t number) {
  return traffic.kind->bytes_of != nullptr ? traffic.kind->bytes_of(traffic, flow, number)
                                           : bytes_per_record(traffic);
}

bool is_measured(const Traffic& traffic) { return traffic.kind->measured; }

std::string title_of(const Traffic& traffic) {
  return traffic.kind->title != nullptr ? traffic.kind->title(traffic) : traffic.kind->name;
}

}  // namespace soliton
