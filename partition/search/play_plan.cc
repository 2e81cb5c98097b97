#include "partition/search/play_plan.h"

#include <algorithm>

#include "partition/search/plain_host.h"

namespace soliton {
namespace {

// Where nothing says less, the playing may stop at.
struct Limits {
  Duration latency = kLongestTime;
  Duration interval = kLongestTime;
};

Limits limits_to_beat(const PartitionRequest& request, std::size_t nodes, const PlayedPlan* beat) {
  Limits out;
  if (beat == nullptr) return out;
  const Prediction& best = beat->prediction;
  switch (request.objective) {
    case Objective::kLatency:
      out.latency = best.latency;
      break;
    case Objective::kThroughput:
      out.interval = best.interval;
      break;
    case Objective::kNodes:
      if (request.sla.count() > 0) out.latency = std::max(best.latency, request.sla);
      if (request.sla.count() > 0 && best.latency <= request.sla) out.latency = request.sla;
      if (nodes >= beat->nodes) out.latency = std::min(out.latency, best.latency);
      break;
  }
  return out;
}

}  // namespace

Score score(const PartitionRequest& request, Duration latency, Duration interval,
            std::size_t nodes) {
  const auto used = static_cast<std::int64_t>(nodes);
  switch (request.objective) {
    case Objective::kThroughput:
      return {{interval.count(), latency.count(), used, 0}};
    case Objective::kNodes:
      if (request.sla.count() > 0 && latency > request.sla) return {{1, latency.count(), used, 0}};
      return {{0, used, latency.count(), 0}};
    case Objective::kLatency:
      break;
  }
  return {{latency.count(), used, 0, 0}};
}

std::size_t nodes_of_stages(const std::vector<Stage>& stages) {
  std::size_t nodes = 0;
  for (const Stage& stage : stages) nodes += stage.nodes.size();
  return nodes;
}

Result<Lowered> PlanPlayer::lower_plan(const std::vector<Stage>& stages, bool with_weights) const {
  LowerRequest request;
  request.model = request_.model;
  request.readers = &readers_;
  request.ends = request_.ends;
  for (Stage stage : stages) {
    for (std::size_t& node : stage.nodes) {
      request.nodes.push_back(view_.nodes[node]);
      node = request.nodes.size() - 1;
    }
    request.stages.push_back(std::move(stage));
  }
  request.host = view_.host;
  request.precision = request_.precision;
  request.with_weights = with_weights;
  request.batch = request_.batch;
  request.window = request_.window;
  return lower(request);
}

Prediction PlanPlayer::predict_run(const Lowered& lowered) const {
  const std::vector<PricedHost> hosts = hosts_of(lowered);
  CostRequest cost = cost_of(lowered, hosts);
  cost.seed = request_.seed;
  cost.before = request_.before;
  return predict(cost);
}

std::vector<PricedHost> PlanPlayer::hosts_of(const Lowered& lowered) const {
  if (request_.hosts) return request_.hosts(lowered.host);
  return {plain_host(view_.host, lowered.host, request_.steps, request_.batch)};
}

CostRequest PlanPlayer::cost_of(const Lowered& lowered,
                                const std::vector<PricedHost>& hosts) const {
  CostRequest cost;
  cost.shards = lowered.shards;
  cost.hosts = hosts;
  cost.topology = request_.topology;
  cost.routes = request_.routes;
  cost.mtu = request_.mtu;
  cost.ltl = request_.ltl;
  cost.batch = request_.batch;
  return cost;
}

std::optional<PlayedPlan> PlanPlayer::play(const std::vector<Stage>& stages,
                                           const PlayedPlan* beat) {
  const std::size_t nodes = nodes_of_stages(stages);
  const Result<Lowered> lowered = lower_plan(stages, false);
  if (!lowered) return std::nullopt;
  for (const Shard& shard : lowered->shards) {
    work_ += 20 * static_cast<std::int64_t>(shard.program.chains.size());
    if (!check_shard(shard).empty()) return std::nullopt;
  }
  const Limits limits = limits_to_beat(request_, nodes, beat);
  const std::vector<PricedHost> hosts = hosts_of(*lowered);
  CostRequest cost = cost_of(*lowered, hosts);
  cost.latency_limit = limits.latency;
  cost.interval_limit = limits.interval;
  PlayedPlan out{stages, nodes, predict(cost), {}};
  ++played_;
  work_ += 10 * out.prediction.messages;
  if (out.prediction.over_limit) return std::nullopt;
  out.score = score(request_, out.prediction.latency, out.prediction.interval, nodes);
  if (beat != nullptr && out.score >= beat->score) return std::nullopt;
  return out;
}

}  // namespace soliton
