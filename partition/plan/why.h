// Why this plan and no other, in lines for people. It is told in values; how the plan was found does
// not matter here.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "partition/plan/plan.h"

namespace soliton {

// A stage of the plan: "gru0" or "embedding to gru1", on so many nodes, and how its work is split
// (", by rows"; "" if there is nothing to say).
struct StageAccount {
  std::string layers;
  std::size_t nodes = 1;
  std::string split;
};

struct PlanAccount {
  // Another number of nodes, and the best value of the objective found on it.
  struct Alternative {
    std::size_t nodes = 0;
    Duration value{};
  };

  Objective objective = Objective::kLatency;
  std::size_t nodes = 1;  // of the plan
  Duration value{};       // of the objective
  Breakdown path;         // the critical path of a request
  std::vector<StageAccount> stages;
  std::size_t nodes_usable = 1;
  std::size_t nodes_min = 1;  // what a plan was asked to use
  std::size_t nodes_max = 1;
  std::size_t nodes_that_fit = 1;  // fewer cannot hold the weights
  // The best plans found on one node less and on one more; nullopt: none was found.
  std::optional<Alternative> fewer;
  std::optional<Alternative> more;
  std::vector<std::string> host_work;  // operators that the host computes
  std::vector<std::string> notes;      // of the model
};

// Nodes, critical path, stages, why not fewer and not more nodes, what the host does, notes.
std::vector<std::string> why(const PlanAccount& account);

// What limits how far the times of these shards may be trusted or compared: devices without
// calibration, batches, streamed weights.
std::vector<std::string> remarks(std::int64_t batch, const std::vector<Shard>& shards);

}  // namespace soliton
