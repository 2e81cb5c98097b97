// A plan as stages on nodes of the view, and the cost model's prediction for the whole of it.
#pragma once

#include <array>
#include <compare>
#include <optional>
#include <vector>

#include "partition/cost/cost_model.h"
#include "partition/search/nodes_view.h"

namespace soliton {

// The values to minimise, most important first. Latency: latency, nodes. Throughput: interval,
// latency, nodes. Nodes: whether the SLA is missed; then nodes and latency or, if it is missed,
// latency and nodes.
struct Score {
  std::array<std::int64_t, 4> of{};
  auto operator<=>(const Score&) const = default;
};

Score score(const PartitionRequest& request, Duration latency, Duration interval,
            std::size_t nodes);

struct PlayedPlan {
  std::vector<Stage> stages;  // nodes are indices into the view
  std::size_t nodes = 0;
  Prediction prediction;
  Score score;
};

class PlanPlayer {
 public:
  // Both must outlive the object.
  PlanPlayer(const PartitionRequest& request, const NodesView& view)
      : request_(request), view_(view), readers_(*request.model) {}

  // Programs for the nodes of the stages, in the order in which the stages list them.
  Result<Lowered> lower_plan(const std::vector<Stage>& stages, bool with_weights) const;
  // What the CPU hosts do around these programs.
  std::vector<PricedHost> hosts_of(const Lowered& lowered) const;
  // Returns nullopt if a memory is over its budget, or if the plan is not better than `beat`.
  std::optional<PlayedPlan> play(const std::vector<Stage>& stages, const PlayedPlan* beat);

  // The prediction for a request of the run, with the congestion marks and node numbers of the run.
  Prediction predict_run(const Lowered& lowered) const;

  std::int64_t played() const { return played_; }
  // A measure of the effort so far: roughly proportional to time, but the same on every machine.
  std::int64_t work() const { return work_; }

 private:
  // Both must outlive what is returned.
  CostRequest cost_of(const Lowered& lowered, const std::vector<PricedHost>& hosts) const;

  const PartitionRequest& request_;
  const NodesView& view_;
  LayerReaders readers_;
  std::int64_t played_ = 0;
  std::int64_t work_ = 0;
};

std::size_t nodes_of_stages(const std::vector<Stage>& stages);

}  // namespace soliton
