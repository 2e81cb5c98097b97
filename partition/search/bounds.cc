#include "partition/search/bounds.h"

#include <algorithm>

#include "partition/cost/cable_load.h"
#include "partition/search/chain.h"
#include "partition/search/stage_ways.h"

namespace soliton {
namespace {

// What the host does around the model, wherever its layers lie: all of them are put on one node, which
// need not hold them.
HostWork work_around(const PartitionRequest& request, const NodesView& view,
                     const PlanPlayer& player) {
  const std::vector<Stage> stages{{0, request.model->layers.size(), {0}}};
  const Result<Lowered> lowered = player.lower_plan(stages, false);
  if (!lowered) return {};
  return host_work(player.hosts_of(*lowered), view.host);
}

const TopologyLink* only_cable(const PartitionRequest& request, const std::string& name) {
  if (request.topology == nullptr) return nullptr;
  const Topology& topology = *request.topology;
  const TopologyLink* found = nullptr;
  for (const TopologyLink& link : topology.links) {
    const bool its = topology.vertices[link.ends[0]].name == name ||
                     topology.vertices[link.ends[1]].name == name;
    if (!its) continue;
    if (found != nullptr) return nullptr;
    found = &link;
  }
  return found;
}

}  // namespace

Bounds::Bounds(const PartitionRequest& request, const NodesView& view, StageCosts& costs,
               const PlanPlayer& player, std::size_t max_nodes)
    : request_(request),
      view_(view),
      costs_(costs),
      layers_(request.model->layers.size()),
      nodes_(max_nodes),
      host_cable_(only_cable(request, view.host)),
      rest_((layers_ + 1) * (nodes_ + 1)),
      fewest_(layers_ + 1, nodes_ + 1) {
  const HostWork work = work_around(request, view, player);
  before_ = work.before;
  after_ = work.after;
  replies_ = all_replies();
  hop_ = view.distances->least_message(request.batch);
  reply_ = kLongestTime;
  for (std::size_t g = 0; g < view.groups.size(); ++g)
    reply_ = std::min(reply_, view.distances->message(g, view.host_group(), request.batch));
  for (std::size_t nodes = 0; nodes <= nodes_; ++nodes)
    rest(layers_, nodes) = {reply_, reply_, Duration{}};
  fewest_[layers_] = 0;
  for (std::size_t first = layers_; first-- > 0;) add_layer(first);
}

// With several cables the host's messages could be spread over them, so nothing is claimed.
Duration Bounds::sends(std::int64_t elements) const {
  if (host_cable_ == nullptr) return {};
  return sending_time(*host_cable_, message_bytes(elements), request_.mtu,
                      packets_shared(request_.ltl));
}

// Every reader gets the vectors of its result.
Duration Bounds::all_replies() const {
  const LayerGraph& model = *request_.model;
  Duration out{};
  const auto add = [&](const LayerInput& result) {
    const std::int64_t tokens = tokens_of(model, result);
    const std::int64_t elements = layer_output(model.layers[result.index]);
    out = sum(out, times(sends(request_.batch * elements), tokens == 0 ? request_.steps : tokens));
  };
  if (request_.ends == nullptr) {
    std::ranges::for_each(model.results, add);
  } else {
    for (const GraphEnds::Reader& reader : request_.ends->readers)
      add(model.results[reader.result]);
  }
  return out;
}

Duration Bounds::inputs_before_last(const FreePlay& stage) const {
  return times(sends(request_.batch * stage.least_input), stage.inputs * (request_.steps - 1));
}

Duration Bounds::all_inputs(const FreePlay& stage) const {
  return times(sends(request_.batch * stage.least_input), stage.inputs * request_.steps);
}

// Fills the table of rests backwards: the best over all shapes of a stage that begins with layer
// `first`, followed by the best rest behind it. The three minima may come from different shapes, as
// each is a bound by itself. Before the first layer the host's cable has to carry the inputs of all
// steps as well.
void Bounds::add_layer(std::size_t first) {
  Duration hop = hop_;
  if (first == 0) {
    for (std::size_t g = 0; g < view_.groups.size(); ++g)
      hop = std::min(hop, view_.distances->message(view_.host_group(), g, request_.batch));
    if (view_.nodes.size() == 1)
      hop = view_.distances->message(view_.host_group(), 0, request_.batch);
  }
  for_each_shape(costs_, first, layers_, nodes_, [&](const StageShape& shape) {
    const FreePlay* stage = costs_.least(shape);
    if (stage == nullptr) return;
    fewest_[first] = std::min(fewest_[first], shape.count + fewest_[shape.last]);
    for (std::size_t nodes = shape.count; nodes <= nodes_; ++nodes) {
      const Rest& then = rest(shape.last, nodes - shape.count);
      if (then.behind_first >= kLongestTime) continue;
      Rest& best = rest(first, nodes);
      const Duration behind_last = sum(hop, sum(stage->response, then.behind_last));
      Duration behind_first = std::max(sum(hop, sum(stage->last, then.behind_last)),
                                       sum(hop, sum(stage->first, then.behind_first)));
      Duration occupied = std::max(stage->occupied, then.occupied);
      if (first == 0) {
        behind_first = std::max(behind_first, sum(inputs_before_last(*stage), behind_last));
        occupied = std::max(occupied, all_inputs(*stage));
      }
      best.behind_first = std::min(best.behind_first, behind_first);
      best.behind_last = std::min(best.behind_last, behind_last);
      best.occupied = std::min(best.occupied, occupied);
    }
  });
}

PrefixBound Bounds::start() const {
  PrefixBound out;
  out.first = out.last = before_;
  return out;
}

// The least time of a message from any node of the last stage to any of `nodes`.
Duration Bounds::way(const PrefixBound& prefix, std::span<const std::size_t> nodes,
                     std::int64_t elements) const {
  Duration least = kLongestTime;
  for (const std::size_t node : nodes) {
    for (const std::size_t from : prefix.group)
      least = std::min(least, view_.distances->message(from, view_.group[node], elements));
  }
  return least;
}

// The recurrence of the header, with the nodes of the stage known. The host counts as the stage
// before the first one; its last input follows all others on its cable.
PrefixBound Bounds::extended(const PrefixBound& prefix, const StageShape& shape,
                             std::span<const std::size_t> nodes, const FreePlay& stage) const {
  PrefixBound out = prefix;
  Duration arrives = prefix.last;
  Duration hop{};
  if (prefix.layers == 0) {
    PrefixBound host;
    host.group = {view_.host_group()};
    hop = way(host, nodes, request_.batch * stage.least_input);
    arrives = sum(arrives, inputs_before_last(stage));
    out.occupied = all_inputs(stage);
  } else {
    hop = way(prefix, nodes, request_.batch * prefix.least_output);
  }
  out.first = sum(prefix.first, sum(hop, stage.first));
  out.last =
      std::max(sum(prefix.first, sum(hop, stage.last)), sum(arrives, sum(hop, stage.response)));
  out.occupied = std::max(out.occupied, stage.occupied);
  out.layers = shape.last;
  out.nodes += shape.count;
  out.least_output = stage.least_output;
  out.group.clear();
  for (const std::size_t node : nodes)
    if (std::ranges::find(out.group, view_.group[node]) == out.group.end())
      out.group.push_back(view_.group[node]);
  return out;
}

// Besides the rests, a complete plan knows which nodes reply, and no answer is complete before the
// host's cable has brought all of it.
Duration Bounds::latency_from(const PrefixBound& prefix) const {
  const std::size_t left = nodes_ - prefix.nodes;
  const Rest& then = rest(prefix.layers, left);
  Duration out = std::max(sum(prefix.first, then.behind_first), sum(prefix.last, then.behind_last));
  if (prefix.layers == layers_) {
    Duration reply = kLongestTime;
    for (const std::size_t group : prefix.group)
      reply = std::min(reply, view_.distances->message(group, view_.host_group(),
                                                       request_.batch * prefix.least_output));
    out = std::max(out, sum(prefix.last, reply));
  }
  out = std::max(out, sum(prefix.first, replies_));
  return sum(out, after_);
}

Duration Bounds::interval_from(const PrefixBound& prefix) const {
  const Rest& then = rest(prefix.layers, nodes_ - prefix.nodes);
  return std::max({prefix.occupied, then.occupied, replies_});
}

std::optional<Score> Bounds::score_from(const PrefixBound& prefix) const {
  const std::size_t fewest = prefix.nodes + fewest_[prefix.layers];
  if (fewest > nodes_) return std::nullopt;
  const auto least = static_cast<std::size_t>(std::max<std::int64_t>(1, request_.min_nodes));
  return score(request_, latency_from(prefix), interval_from(prefix), std::max(fewest, least));
}

}  // namespace soliton
