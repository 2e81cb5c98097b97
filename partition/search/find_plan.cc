#include "partition/search/find_plan.h"

#include <algorithm>
#include <limits>

#include "partition/search/chain.h"
#include "partition/search/chain_search.h"
#include "partition/search/exact_search.h"
#include "partition/search/graph_bounds.h"
#include "partition/search/node_orders.h"
#include "partition/search/refuse.h"

namespace soliton {
namespace {

// Candidates that are played for their estimate, beside the neighbours of the best.
constexpr std::size_t kPlayed = 4;
// What the exact search may take, in the units of PlanPlayer::work() and in branches: about two
// seconds. More: larger clusters get a proof, planning takes longer.
constexpr std::int64_t kExactWork = 6'000'000;
constexpr std::int64_t kExactBranches = 400'000;
// Layers up to which plans are bounded one by one and as a whole.
constexpr std::size_t kExactLayers = 64;
constexpr std::size_t kBoundedLayers = 512;
// Layers of a graph up to which all its plans may be played, and how many are.
constexpr std::size_t kGraphLayers = 12;
constexpr std::int64_t kGraphPlays = 400;

class Finding {
 public:
  Finding(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
          PlanPlayer& player, const NodeLimits& limits)
      : request_(request), view_(view), costs_(costs), player_(player), limits_(limits) {}

  FoundPlan run() {
    const std::size_t layers = request_.model->layers.size();
    const bool chain = is_chain(*request_.model) && on_one_host();
    const bool provable = !view_.flows_differ;
    if (chain && provable && layers <= kBoundedLayers) bound();
    if (!chain || !provable) {
      out_.fewest = fewest_by_tiles();
      out_.nodes_bound = std::max(out_.fewest, limits_.least);
      if (provable && layers <= kBoundedLayers && out_.fewest <= limits_.most) bound_graph();
    }
    if (out_.fewest > limits_.most) {
      out_.proved = true;
      return std::move(out_);
    }
    propose();
    play_candidates();
    const bool few = chain ? layers <= kExactLayers : layers <= kGraphLayers && on_one_host();
    if (provable && few) search_all();
    out_.played = player_.played();
    return std::move(out_);
  }

 private:
  void bound() {
    bounds_.emplace(request_, view_, costs_, player_, limits_.most);
    out_.fewest = std::max<std::size_t>(1, bounds_->fewest_from(0));
    if (out_.fewest > limits_.most) return;
    out_.latency_bound = bounds_->latency_from(bounds_->start());
    out_.interval_bound = bounds_->interval_from(bounds_->start());
    out_.nodes_bound = std::max(out_.fewest, limits_.least);
    if (request_.sla.count() == 0) return;
    while (out_.nodes_bound < limits_.most && bounds_->latency_on(out_.nodes_bound) > request_.sla)
      ++out_.nodes_bound;
  }

  void bound_graph() {
    const GraphBounds bounds(request_, view_, costs_, player_, limits_.most);
    out_.latency_bound = bounds.latency(limits_.most);
    out_.interval_bound = bounds.interval(limits_.most);
    if (request_.sla.count() == 0) return;
    while (out_.nodes_bound < limits_.most && bounds.latency(out_.nodes_bound) > request_.sla)
      ++out_.nodes_bound;
  }

  // Nodes that are alike to the clients' host need not be to another one.
  bool on_one_host() const {
    if (request_.ends == nullptr) return true;
    const auto here = [&](const std::string& host) { return host == view_.host; };
    return std::ranges::all_of(request_.ends->source_hosts, here) &&
           std::ranges::all_of(request_.ends->readers, here, &GraphEnds::Reader::host);
  }

  // Bounds in time are known for chains alone; that tiles need room holds for every model.
  std::size_t fewest_by_tiles() const {
    std::int64_t most = 1, tiles = std::numeric_limits<std::int64_t>::max();
    for (const NodeGroup& group : view_.groups) {
      const NpuDevice& device = view_.nodes[group.first].device;
      tiles = std::min(tiles, tiles_of_model(*request_.model, device));
      if (const auto format = format_on(device, request_.precision))
        most = std::max(most, tiles_that_fit(device, format->format));
    }
    return static_cast<std::size_t>(std::max<std::int64_t>(1, (tiles + most - 1) / most));
  }

  void propose() {
    ChainRequest chain;
    chain.max_nodes = limits_.most;
    chain.cuts = cuts_of(request_, costs_, limits_.most);
    for (std::vector<std::size_t>& order : node_orders(request_, view_)) {
      chain.order = std::move(order);
      for (ChainPlan& plan : search_chain(request_, view_, costs_, chain)) {
        out_.most = std::max(out_.most, plan.nodes);
        if (plan.nodes < limits_.least) continue;
        candidates_[plan.nodes].push_back(std::move(plan));
      }
    }
    for (auto& [nodes, plans] : candidates_)
      std::ranges::stable_sort(plans, {}, [&](const ChainPlan& it) { return estimate(it); });
  }

  Score estimate(const ChainPlan& plan) const {
    return score(request_, plan.latency, plan.interval, plan.nodes);
  }

  // The best of those for so many nodes; more of them when the first does not fit after all.
  void play(std::size_t nodes, std::size_t most) {
    for (const ChainPlan& plan : candidates_.at(nodes)) {
      if (most == 0) return;
      std::optional<PlayedPlan> played = player_.play(plan.stages, nullptr);
      if (!played) continue;
      --most;
      const auto [known, fresh] = out_.by_nodes.try_emplace(nodes, *played);
      if (!fresh && played->score < known->second.score) known->second = std::move(*played);
    }
  }

  void play_candidates() {
    std::vector<std::size_t> ranked;
    for (const auto& [nodes, plans] : candidates_) ranked.push_back(nodes);
    std::ranges::stable_sort(
        ranked, {}, [&](std::size_t nodes) { return estimate(candidates_.at(nodes).front()); });
    for (std::size_t i = 0; i < ranked.size(); ++i) {
      if (i >= kPlayed && !out_.by_nodes.empty()) break;
      play(ranked[i], view_.groups.size() == 1 ? 1 : 3);
    }
    choose();
    if (!out_.best) return;
    for (const std::size_t nodes : {out_.best->nodes - 1, out_.best->nodes + 1})
      if (candidates_.count(nodes) > 0 && out_.by_nodes.count(nodes) == 0) play(nodes, 1);
    choose();
  }

  void choose() {
    for (const auto& [nodes, plan] : out_.by_nodes)
      if (!out_.best || plan.score < out_.best->score) out_.best = plan;
  }

  void search_all() {
    const ExactLimits limits{limits_.most, limits_.least, kExactWork, kExactBranches,
                             bounds_ ? 0 : kGraphPlays};
    ExactResult all = search_exactly(request_, view_, costs_, bounds_ ? &*bounds_ : nullptr,
                                     player_, limits, out_.best ? &*out_.best : nullptr);
    out_.branches = all.branches;
    out_.proved = all.complete;
    if (!all.best) return;
    out_.best = all.best;
    out_.by_nodes.insert_or_assign(all.best->nodes, *all.best);
  }

  const PartitionRequest& request_;
  const NodesView& view_;
  StageCosts& costs_;
  PlanPlayer& player_;
  NodeLimits limits_;
  std::optional<Bounds> bounds_;
  std::map<std::size_t, std::vector<ChainPlan>> candidates_;  // by nodes, best first
  FoundPlan out_;
};

}  // namespace

FoundPlan find_plan(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
                    PlanPlayer& player, const NodeLimits& limits) {
  return Finding(request, view, costs, player, limits).run();
}

}  // namespace soliton
