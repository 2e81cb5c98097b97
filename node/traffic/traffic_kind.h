// The kinds of communication workloads. A kind is one file in node/traffic/kinds and one line in
// the list, node/traffic/kind_list.cc. The reader of cluster files, their schema, `soliton list
// workloads`, the bytes of a deployment, the roles of nodes and the results all follow from these.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/traffic/collective.h"
#include "node/traffic/least_times.h"
#include "node/traffic/traffic.h"
#include "node/traffic/traffic_role.h"
#include "protocol/base/fields.h"
#include "protocol/base/quantity.h"

namespace soliton {

// A file that a workload names, and the nodes of the cluster by name.
struct TrafficFile {
  std::string path;
  std::string_view text;
  const std::map<std::string, std::uint32_t>& nodes;
};

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
  // Its messages are what a run measures and waits for. Others go on until the run ends, and are a part
  // of it only beside workloads that are measured.
  bool measured = true;
  // Flows compete: results state how evenly they shared.
  bool competes = false;

  // Of kinds that go by a schedule (collective.h). The next five members are then null.
  Collective (*collective)(const Traffic& traffic) = nullptr;

  // Makes the role of node `options.self`; returns nullptr if the node has none. `traffic` must
  // outlive the role.
  std::unique_ptr<TrafficRole> (*make)(const Traffic& traffic,
                                       const TrafficRole::Options& options) = nullptr;
  // As completed_at(). Null: every record is completed at the receiver.
  std::uint64_t (*completed)(const Traffic& traffic, NodeId node) = nullptr;
  // As flows_of(). Null: one for each sender.
  std::uint32_t (*flows)(const Traffic& traffic) = nullptr;
  // As ends_of(). Null: the sender with that number and, if the kind has one, the receiver.
  FlowEnds (*ends)(const Traffic& traffic, std::uint32_t flow) = nullptr;
  // Pairs that exchange messages, in any order and with repetitions. Null: the ends of each flow.
  std::vector<std::pair<NodeId, NodeId>> (*pairs)(const Traffic& traffic) = nullptr;

  // As bytes_per_record(). Null: a record is one message.
  std::uint64_t (*record_bytes)(const Traffic& traffic) = nullptr;
  // As bytes_of_record(). Null: all records are alike.
  std::uint64_t (*bytes_of)(const Traffic& traffic, std::uint32_t flow,
                            std::uint32_t number) = nullptr;
  // The least time from when the first message is handed over until the last record is complete.
  // Null: no bound is known.
  Duration (*bound)(const Traffic& traffic, const LeastTimes& least) = nullptr;
  // The title of a workload of this kind. Null: the kind's name.
  std::string (*title)(const Traffic& traffic) = nullptr;
  // Takes from the file that the key `file` names what the kind needs, into Traffic::table. Errors: all
  // that is wrong with it, each as "file:line: what is wrong". Null: the kind has no such key.
  Diagnostics (*read_file)(const TrafficFile& file, Traffic& traffic) = nullptr;
  // Traffic::receiver is a node of the workload.
  bool has_receiver = false;
};

// The role of a node in a workload; nullptr if it has none. `traffic` must outlive it.
std::unique_ptr<TrafficRole> make_traffic_role(const Traffic& traffic,
                                               const TrafficRole::Options& options);

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
constexpr Field bytes_row(std::string_view meaning) {
  return field<&Traffic::bytes>("bytes", meaning)
      .as(FieldType::kBytes)
      .in("bytes")
      .between(Bytes{1}, kMessageMost);
}
inline constexpr Field kBytesRow = bytes_row("Payload of a message.");
inline constexpr Field kCountRow =
    field<&Traffic::count>("count", "Messages that each sender sends.")
        .between(std::int64_t{1}, kRecordsMost);
inline constexpr Field kRoundsRow =
    field<&Traffic::count>("count", "Rounds.").between(std::int64_t{1}, kRecordsMost);

// How a collective goes. A kind has a table of its own, whose words are those schedules that it can
// be done by.
struct ScheduleOptions {
  ScheduleName schedule = ScheduleName::kRing;
};
inline constexpr FieldWord kDirectWord = word("direct", ScheduleName::kDirect);
inline constexpr FieldWord kPairwiseWord = word("pairwise", ScheduleName::kPairwise);
inline constexpr FieldWord kRingWord = word("ring", ScheduleName::kRing);
inline constexpr FieldWord kDoublingWord = word("doubling", ScheduleName::kDoubling);
inline constexpr FieldWord kHalvingDoublingWord =
    word("halving-doubling", ScheduleName::kHalvingDoubling);
inline constexpr FieldWord kTreeWord = word("tree", ScheduleName::kTree);
constexpr Field schedule_row(std::span<const FieldWord> words) {
  return field<&ScheduleOptions::schedule>("schedule", "How the data travel.")
      .spelled(words)
      .by_default("direct; of all-reduce and reduce-scatter ring, of broadcast tree");
}
// "all-reduce (ring)".
std::string title_with_schedule(const Traffic& traffic);
// A rule: reports fewer than two nodes, and numbers of nodes that the schedule cannot be done with.
void check_ranks(void* traffic, FieldCheck& check);

// One or more senders, and a receiver.
inline constexpr Field kOneWayRows[] = {kFromRow, kToRow, kBytesRow, kCountRow};
inline constexpr FieldTable kOneWayFields = fields_of<Traffic>("workload", kOneWayRows);
// Rules for kinds with exactly one sender.
void check_one_sender(void* traffic, FieldCheck& check);
// TrafficKind::completed for kinds whose records are completed at the sender of their flow, such as
// round trips.
std::uint64_t completed_at_senders(const Traffic& traffic, NodeId node);

}  // namespace soliton
