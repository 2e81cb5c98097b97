#include "partition/search/node_orders.h"

#include <algorithm>
#include <numeric>

namespace soliton {
namespace {

using Order = std::vector<std::size_t>;

// Where layers are pinned, all orders are tried if there are no more of them than this, and if the
// layers are no more either: a programme over the layers is solved for each.
constexpr std::size_t kOrdersMost = 120;
constexpr std::size_t kPermutedLayers = 64;

std::int64_t speed(const NpuDevice& device) {
  return device.clock.hertz / 1000 * device.tile_engines * device.lanes;
}

// All orders of the nodes but for those of one group among themselves; none if there are too many.
std::vector<Order> all_orders(const NodesView& view) {
  std::vector<Order> out;
  Order groups = view.group;  // ascending, which is where permutations begin
  do {
    if (out.size() == kOrdersMost) return {};
    Order& order = out.emplace_back();
    std::vector<std::size_t> used(view.groups.size(), 0);
    for (const std::size_t g : groups) order.push_back(view.groups[g].first + used[g]++);
  } while (std::next_permutation(groups.begin(), groups.end()));
  return out;
}

// Nodes in the order in which runs of layers with the same restriction take them.
class PinnedOrder {
 public:
  // How many nodes a run takes: of those that later runs want as well all or only as many as it
  // must; and of the nodes that no run names, those without restriction share them from the first
  // run, evenly, or from the last.
  struct Way {
    bool greedy = false;
    enum class Free : std::uint8_t { kFirst, kEven, kLast } free = Free::kFirst;
  };

  PinnedOrder(const PartitionRequest& request, const NodesView& view)
      : view_(view), taken_(view.nodes.size(), false) {
    const std::size_t layers = request.model->layers.size();
    const auto& only_on = request.constraints.only_on;
    const auto restriction = [&](std::size_t layer) {
      return layer < only_on.size() ? only_on[layer] : Order();
    };
    for (std::size_t layer = 0; layer < layers; ++layer) {
      const bool same = layer > 0 && restriction(layer) == restriction(layer - 1);
      if (!same) runs_.push_back({layer, !restriction(layer).empty()});
    }
  }

  Order make(Way way) {
    way_ = way;
    const auto free_runs =
        static_cast<std::size_t>(std::ranges::count(runs_, false, &LayerRun::pinned));
    std::size_t seen = 0;
    for (std::size_t r = 0; r < runs_.size(); ++r) {
      if (runs_[r].pinned)
        take_pinned(r);
      else
        take_free(++seen, free_runs);
    }
    for (std::size_t node = 0; node < taken_.size(); ++node) take(node);
    return std::move(order_);
  }

 private:
  struct LayerRun {
    std::size_t layer = 0;  // its first
    bool pinned = false;
  };

  bool may_hold(std::size_t node, std::size_t run) const {
    return view_.may_hold(node, runs_[run].layer, runs_[run].layer + 1);
  }
  // Whether a pinned run from `run` on names the node.
  bool wanted(std::size_t node, std::size_t run) const {
    for (; run < runs_.size(); ++run)
      if (runs_[run].pinned && may_hold(node, run)) return true;
    return false;
  }
  void take(std::size_t node) {
    if (taken_[node]) return;
    taken_[node] = true;
    order_.push_back(node);
  }

  void take_pinned(std::size_t run) {
    bool any = false;
    for (std::size_t node = 0; node < taken_.size(); ++node) {
      if (!may_hold(node, run) || (!way_.greedy && wanted(node, run + 1))) continue;
      any = true;
      take(node);
    }
    for (std::size_t node = 0; node < taken_.size() && !any; ++node) {
      if (!may_hold(node, run)) continue;
      any = true;
      take(node);
    }
  }

  void take_free(std::size_t number, std::size_t of) {
    Order left;
    for (std::size_t node = 0; node < taken_.size(); ++node)
      if (!taken_[node] && !wanted(node, 0)) left.push_back(node);
    const std::size_t runs_left = of - number + 1;
    std::size_t share = left.size() / runs_left;
    if (way_.free == Way::Free::kFirst) share = left.size();
    if (way_.free == Way::Free::kLast && runs_left > 1) share = 0;
    left.resize(share);
    for (const std::size_t node : left) take(node);
  }

  const NodesView& view_;
  std::vector<LayerRun> runs_;
  Way way_;
  std::vector<bool> taken_;
  Order order_;
};

std::vector<Order> pinned_orders(const PartitionRequest& request, const NodesView& view) {
  if (request.model->layers.size() <= kPermutedLayers)
    if (std::vector<Order> all = all_orders(view); !all.empty()) return all;
  std::vector<Order> out;
  using Free = PinnedOrder::Way::Free;
  for (const bool greedy : {false, true})
    for (const Free free : {Free::kFirst, Free::kEven, Free::kLast})
      out.push_back(PinnedOrder(request, view).make({greedy, free}));
  return out;
}

}  // namespace

std::vector<std::vector<std::size_t>> node_orders(const PartitionRequest& request,
                                                  const NodesView& view) {
  Order near(view.nodes.size());
  std::iota(near.begin(), near.end(), 0);
  std::vector<Order> out{near};
  const auto add = [&](auto key) {
    Order order = near;
    std::ranges::stable_sort(order, {}, key);
    out.push_back(std::move(order));
  };
  if (view.mixed) {
    add([&](std::size_t node) { return view.groups.size() - view.group[node]; });
    add([&](std::size_t node) { return view.device_class[node]; });
    add([&](std::size_t node) { return view.nodes.size() - view.device_class[node]; });
    add([&](std::size_t node) { return -speed(view.nodes[node].device); });
    add([&](std::size_t node) { return speed(view.nodes[node].device); });
  }
  if (!view.pins.any()) return out;
  for (Order& order : pinned_orders(request, view))
    if (std::ranges::find(out, order) == out.end()) out.push_back(std::move(order));
  return out;
}

}  // namespace soliton
