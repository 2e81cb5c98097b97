// What one stage costs on given nodes: lowered alone and played through the cost model, once per
// distinct question.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "partition/cost/cost_model.h"
#include "partition/lower/stage_options.h"
#include "partition/search/nodes_view.h"

namespace soliton {

struct StageCost {
  Duration fill{};    // first input sent to last output made, for a request of one step
  Duration period{};  // each further step
  // The stage's layers do not overlap with the stages around it: something in it reads a sequence
  // against the order it is made in, so it waits for all of it.
  bool barrier = false;
  Duration occupied(std::int64_t steps) const { return sum(fill, times(period, steps - 1)); }
};

// Part of a chain of stages: layers [first, last) on nodes [node, node + count) of the view.
struct StageChoice {
  std::size_t first = 0;
  std::size_t last = 0;
  std::size_t node = 0;
  std::size_t count = 0;
  StageOption option;
};

Stage to_stage(const StageChoice& choice);

class StageCosts {
 public:
  // Both outlive the object.
  StageCosts(const PartitionRequest& request, const NodesView& view)
      : request_(request), view_(view) {}

  // Nothing when the stage does not fit the nodes' memories or cannot be split so.
  std::optional<StageCost> cost(const StageChoice& choice);
  bool fits(const StageChoice& choice) { return shards(choice).has_value(); }
  // Most nodes the layers can be spread over, and the ways to use a number of them.
  std::size_t most_nodes(std::size_t first, std::size_t last) const;
  std::vector<StageOption> options(std::size_t first, std::size_t last, std::size_t count) const;
  std::int64_t evaluations() const { return evaluations_; }

 private:
  bool tiles_fit(const StageChoice& choice) const;
  std::string key(const StageChoice& choice) const;
  std::string layer_key(std::size_t layer) const;
  std::optional<Lowered> shards(const StageChoice& choice);
  StageCost measure(const StageChoice& choice, const Lowered& lowered);
  bool is_barrier(const StageChoice& choice) const;

  const PartitionRequest& request_;
  const NodesView& view_;
  std::map<std::string, std::optional<StageCost>> known_;
  std::int64_t evaluations_ = 0;
};

}  // namespace soliton
