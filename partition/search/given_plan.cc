#include "partition/search/given_plan.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

// Finds the layers and nodes of a given plan by their names, stage by stage.
class GivenPlan {
 public:
  GivenPlan(const PartitionRequest& request, const NodesView& view)
      : request_(request), view_(view), used_(view.nodes.size(), false) {}

  Result<std::vector<Stage>> stages(const NodeLimits& limits) {
    const auto& layers = request_.model->layers;
    for (const PlanStage& given : *request_.constraints.given) {
      ++number_;
      if (const Status added = add(given); !added) return tl::unexpected(added.error());
    }
    if (next_ < layers.size())
      return wrong(fmt::format("ends before layer \"{}\" of the model", layer_name(layers[next_])));
    const std::size_t nodes = nodes_of_stages(out_);
    if (nodes < limits.least || nodes > limits.most)
      return wrong(
          fmt::format("uses {} nodes; allowed are {} to {}", nodes, limits.least, limits.most));
    return std::move(out_);
  }

 private:
  static tl::unexpected<Error> wrong(const std::string& what) {
    return invalid("partition.plan: the plan " + what);
  }

  Status add(const PlanStage& given) {
    Stage stage{next_, next_, {}};
    for (const std::string& name : given.layers)
      if (const Status taken = take_layer(name); !taken) return taken;
    stage.last = next_;
    if (stage.first == stage.last) return wrong(fmt::format("has no layer in stage {}", number_));
    if (request_.constraints.joins(stage.first))
      return wrong(
          fmt::format("cuts before \"{}\", which partition.colocate keeps with the layer "
                      "before it",
                      given.layers.front()));
    for (const std::string& name : given.nodes)
      if (const Status taken = take_node(name, stage); !taken) return taken;
    const auto ways = given.nodes.empty() ? std::vector<StageOption>()
                                          : stage_options(*request_.model, stage.first, stage.last,
                                                          given.nodes.size(), native_dim());
    if (std::ranges::find(ways, given.option) == ways.end())
      return wrong(fmt::format("spreads {} over {} node(s){}, which these layers cannot be",
                               fmt::join(given.layers, ", "), given.nodes.size(),
                               describe(given.option)));
    stage.option = given.option;
    out_.push_back(std::move(stage));
    return {};
  }

  int native_dim() const { return view_.nodes.front().device.native_dim; }

  Status take_layer(const std::string& name) {
    const auto& layers = request_.model->layers;
    if (next_ == layers.size())
      return wrong(fmt::format("has a layer \"{}\" behind the last one of the model", name));
    const std::string& own = layer_name(layers[next_]);
    if (name != own)
      return wrong(fmt::format("has layer \"{}\" where the model has \"{}\"", name, own));
    ++next_;
    return {};
  }

  Status take_node(const std::string& name, Stage& stage) {
    const auto at = std::ranges::find(view_.nodes, name, &LowerNode::name);
    if (at == view_.nodes.end())
      return wrong(fmt::format("uses node \"{}\", {}", name, why_not(name)));
    const auto node = static_cast<std::size_t>(at - view_.nodes.begin());
    if (used_[node]) return wrong(fmt::format("uses node \"{}\" twice", name));
    used_[node] = true;
    for (std::size_t layer = stage.first; layer < stage.last; ++layer)
      if (!view_.may_hold(node, layer, layer + 1))
        return wrong(fmt::format("has \"{}\" on {}, where its placement does not allow it",
                                 layer_name(request_.model->layers[layer]), name));
    stage.nodes.push_back(node);
    return {};
  }

  // Of a node that is not in the view.
  std::string why_not(const std::string& name) const {
    std::vector<std::string> usable;
    for (const LowerNode& node : view_.nodes) usable.push_back(node.name);
    for (std::size_t i = 0; i < request_.nodes.size(); ++i) {
      if (request_.nodes[i].name != name) continue;
      return request_.constraints.forbids(i) ? "which partition.forbid forbids"
                                             : "which has no NPU with weight memory";
    }
    return "which the cluster does not have" + suggestion(name, usable);
  }

  const PartitionRequest& request_;
  const NodesView& view_;
  std::size_t number_ = 0;  // of the stage
  std::size_t next_ = 0;    // layer
  std::vector<bool> used_;
  std::vector<Stage> out_;
};

// Why a plan that is one of the cluster's could not be played.
Diagnostics reasons(const PlanPlayer& player, const std::vector<Stage>& stages) {
  Diagnostics problems;
  const auto add = [&](const Error& error) {
    problems.add(error.code, "partition.plan: " + error.message);
  };
  const Result<Lowered> lowered = player.lower_plan(stages, false);
  if (!lowered) return add(lowered.error()), problems;
  for (const Shard& shard : lowered->shards)
    for (const Error& error : check_shard(shard).errors) add(error);
  if (problems.empty())
    add({ErrorCode::kDoesNotFit,
         fmt::format("a request would take {} or longer, where emulated time ends",
                     spell(kLongestTime))});
  return problems;
}

}  // namespace

Checked<FoundPlan> play_given(const PartitionRequest& request, const NodesView& view,
                              PlanPlayer& player, const NodeLimits& limits) {
  const Result<std::vector<Stage>> stages = GivenPlan(request, view).stages(limits);
  if (!stages) {
    Diagnostics problems;
    problems.add(stages.error());
    return tl::unexpected<Diagnostics>(std::move(problems));
  }
  FoundPlan found;
  found.best = player.play(*stages, nullptr);
  if (!found.best) return tl::unexpected<Diagnostics>(reasons(player, *stages));
  found.played = player.played();
  return found;
}

}  // namespace soliton
