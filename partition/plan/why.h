// Explains in lines for people why this plan was chosen. The input is values, independent of how
// the search found the plan.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "partition/plan/plan.h"

namespace soliton {

// A stage of the plan: "gru0" or "embedding to gru1", its number of nodes, and how its work is
// split (", by rows"; "" if there is nothing to say).
struct StageAccount {
  std::string layers;
  std::size_t nodes = 1;
  std::string split;
};

struct PlanAccount {
  // Another number of nodes, and the best value of the objective found for it.
  struct Alternative {
    std::size_t nodes = 0;
    Duration value{};
  };

  Objective objective = Objective::kLatency;
  bool given = false;        // no other plan was looked at
  bool constrained = false;  // constraints say where layers may be
  std::size_t nodes = 1;     // nodes of the plan
  Duration value{};          // of the objective
  Breakdown path;            // the critical path of a request
  std::vector<StageAccount> stages;
  std::size_t nodes_usable = 1;
  std::size_t nodes_min = 1;  // least number of nodes that was asked for
  std::size_t nodes_max = 1;
  std::size_t nodes_that_fit = 1;  // the fewest nodes that can hold the weights
  std::size_t nodes_spread = 1;    // the most over which layers can be spread, whatever they hold
  // The best plans found with one node less and with one more; nullopt: none was found.
  std::optional<Alternative> fewer;
  std::optional<Alternative> more;
  // The best plan that is one change away; nullopt: none fits.
  struct Next {
    std::string change;  // "gru0 on 3 nodes"
    Duration value{};
  };
  std::optional<Next> next;
};

// Nodes, critical path, stages, why not fewer or more nodes, the next best change.
std::vector<std::string> why(const PlanAccount& account);

// Limits on how far the times of these shards can be trusted or compared: devices without
// calibration, batches, streamed weights.
std::vector<std::string> remarks(std::int64_t batch, const std::vector<Shard>& shards);

}  // namespace soliton
