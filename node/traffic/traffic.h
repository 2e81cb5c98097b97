// Communication workloads as values: who sends what to whom, without a model. Every node gets the
// same value and finds its own part in it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/deployment/records.h"
#include "protocol/base/fields.h"
#include "protocol/base/quantity.h"
#include "protocol/base/types.h"

namespace soliton {

struct TrafficKind;

struct Traffic {
  const TrafficKind* kind = nullptr;  // traffic_kind.h
  std::vector<NodeId> senders;        // senders, one flow each; or the nodes of a group
  NodeId receiver{};                  // only for kinds that have a receiver, or a root
  std::uint64_t bytes = 64;           // payload of a message; for a group as its kind defines
  std::uint32_t count = 1'000;        // messages of each flow, or rounds
  std::uint64_t seed = 1;             // of the messages' contents
  bool contents = true;  // false: messages are sizes without bytes, and nothing is verified
  // Of kinds that need it: the rate of the slowest line of all that take part.
  BitRate line{};
  std::vector<std::int64_t> table;  // what a kind has read from its file (TrafficKind::read_file)
  Settings own;                     // the complete options of the kind itself, by its table

  bool operator==(const Traffic&) const = default;
};

// Of one run.
inline constexpr std::size_t kWorkloadsMost = 64;
// One of several workloads of a run.
struct NamedTraffic {
  std::string name;
  Duration start{};  // after the run's
  Traffic traffic;
  std::string position;  // "file:line:column" for errors

  bool operator==(const NamedTraffic&) const = default;
};

// A workload of `kind`, whose own options have their defaults.
Traffic traffic_of_kind(const TrafficKind& kind);
// Sets one of the kind's own options from the text of a file. Errors: unknown key; value not
// allowed (the message says what is).
Status set_own(Traffic& traffic, std::string_view key, std::string_view text);

// The first and the last node of a flow, as its records see it. `to` is unset where a record is a
// node's own, such as its round.
struct FlowEnds {
  NodeId from{};
  std::optional<NodeId> to;
  bool operator==(const FlowEnds&) const = default;
};

// Flows are numbered from 0; a flow has Traffic::count records.
std::uint32_t flows_of(const Traffic& traffic);
FlowEnds ends_of(const Traffic& traffic, std::uint32_t flow);
// Number of records of a complete run, with the two ends of a message joined.
std::uint64_t expected_records(const Traffic& traffic);
// The nodes that take part, each once.
std::vector<NodeId> nodes_of(const Traffic& traffic);
// Number of records that this node completes.
std::uint64_t completed_at(const Traffic& traffic, NodeId node);
// Payload bytes of one record, of those kinds whose records differ in it.
std::uint64_t bytes_of_record(const Traffic& traffic, std::uint32_t flow, std::uint32_t number);
// Pairs of nodes that exchange messages, each once and the lower node first, in ascending order.
std::vector<std::pair<NodeId, NodeId>> talking_pairs(const Traffic& traffic);
// Payload bytes that one record stands for.
std::uint64_t bytes_per_record(const Traffic& traffic);
// Whether its messages are what a run measures and waits for.
bool is_measured(const Traffic& traffic);
// A title: "incast 5 : 1", "all-gather (ring)".
std::string title_of(const Traffic& traffic);

}  // namespace soliton
