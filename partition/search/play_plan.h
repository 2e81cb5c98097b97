// A plan as stages on nodes of the view, and what the whole cost model says of it.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <vector>

#include "partition/cost/cost_model.h"
#include "partition/search/nodes_view.h"

namespace soliton {

// What is to be made small, first things first. Latency: latency, nodes. Throughput: interval,
// latency, nodes. Nodes: whether the SLA is missed; then nodes and latency, or, missed, latency and
// nodes.
struct Score {
  std::array<std::int64_t, 4> of{};
  auto operator<=>(const Score&) const = default;
};

Score score(const PartitionRequest& request, Duration latency, Duration interval,
            std::size_t nodes);

struct PlayedPlan {
  std::vector<Stage> stages;  // nodes: positions in the view
  std::size_t nodes = 0;
  Prediction prediction;
  Score score;
};

class PlanPlayer {
 public:
  // Both outlive the object.
  PlanPlayer(const PartitionRequest& request, const NodesView& view)
      : request_(request), view_(view) {}

  // Programs for the nodes of the stages, in the order in which the stages name them.
  Result<Lowered> lower_plan(const std::vector<Stage>& stages, bool with_weights) const;
  // Nothing when a memory is over its budget, or when the plan is not better than `beat`.
  std::optional<PlayedPlan> play(const std::vector<Stage>& stages, const PlayedPlan* beat);

  // What a request of the run will take: with the marks and the numbers of the run.
  Prediction predict_run(const Lowered& lowered) const;

  std::int64_t played() const { return played_; }
  // Roughly in proportion to the time it took, and the same on every machine.
  std::int64_t work() const { return work_; }

 private:
  CostRequest cost_of(const Lowered& lowered) const;

  const PartitionRequest& request_;
  const NodesView& view_;
  std::int64_t played_ = 0;
  std::int64_t work_ = 0;
};

std::size_t nodes_of_stages(const std::vector<Stage>& stages);

}  // namespace soliton
