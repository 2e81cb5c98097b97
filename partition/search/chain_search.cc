#include "partition/search/chain_search.h"

#include <algorithm>
#include <string>

namespace soliton {
namespace {

// A way to place the first layers on the first nodes.
struct Label {
  Duration closed{};    // of stages up to here, less the steps of the open streaming part
  Duration open{};      // largest period of the open part
  Duration occupied{};  // longest occupation of a stage
  StageChoice stage;
  std::size_t before = 0;  // label of the state this one continues
};

class Search {
 public:
  Search(const PartitionRequest& request, StageCosts& costs, std::size_t max_nodes)
      : request_(request),
        costs_(costs),
        layers_(request.model->layers.size()),
        nodes_(max_nodes),
        states_((layers_ + 1) * (nodes_ + 1)) {}

  ChainSearch run() {
    at(0, 0).push_back({});
    for (std::size_t first = 0; first < layers_; ++first) {
      for (std::size_t node = 0; node < nodes_; ++node) {
        if (!at(first, node).empty()) extend(first, node);
      }
    }
    ChainSearch out;
    for (std::size_t node = 1; node <= nodes_; ++node) {
      if (!at(layers_, node).empty()) out.by_nodes.push_back(best(node));
    }
    out.states = labels_;
    return out;
  }

 private:
  std::vector<Label>& at(std::size_t layer, std::size_t node) {
    return states_[layer * (nodes_ + 1) + node];
  }
  Duration steps(Duration period) const { return times(period, request_.steps - 1); }

  void extend(std::size_t first, std::size_t node) {
    for (std::size_t last = first + 1; last <= layers_; ++last) {
      const std::size_t most = std::min(costs_.most_nodes(first, last), nodes_ - node);
      for (std::size_t count = 1; count <= most; ++count) {
        for (const StageOption& option : costs_.options(first, last, count)) {
          const StageChoice choice{first, last, node, count, option};
          if (const auto cost = costs_.cost(choice)) append(choice, *cost);
        }
      }
    }
  }

  void append(const StageChoice& choice, const StageCost& cost) {
    const std::vector<Label>& from = at(choice.first, choice.node);
    for (std::size_t i = 0; i < from.size(); ++i) {
      Label next = from[i];
      next.stage = choice;
      next.before = i;
      next.closed = sum(next.closed, cost.fill);
      if (cost.barrier) {
        next.closed = sum(sum(next.closed, steps(next.open)), steps(cost.period));
        next.open = {};
      } else {
        next.open = std::max(next.open, cost.period);
      }
      next.occupied = std::max(next.occupied, cost.occupied(request_.steps));
      keep(at(choice.last, choice.node + choice.count), next);
    }
  }

  bool no_worse(const Label& a, const Label& b) const {
    const bool interval = request_.objective != Objective::kThroughput || a.occupied <= b.occupied;
    return interval && a.closed <= b.closed && a.open <= b.open;
  }

  // No label of `to` is extended before all that end there exist, so positions of labels stay valid
  // afterwards.
  void keep(std::vector<Label>& to, const Label& label) {
    for (const Label& other : to) {
      if (no_worse(other, label)) return;
    }
    std::erase_if(to, [&](const Label& other) { return no_worse(label, other); });
    to.push_back(label);
    ++labels_;
  }

  Duration latency(const Label& label) const { return sum(label.closed, steps(label.open)); }

  bool better(const Label& a, const Label& b) const {
    if (request_.objective == Objective::kThroughput && a.occupied != b.occupied)
      return a.occupied < b.occupied;
    return latency(a) < latency(b);
  }

  ChainPlan best(std::size_t node) {
    const std::vector<Label>& labels = at(layers_, node);
    const auto chosen = std::ranges::min_element(
        labels, [&](const Label& a, const Label& b) { return better(a, b); });
    ChainPlan plan{{}, node, latency(*chosen), chosen->occupied};
    for (const Label* label = &*chosen;;
         label = &at(label->stage.first, label->stage.node)[label->before]) {
      if (label->stage.count == 0) break;
      plan.stages.push_back(label->stage);
    }
    std::ranges::reverse(plan.stages);
    return plan;
  }

  const PartitionRequest& request_;
  StageCosts& costs_;
  std::size_t layers_;
  std::size_t nodes_;
  std::vector<std::vector<Label>> states_;
  std::int64_t labels_ = 0;
};

}  // namespace

ChainSearch search_chain(const PartitionRequest& request, StageCosts& costs,
                         std::size_t max_nodes) {
  return Search(request, costs, max_nodes).run();
}

namespace {

// The first node as often as a stage may need it.
NodesView copies_of_first(const NodesView& view, std::size_t count) {
  NodesView copies;
  copies.host = view.host;
  copies.cpu = view.cpu;
  copies.nodes.assign(count, view.nodes.front());
  for (std::size_t i = 0; i < count; ++i) copies.nodes[i].name = std::to_string(i);
  copies.places.resize(count);
  return copies;
}

}  // namespace

std::size_t fewest_nodes(const PartitionRequest& request, const NodesView& view) {
  const NodesView copies = copies_of_first(view, kFewestLimit);
  StageCosts costs(request, copies);
  const std::size_t layers = request.model->layers.size();
  std::vector<std::size_t> fewest(layers + 1, kFewestLimit + 1);
  fewest[0] = 0;
  for (std::size_t first = 0; first < layers; ++first) {
    for (std::size_t last = first + 1; last <= layers; ++last) {
      const std::size_t room = kFewestLimit - std::min(fewest[first], kFewestLimit);
      const std::size_t most = std::min(costs.most_nodes(first, last), room);
      for (std::size_t count = 1; count <= most && fewest[first] + count < fewest[last]; ++count) {
        for (const StageOption& option : costs.options(first, last, count))
          if (costs.fits({first, last, 0, count, option})) fewest[last] = fewest[first] + count;
      }
    }
  }
  return fewest[layers] > kFewestLimit ? 0 : fewest[layers];
}

}  // namespace soliton
