#include "partition/search/chain_search.h"

#include <algorithm>
#include <map>
#include <optional>

#include "partition/search/stage_ways.h"

namespace soliton {
namespace {

constexpr std::size_t kNone = static_cast<std::size_t>(-1);
// Labels of a state. More: finer trades between fill and period, and slower.
constexpr std::size_t kLabelsMost = 4;
// Groups up to which the rest of one may stay unused where every node may hold every layer.
constexpr std::size_t kSkippedGroups = 8;

// A way to place the first layers on some of the first nodes of the order.
struct Label {
  Duration closed{};    // of stages up to here, less the steps of the open streaming part
  Duration open{};      // largest period of the open part
  Duration occupied{};  // longest occupation of a stage
  std::size_t used = 0;
  std::size_t group = kNone;  // of its last node; kNone: the host
  StageShape shape;           // the last stage ...
  std::size_t node = 0;       // ... and where in the order it begins
  std::size_t cut = 0;        // the state this one continues: (cut, node) ...
  std::size_t before = 0;     // ... and the label in it
};

// Which label is the better one, and which need not be kept beside another.
class LabelOrder {
 public:
  explicit LabelOrder(const PartitionRequest& request)
      : throughput_(request.objective == Objective::kThroughput), steps_(request.steps) {}

  Duration steps(Duration period) const { return times(period, steps_ - 1); }
  Duration latency(const Label& label) const { return sum(label.closed, steps(label.open)); }

  bool better(const Label& a, const Label& b) const {
    if (throughput_ && a.occupied != b.occupied) return a.occupied < b.occupied;
    return latency(a) < latency(b);
  }

  bool no_worse(const Label& a, const Label& b) const {
    const bool interval = !throughput_ || a.occupied <= b.occupied;
    return interval && a.closed <= b.closed && a.open <= b.open && a.used <= b.used;
  }

  // No label of `to` is extended before all that end there exist, so positions of labels stay valid
  // afterwards.
  void keep(std::vector<Label>& to, const Label& label) {
    for (const Label& other : to) {
      if (no_worse(other, label)) return;
    }
    std::erase_if(to, [&](const Label& other) { return no_worse(label, other); });
    to.push_back(label);
    if (to.size() <= kLabelsMost) return;
    to.erase(
        std::ranges::max_element(to, [&](const Label& a, const Label& b) { return better(a, b); }));
  }

 private:
  bool throughput_;
  std::int64_t steps_;
};

// The time of a step's vector into one layer, whole, between any two groups of nodes.
class GroupWays {
 public:
  void set(const PartitionRequest& request, const NodesView& view, std::size_t layer) {
    const std::int64_t elements = layer_input(request.model->layers[layer]);
    groups_ = view.groups.size();
    ways_.resize((groups_ + 1) * (groups_ + 1));
    for (std::size_t from = 0; from <= groups_; ++from)
      for (std::size_t to = 0; to < groups_; ++to)
        ways_[from * (groups_ + 1) + to] =
            view.distances->message(from, to, request.batch * elements);
  }
  Duration way(std::size_t from, std::size_t to) const { return ways_[from * (groups_ + 1) + to]; }

 private:
  std::size_t groups_ = 0;
  std::vector<Duration> ways_;
};

bool no_slower(const StageEstimate& a, const StageEstimate& b) {
  return a.fill <= b.fill && a.period <= b.period && a.barrier <= b.barrier;
}

class ChainSearch {
 public:
  ChainSearch(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
              const ChainRequest& chain)
      : request_(request),
        view_(view),
        order_(request),
        costs_(costs),
        chain_(chain),
        cuts_(chain.cuts.size() - 1),
        nodes_(chain.order.size()),
        states_((cuts_ + 1) * (nodes_ + 1)),
        patterns_(nodes_) {
    for (std::size_t cut = 0; cut <= cuts_; ++cut) cut_of_[chain.cuts[cut]] = cut;
  }

  std::vector<ChainPlan> run() {
    at(0, 0).emplace_back();
    for (std::size_t cut = 0; cut < cuts_; ++cut) {
      const std::vector<StageShape> shapes = shapes_from(cut);
      std::vector<Known> known(shapes.size());
      ways_.set(request_, view_, chain_.cuts[cut]);
      for (std::size_t node = 0; node < nodes_; ++node) {
        if (at(cut, node).empty()) continue;
        skip(cut, node);
        for (std::size_t i = 0; i < shapes.size(); ++i) extend(cut, node, shapes[i], known[i]);
      }
    }
    return plans();
  }

 private:
  std::vector<Label>& at(std::size_t cut, std::size_t node) {
    return states_[cut * (nodes_ + 1) + node];
  }
  std::size_t group_at(std::size_t node) const { return view_.group[chain_.order[node]]; }

  std::vector<StageShape> shapes_from(std::size_t cut) {
    std::vector<StageShape> out;
    const std::vector<std::size_t> ends(chain_.cuts.begin() + static_cast<std::ptrdiff_t>(cut) + 1,
                                        chain_.cuts.end());
    for_each_shape(costs_, chain_.cuts[cut], ends, chain_.max_nodes,
                   [&](const StageShape& shape) { add_shape(out, shape); });
    return out;
  }

  // Of equal devices, shapes that take more nodes, or as many, and are no faster are left out.
  void add_shape(std::vector<StageShape>& shapes, const StageShape& shape) {
    if (view_.mixed || shape.count > nodes_) return shapes.push_back(shape);
    const auto on_first = [&](const StageShape& it) {
      return costs_.estimate(it, nodes(0, it.count), pattern(0, it.count));
    };
    const StageEstimate* own = on_first(shape);
    if (own == nullptr) return;
    for (std::size_t i = shapes.size(); i-- > 0 && shapes[i].last == shape.last;)
      if (no_slower(*on_first(shapes[i]), *own)) return;
    shapes.push_back(shape);
  }

  // The rest of a group may stay unused.
  void skip(std::size_t cut, std::size_t node) {
    const bool many = view_.groups.size() > kSkippedGroups && !view_.pins.any();
    if (view_.groups.size() == 1 || many) return;
    std::size_t next = node + 1;
    while (next < nodes_ && group_at(next) == group_at(node)) ++next;
    if (next == nodes_) return;
    for (const Label& label : std::vector<Label>(at(cut, node))) order_.keep(at(cut, next), label);
  }

  std::uint32_t pattern(std::size_t node, std::size_t count) {
    std::vector<std::uint32_t>& known = patterns_[node];
    if (known.size() <= count) known.resize(count + 1, 0);
    if (known[count] == 0) known[count] = costs_.pattern(nodes(node, count));
    return known[count];
  }
  std::span<const std::size_t> nodes(std::size_t node, std::size_t count) const {
    return std::span(chain_.order).subspan(node, count);
  }

  // Costs of one shape that were asked for, by pattern.
  using Known = std::vector<std::optional<const StageEstimate*>>;

  void extend(std::size_t cut, std::size_t node, const StageShape& shape, Known& known) {
    if (node + shape.count > nodes_) return;
    if (!view_.may_hold(nodes(node, shape.count), shape.first, shape.last)) return;
    const std::vector<Label>& from = at(cut, node);
    const std::uint32_t stage_pattern = pattern(node, shape.count);
    if (known.size() <= stage_pattern) known.resize(stage_pattern + 1);
    std::optional<const StageEstimate*>& cost = known[stage_pattern];
    if (!cost) cost = costs_.estimate(shape, nodes(node, shape.count), stage_pattern);
    if (*cost == nullptr) return;
    for (std::size_t i = 0; i < from.size(); ++i)
      if (from[i].used + shape.count <= chain_.max_nodes) append(cut, node, i, shape, **cost);
  }

  void append(std::size_t cut, std::size_t node, std::size_t i, const StageShape& shape,
              const StageEstimate& cost) {
    Label next = at(cut, node)[i];
    next.shape = shape;
    next.node = node;
    next.cut = cut;
    next.before = i;
    next.used += shape.count;
    const std::size_t from = next.group == kNone ? view_.host_group() : next.group;
    next.closed = sum(next.closed, sum(cost.fill, ways_.way(from, group_at(node))));
    if (cost.barrier) {
      next.closed = sum(sum(next.closed, order_.steps(next.open)), order_.steps(cost.period));
      next.open = {};
    } else {
      next.open = std::max(next.open, cost.period);
    }
    next.group = group_at(node + shape.count - 1);
    next.occupied = std::max(next.occupied, cost.occupied(request_.steps));
    order_.keep(at(cut_of_.at(shape.last), node + shape.count), next);
  }

  std::vector<ChainPlan> plans() {
    std::map<std::size_t, const Label*> best;  // by nodes used
    for (std::size_t node = 1; node <= nodes_; ++node) {
      for (const Label& label : at(cuts_, node)) {
        const auto [known, fresh] = best.try_emplace(label.used, &label);
        if (!fresh && order_.better(label, *known->second)) known->second = &label;
      }
    }
    std::vector<ChainPlan> out;
    for (const auto& [used, label] : best) out.push_back(plan(*label));
    return out;
  }

  ChainPlan plan(const Label& chosen) {
    ChainPlan out{{}, chosen.used, order_.latency(chosen), chosen.occupied};
    for (const Label* label = &chosen; label->group != kNone;
         label = &at(label->cut, label->node)[label->before])
      out.stages.push_back(to_stage(label->shape, nodes(label->node, label->shape.count)));
    std::ranges::reverse(out.stages);
    return out;
  }

  const PartitionRequest& request_;
  const NodesView& view_;
  LabelOrder order_;
  StageCosts& costs_;
  const ChainRequest& chain_;
  std::size_t cuts_;
  std::size_t nodes_;
  std::vector<std::vector<Label>> states_;
  std::vector<std::vector<std::uint32_t>> patterns_;  // by place in the order and count
  GroupWays ways_;                                    // into the present cut
  std::map<std::size_t, std::size_t> cut_of_;
};

// Units the layers are searched in: more take longer, fewer cut less finely.
constexpr std::size_t kUnitsMost = 512;

}  // namespace

std::vector<ChainPlan> search_chain(const PartitionRequest& request, const NodesView& view,
                                    StageCosts& costs, const ChainRequest& chain) {
  return ChainSearch(request, view, costs, chain).run();
}

std::vector<std::size_t> cuts_of(const PartitionRequest& request, const StageCosts& costs,
                                 std::size_t nodes) {
  const std::size_t layers = request.model->layers.size();
  // A block is at most a share of what a node gets when all get the same.
  const std::size_t block =
      layers <= kUnitsMost ? 1 : std::max<std::size_t>(1, layers / nodes / 16);
  std::vector<std::size_t> out{0};
  const PlanConstraints& constraints = request.constraints;
  const auto pins = [&](std::size_t layer) {
    return layer < constraints.only_on.size() ? constraints.only_on[layer]
                                              : std::vector<std::size_t>();
  };
  for (std::size_t layer = 1; layer < layers; ++layer) {
    if (constraints.joins(layer)) continue;
    const bool equal = costs.layer_class(layer) == costs.layer_class(layer - 1) &&
                       !constraints.joins(layer - 1) && pins(layer) == pins(layer - 1);
    if (!equal || layer - out.back() >= block) out.push_back(layer);
  }
  out.push_back(layers);
  return out;
}

}  // namespace soliton
