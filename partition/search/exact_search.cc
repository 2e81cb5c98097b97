#include "partition/search/exact_search.h"

#include <algorithm>

#include "partition/search/stage_ways.h"

namespace soliton {
namespace {

class Branches {
 public:
  Branches(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
           const Bounds* bounds, PlanPlayer& player, const ExactLimits& limits,
           const PlayedPlan* known)
      : request_(request),
        view_(view),
        costs_(costs),
        bounds_(bounds),
        player_(player),
        limits_(limits),
        known_(known),
        ends_(stage_ends(request)),
        work_until_(player.work() + costs.work() + limits.work),
        used_(view.groups.size(), 0) {
    for (const NodeGroup& group : view.groups) {
      const auto first = std::ranges::find(view.groups, group.leaf, &NodeGroup::leaf);
      leaf_rank_.push_back(static_cast<std::size_t>(first - view.groups.begin()));
    }
  }

  ExactResult run() {
    visit(bounds_ == nullptr ? PrefixBound{} : bounds_->start());
    out_.complete = !stopped_;
    return std::move(out_);
  }

 private:
  const PlayedPlan* best() const { return out_.best ? &*out_.best : known_; }

  std::int64_t work() const { return player_.work() + costs_.work(); }

  bool hopeless(const PrefixBound& prefix) const {
    if (bounds_ == nullptr) return false;
    const std::optional<Score> least = bounds_->score_from(prefix);
    return !least || (best() != nullptr && *least >= best()->score);
  }

  void visit(const PrefixBound& prefix) {
    if (prefix.layers == request_.model->layers.size()) return play(prefix);
    for_each_shape(costs_, prefix.layers, ends_behind(ends_, prefix.layers),
                   limits_.max_nodes - prefix.nodes, [&](const StageShape& shape) {
                     if (stopped_) return;
                     std::vector<std::size_t> nodes;
                     choose(prefix, shape, nodes);
                   });
  }

  void play(const PrefixBound& prefix) {
    if (prefix.nodes < limits_.min_nodes) return;
    if (auto played = player_.play(stages_, best())) out_.best = std::move(*played);
    stopped_ = stopped_ || work() > work_until_;
    stopped_ = stopped_ || (limits_.plays > 0 && player_.played() > limits_.plays);
  }

  // The next node of a stage; among groups on switches that can be exchanged and of which nothing
  // is used yet, only the first.
  void choose(const PrefixBound& prefix, const StageShape& shape, std::vector<std::size_t>& nodes) {
    if (nodes.size() == shape.count) return append(prefix, shape, nodes);
    for (std::size_t g = 0; g < view_.groups.size() && !stopped_; ++g) {
      const NodeGroup& group = view_.groups[g];
      if (used_[g] == group.count || stands_behind(g)) continue;
      if (!view_.may_hold(group.first, shape.first, shape.last)) continue;
      nodes.push_back(group.first + used_[g]);
      ++used_[g];
      choose(prefix, shape, nodes);
      --used_[g];
      nodes.pop_back();
    }
  }

  bool touched(std::size_t leaf) const {
    for (std::size_t g = 0; g < view_.groups.size(); ++g)
      if (view_.groups[g].leaf == leaf && used_[g] > 0) return true;
    return false;
  }

  // Whether a switch before the group's own could be used in its place.
  bool stands_behind(std::size_t g) const {
    const NodeGroup& group = view_.groups[g];
    if (touched(group.leaf)) return false;
    for (std::size_t other = 0; other < leaf_rank_[g]; ++other) {
      const NodeGroup& it = view_.groups[other];
      if (it.kind == group.kind && leaf_rank_[other] < leaf_rank_[g] && !touched(it.leaf))
        return true;
    }
    return false;
  }

  void append(const PrefixBound& prefix, const StageShape& shape,
              const std::vector<std::size_t>& nodes) {
    if (++out_.branches > limits_.branches || work() > work_until_) stopped_ = true;
    if (stopped_) return;
    const std::optional<PrefixBound> next = extended(prefix, shape, nodes);
    if (!next || hopeless(*next)) return;
    stages_.push_back(to_stage(shape, nodes));
    visit(*next);
    stages_.pop_back();
  }

  // Nothing if the stage does not fit the nodes.
  std::optional<PrefixBound> extended(const PrefixBound& prefix, const StageShape& shape,
                                      const std::vector<std::size_t>& nodes) {
    if (bounds_ != nullptr) {
      const FreePlay* stage = costs_.bound(shape, nodes, costs_.pattern(nodes));
      if (stage == nullptr) return std::nullopt;
      return bounds_->extended(prefix, shape, nodes, *stage);
    }
    if (!costs_.fits(shape, nodes)) return std::nullopt;
    PrefixBound next;
    next.layers = shape.last;
    next.nodes = prefix.nodes + shape.count;
    return next;
  }

  const PartitionRequest& request_;
  const NodesView& view_;
  StageCosts& costs_;
  const Bounds* bounds_;
  PlanPlayer& player_;
  const ExactLimits& limits_;
  const PlayedPlan* known_;
  std::vector<std::size_t> ends_;  // of stages
  std::int64_t work_until_;
  std::vector<std::size_t> leaf_rank_;  // per group: the first group on its switch
  std::vector<std::size_t> used_;       // per group
  std::vector<Stage> stages_;
  ExactResult out_;
  bool stopped_ = false;
};

}  // namespace

ExactResult search_exactly(const PartitionRequest& request, const NodesView& view,
                           StageCosts& costs, const Bounds* bounds, PlanPlayer& player,
                           const ExactLimits& limits, const PlayedPlan* known) {
  return Branches(request, view, costs, bounds, player, limits, known).run();
}

}  // namespace soliton
