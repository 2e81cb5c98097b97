// The kinds of communication workloads. One is a file in node/traffic/kinds and a line in the list,
// node/traffic/kind_list.cc: the reader of cluster files, their schema, `soliton list workloads`,
// the bytes of a deployment, the roles of the nodes and the results all follow from it.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/traffic/traffic.h"
#include "node/traffic/traffic_role.h"
#include "protocol/base/fields.h"
#include "protocol/base/quantity.h"

namespace soliton {

struct TrafficKind {
  const char* name;     // as in cluster files
  const char* words;    // for lists: what it does, and what a record of it is
  const char* records;  // as in "3 of 9 messages completed"
  // Keys of `workload:` beside `kind`, over Traffic: kOneWayFields or a table of the kind's own.
  // Its rules check what takes several keys to see, and see the kind's own options, too.
  FieldTable fields;
  // Keys that no other kind has, over a struct of the kind's own. Values are in Traffic::own.
  FieldTable own{};
  // Messages go one way, so that the receiver's cable bounds them: results say how much of it the
  // messages, with the headers and frames that they need, have filled.
  bool fills_line = false;
  // Flows compete: results say how fair they were to each other.
  bool competes = false;

  // The part of `options.self`; nullptr if it has none. `traffic` outlives the role.
  std::unique_ptr<TrafficRole> (*make)(const Traffic& traffic, const TrafficRole::Options& options);
  // As completed_at(). Null: every record ends at the receiver.
  std::uint64_t (*completed)(const Traffic& traffic, NodeId node) = nullptr;
  // As bytes_per_record(). Null: a message.
  std::uint64_t (*record_bytes)(const Traffic& traffic) = nullptr;
  // Positions in `senders` that exchange messages, in any order and as often as is convenient.
  // Null: each sender with the receiver.
  std::vector<std::pair<std::size_t, std::size_t>> (*pairs)(const Traffic& traffic) = nullptr;
  // Null: its name.
  std::string (*title)(const Traffic& traffic) = nullptr;

  // There is one node that receives, Traffic::receiver.
  bool has_receiver() const { return pairs == nullptr; }
};

// All kinds, in the order of lists.
std::span<const TrafficKind* const> traffic_kinds();
// Null: none is called so.
const TrafficKind* find_traffic_kind(std::string_view name);

// The kind's own options as a value. REQUIRES: the kind's own table is over T.
template <typename T>
T own_options(const Traffic& traffic, const FieldTable& table) {
  T out;
  const Status assigned = assign(table, traffic.own, &out);
  SOLITON_CHECK_MSG(assigned.has_value(), "{}", assigned.error().message);
  return out;
}

inline constexpr Bytes kMessageMost{std::int64_t{1} << 30};  // of an LTL message
inline constexpr std::int64_t kRecordsMost = 100'000'000;

// Rows that several kinds share. `naming("nodes")`: names of nodes in files, numbers here.
// `in("bytes")`: the key names its unit, so a bare number is one of bytes.
inline constexpr Field kFromRow =
    field<&Traffic::senders>("from", "Who sends: a node, a range such as fpga[0-7], or a list.")
        .naming("nodes")
        .needed();
inline constexpr Field kToRow = field<&Traffic::receiver>("to", "Who receives.")
                                    .as(FieldType::kInteger)
                                    .naming("nodes")
                                    .needed();
inline constexpr Field kNodesRow =
    field<&Traffic::senders>("nodes", "Who takes part: ranges such as fpga[0-7], or a list.")
        .naming("nodes")
        .needed();
inline constexpr Field kBytesRow = field<&Traffic::bytes>("bytes", "Payload of a message.")
                                       .as(FieldType::kBytes)
                                       .in("bytes")
                                       .between(Bytes{1}, kMessageMost);
inline constexpr Field kCountRow =
    field<&Traffic::count>("count", "Messages that each sender sends.")
        .between(std::int64_t{1}, kRecordsMost);

// A sender, or several, and a receiver.
inline constexpr Field kOneWayRows[] = {kFromRow, kToRow, kBytesRow, kCountRow};
inline constexpr FieldTable kOneWayFields = fields_of<Traffic>("workload", kOneWayRows);
// Rules for kinds with exactly one sender.
void check_one_sender(void* traffic, FieldCheck& check);
// TrafficKind::completed of kinds whose records end where their flow's sender is, as round trips
// do.
std::uint64_t completed_at_senders(const Traffic& traffic, NodeId node);

}  // namespace soliton
