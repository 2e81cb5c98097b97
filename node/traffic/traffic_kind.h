// The kinds of communication workloads. A kind is one file in node/traffic/kinds and one line in
// the list, node/traffic/kind_list.cc. The reader of cluster files, their schema, `soliton list
// workloads`, the bytes of a deployment, the roles of nodes and the results all follow from these.
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
  const char* words;    // for lists: what it does, and what one record is
  const char* records;  // as in "3 of 9 messages completed"
  // Keys of `workload:` besides `kind`, over Traffic: kOneWayFields or a table of the kind. Its
  // rules check what needs several keys at once; they see the kind's own options too.
  FieldTable fields;
  // Keys that only this kind has, over a struct of the kind. Their values are in Traffic::own.
  FieldTable own{};
  // Messages go one way, so the receiver's cable is the bound: results state the share of it that
  // the messages, with their headers and frames, have used.
  bool fills_line = false;
  // Flows compete: results state how evenly they shared.
  bool competes = false;

  // Makes the role of node `options.self`; returns nullptr if the node has none. `traffic` must
  // outlive the role.
  std::unique_ptr<TrafficRole> (*make)(const Traffic& traffic, const TrafficRole::Options& options);
  // As completed_at(). Null: every record is completed at the receiver.
  std::uint64_t (*completed)(const Traffic& traffic, NodeId node) = nullptr;
  // As bytes_per_record(). Null: a record is one message.
  std::uint64_t (*record_bytes)(const Traffic& traffic) = nullptr;
  // Indices into `senders` of pairs that exchange messages, in any order and with repetitions.
  // Null: each sender with the receiver.
  std::vector<std::pair<std::size_t, std::size_t>> (*pairs)(const Traffic& traffic) = nullptr;
  // The title of a workload of this kind. Null: the kind's name.
  std::string (*title)(const Traffic& traffic) = nullptr;

  // Whether there is a single receiving node, Traffic::receiver.
  bool has_receiver() const { return pairs == nullptr; }
};

// All kinds, in the order of lists.
std::span<const TrafficKind* const> traffic_kinds();
// Null if no kind has that name.
const TrafficKind* find_traffic_kind(std::string_view name);

// The kind's own options as a value. REQUIRES: the kind's own table is over T.
template <typename T>
T own_options(const Traffic& traffic, const FieldTable& table) {
  T out;
  const Status assigned = assign(table, traffic.own, &out);
  SOLITON_CHECK_MSG(assigned.has_value(), "{}", assigned.error().message);
  return out;
}

inline constexpr Bytes kMessageMost{std::int64_t{1} << 30};  // the maximum size of an LTL message
inline constexpr std::int64_t kRecordsMost = 100'000'000;

// Rows that several kinds share. `naming("nodes")`: files have names of nodes, the value their
// numbers. `in("bytes")`: the key names its unit, so a bare number means bytes.
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

// One or more senders, and a receiver.
inline constexpr Field kOneWayRows[] = {kFromRow, kToRow, kBytesRow, kCountRow};
inline constexpr FieldTable kOneWayFields = fields_of<Traffic>("workload", kOneWayRows);
// Rules for kinds with exactly one sender.
void check_one_sender(void* traffic, FieldCheck& check);
// TrafficKind::completed for kinds whose records are completed at the sender of their flow, such as
// round trips.
std::uint64_t completed_at_senders(const Traffic& traffic, NodeId node);

}  // namespace soliton
