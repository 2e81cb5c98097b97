#include "partition/search/neighbours.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/lower/stage_options.h"

namespace soliton {
namespace {

// Neighbours that are played, and what they may take in the units of PlanPlayer::work(): about half a
// second. More: more changes are looked at, planning takes longer.
constexpr std::size_t kMost = 32;
constexpr std::int64_t kWork = 1'500'000;

class Changes {
 public:
  Changes(const PartitionRequest& request, const NodesView& view, const NodeLimits& limits,
          const std::vector<Stage>& stages, std::size_t most)
      : request_(request), view_(view), limits_(limits), stages_(stages), most_(most) {}

  std::vector<Neighbour> run() {
    for (std::size_t s = 0; s < stages_.size(); ++s) {
      spread_otherwise(s);
      fewer_nodes(s);
      more_nodes(s);
      if (s + 1 == stages_.size()) break;
      move_border(s);
      join(s);
    }
    return std::move(out_);
  }

 private:
  const std::string& name(std::size_t layer) const {
    return layer_name(request_.model->layers[layer]);
  }
  std::string names(const Stage& stage) const {
    return stage.last - stage.first == 1
               ? name(stage.first)
               : fmt::format("{} to {}", name(stage.first), name(stage.last - 1));
  }
  std::string spread(const Stage& stage) const {
    return fmt::format("{} on {} node{}{}", names(stage), stage.nodes.size(),
                       stage.nodes.size() == 1 ? "" : "s", describe(stage.option));
  }

  bool allowed(const std::vector<Stage>& stages) const {
    const std::size_t nodes = nodes_of_stages(stages);
    if (nodes < limits_.least || nodes > limits_.most) return false;
    return std::ranges::all_of(stages, [&](const Stage& stage) {
      return !(stage.first > 0 && request_.constraints.joins(stage.first)) &&
             view_.may_hold(stage.nodes, stage.first, stage.last);
    });
  }
  void add(std::string change, std::vector<Stage> stages) {
    if (out_.size() < most_ && allowed(stages))
      out_.push_back({std::move(change), std::move(stages)});
  }
  std::vector<StageOption> options(const Stage& stage) const {
    return stage_options(*request_.model, stage.first, stage.last, stage.nodes.size(),
                         view_.nodes.front().device.native_dim);
  }

  void spread_otherwise(std::size_t s) {
    const Stage& now = stages_[s];
    for (const StageOption& option : options(now)) {
      std::vector<Stage> stages = stages_;
      stages[s].option = option;
      if (option == now.option) continue;
      std::string change = spread(stages[s]);
      if (describe(option).empty()) change += ", by rows alone";
      add(std::move(change), std::move(stages));
    }
  }
  // In the plainest way.
  void with_nodes(std::size_t s, std::vector<std::size_t> nodes) {
    std::vector<Stage> stages = stages_;
    stages[s].nodes = std::move(nodes);
    const std::vector<StageOption> ways = options(stages[s]);
    if (ways.empty()) return;
    stages[s].option = ways.front();
    std::string change = spread(stages[s]);
    add(std::move(change), std::move(stages));
  }
  void fewer_nodes(std::size_t s) {
    std::vector<std::size_t> nodes = stages_[s].nodes;
    nodes.pop_back();
    if (!nodes.empty()) with_nodes(s, std::move(nodes));
  }
  void more_nodes(std::size_t s) {
    for (std::size_t node = 0; node < view_.nodes.size(); ++node) {
      const bool used = std::ranges::any_of(stages_, [&](const Stage& stage) {
        return std::ranges::find(stage.nodes, node) != stage.nodes.end();
      });
      if (used) continue;
      std::vector<std::size_t> nodes = stages_[s].nodes;
      nodes.push_back(node);
      return with_nodes(s, std::move(nodes));
    }
  }
  void move_border(std::size_t s) {
    const std::size_t border = stages_[s].last;
    std::vector<Stage> stages = stages_;
    if (stages[s].last - stages[s].first > 1) {
      stages[s].last = stages[s + 1].first = border - 1;
      add(name(border - 1) + " moved to the stage behind it", stages);
    }
    stages = stages_;
    if (stages[s + 1].last - stages[s + 1].first > 1) {
      stages[s].last = stages[s + 1].first = border + 1;
      add(name(border) + " moved to the stage before it", std::move(stages));
    }
  }
  void join(std::size_t s) {
    std::vector<Stage> stages = stages_;
    stages[s].last = stages[s + 1].last;
    stages.erase(stages.begin() + static_cast<std::ptrdiff_t>(s) + 1);
    const std::vector<StageOption> ways = options(stages[s]);
    if (ways.empty()) return;
    stages[s].option = ways.front();
    std::string change = spread(stages[s]);
    add(std::move(change), std::move(stages));
  }

  const PartitionRequest& request_;
  const NodesView& view_;
  NodeLimits limits_;
  const std::vector<Stage>& stages_;
  std::size_t most_;
  std::vector<Neighbour> out_;
};

}  // namespace

std::vector<Neighbour> neighbours(const PartitionRequest& request, const NodesView& view,
                                  const NodeLimits& limits, const std::vector<Stage>& stages,
                                  std::size_t most) {
  return Changes(request, view, limits, stages, most).run();
}

std::optional<NextPlan> next_best(const PartitionRequest& request, const NodesView& view,
                                  PlanPlayer& player, const NodeLimits& limits,
                                  const PlayedPlan& best) {
  const std::int64_t until = player.work() + kWork;
  std::optional<NextPlan> out;
  for (Neighbour& it : neighbours(request, view, limits, best.stages, kMost)) {
    if (player.work() > until) break;
    std::optional<PlayedPlan> played = player.play(it.stages, out ? &out->plan : nullptr);
    if (played) out = NextPlan{std::move(it.change), std::move(*played)};
  }
  return out;
}

}  // namespace soliton
