// Bounds on plans of which only the first stages are known: no plan that begins with these stages
// is better.
//
// A stage sends its first message `first` after its first input, and its last one no earlier than
// `last` after its first input and `response` after its last (cost/free_play.h). Along a chain of
// stages that gives, with the least time of a message between them, when its first message leaves
// stage k, and its last one:
//
//   F(k) = F(k-1) + way + first        L(k) = max(F(k-1) + way + last, L(k-1) + way + response)
//
// What is still to come is bounded by the same sums over the least that any nodes could do.
#pragma once

#include <optional>
#include <vector>

#include "partition/search/play_plan.h"
#include "partition/search/stage_cost.h"

namespace soliton {

// What is known of the first stages of a plan.
struct PrefixBound {
  Duration first{};     // until its first message leaves
  Duration last{};      // until its last one does
  Duration occupied{};  // of the device or cable that is occupied for longest
  std::size_t layers = 0;
  std::size_t nodes = 0;
  std::int64_t least_output = 0;   // elements of their smallest output message
  std::vector<std::size_t> group;  // of the last stage's nodes, each once
};

class Bounds {
 public:
  // REQUIRES: the model is a chain, and the host of the view is the only one. `player`: for what the
  // host does.
  Bounds(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
         const PlanPlayer& player, std::size_t max_nodes);

  PrefixBound start() const;
  // REQUIRES: shape.first == prefix.layers.
  PrefixBound extended(const PrefixBound& prefix, const StageShape& shape,
                       std::span<const std::size_t> nodes, const FreePlay& stage) const;
  // The least value of any plan that begins like this; nullopt if there is no such plan.
  std::optional<Score> score_from(const PrefixBound& prefix) const;
  // The same bounds as times. They hold for all plans if the prefix is empty.
  Duration latency_from(const PrefixBound& prefix) const;
  Duration interval_from(const PrefixBound& prefix) const;
  // For every plan on at most this many nodes.
  Duration latency_on(std::size_t nodes) const {
    return sum(sum(before_, rest(0, nodes).behind_first), after_);
  }
  // The fewest nodes that could hold the layers from `layer` on; more than any cluster has if none
  // could.
  std::size_t fewest_from(std::size_t layer) const { return fewest_[layer]; }

 private:
  // The best that the remaining layers can add with a given number of nodes.
  struct Rest {
    Duration behind_first = kLongestTime;  // until the last message, from the first input
    Duration behind_last = kLongestTime;   // until the last message, from the last input
    Duration occupied = kLongestTime;
  };
  Rest& rest(std::size_t layer, std::size_t nodes) { return rest_[layer * (nodes_ + 1) + nodes]; }
  const Rest& rest(std::size_t layer, std::size_t nodes) const {
    return rest_[layer * (nodes_ + 1) + nodes];
  }
  void add_layer(std::size_t first);
  Duration way(const PrefixBound& prefix, std::span<const std::size_t> nodes,
               std::int64_t elements) const;
  // Time on the host's cable.
  Duration sends(std::int64_t elements) const;
  Duration all_replies() const;
  Duration inputs_before_last(const FreePlay& stage) const;
  Duration all_inputs(const FreePlay& stage) const;

  const PartitionRequest& request_;
  const NodesView& view_;
  StageCosts& costs_;
  std::size_t layers_;
  std::size_t nodes_;
  Duration before_{};  // the host's own work
  Duration after_{};
  Duration hop_{};                            // minimum time of a message between two nodes
  Duration reply_{};                          // and of one to the host
  Duration replies_{};                        // time of all answers on the host's cable
  const TopologyLink* host_cable_ = nullptr;  // null unless it has exactly one
  std::vector<Rest> rest_;
  std::vector<std::size_t> fewest_;
};

}  // namespace soliton
