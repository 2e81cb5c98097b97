// Communication workloads as values: who sends what to whom, without any model behind it. The same
// value goes to every node, which finds its own part in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "node/deployment/records.h"
#include "protocol/base/fields.h"
#include "protocol/base/types.h"

namespace soliton {

struct TrafficKind;

struct Traffic {
  const TrafficKind* kind = nullptr;  // traffic_kind.h
  std::vector<NodeId> senders;        // a flow each: who sends, or the nodes of a group
  NodeId receiver{};                  // of kinds that have one
  std::uint64_t bytes = 64;           // of a message; of a group: what its kind says
  std::uint32_t count = 1'000;        // messages of a flow, or rounds
  std::uint64_t seed = 1;             // of the contents
  bool contents = true;  // false: messages are sizes without bytes, and nothing is verified
  Settings own;          // the kind's own options, all of them, by its table

  bool operator==(const Traffic&) const = default;
};

// `kind` with its own options as they are by default.
Traffic traffic_of_kind(const TrafficKind& kind);
// Sets one of the kind's own options from the text of a file. Errors: no such key, or what the
// value may be.
Status set_own(Traffic& traffic, std::string_view key, std::string_view text);

// Records of a complete run, ends joined.
std::uint64_t expected_records(const Traffic& traffic);
// Of these, the ones that this node completes.
std::uint64_t completed_at(const Traffic& traffic, NodeId node);
// Pairs that exchange messages, each once, the lower node first, in order.
std::vector<std::pair<NodeId, NodeId>> talking_pairs(const Traffic& traffic);
// Payload bytes that one record stands for.
std::uint64_t bytes_per_record(const Traffic& traffic);
// As a title: "incast 5 : 1", "all-gather (ring)".
std::string title_of(const Traffic& traffic);

}  // namespace soliton
