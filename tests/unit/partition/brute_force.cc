#include "tests/unit/partition/brute_force.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

#include "partition/cost/cost_model.h"
#include "partition/lower/stage_options.h"
#include "partition/search/plain_host.h"
#include "protocol/base/check.h"
#include "tests/unit/partition/harness.h"

namespace soliton::test {
namespace {

constexpr int kDim = 64;

class Chance {
 public:
  Chance(std::uint64_t seed, std::uint64_t number)
      : random_(Random(seed, "clusters to plan for").child(number)) {}
  std::int64_t between(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(
                     random_.below(next_++, static_cast<std::uint64_t>(high - low + 1)));
  }
  bool one_in(std::int64_t n) { return between(1, n) == 1; }

 private:
  Random random_;
  std::uint64_t next_ = 0;
};

Tensor shape(std::string name, std::vector<std::int64_t> sizes) {
  return {std::move(name), std::move(sizes), nullptr};
}

RecurrentLayer recurrent(Chance& chance, std::size_t number, std::int64_t input) {
  RecurrentLayer layer;
  layer.name = fmt::format("l{}", number);
  layer.cell = static_cast<Cell>(chance.between(0, 2));
  layer.input = input;
  layer.hidden = 32 * chance.between(2, 12);
  layer.reset_after = layer.cell == Cell::kGru && chance.one_in(2);
  layer.reverse = chance.one_in(10);
  const bool both = !layer.reverse && chance.one_in(5);
  for (int direction = 0; direction < (both ? 2 : 1); ++direction) {
    const std::int64_t rows = layer.gates() * layer.hidden;
    layer.directions.push_back(
        {shape(layer.name + ".W", {rows, input}), shape(layer.name + ".R", {rows, layer.hidden}),
         shape(layer.name + ".Wb", {rows}), shape(layer.name + ".Rb", {rows})});
  }
  return layer;
}

void add_dense_layer(Chance& chance, LayerGraph& model, bool every_step) {
  DenseLayer dense;
  dense.name = fmt::format("l{}", model.layers.size());
  dense.input = model.layers.empty() ? input_of(model) : layer_output(model.layers.back());
  dense.output = 32 * chance.between(1, 10);
  dense.weights = shape(dense.name + ".W", {dense.output, dense.input});
  if (chance.one_in(2)) dense.bias = shape(dense.name + ".b", {dense.output});
  append(model, std::move(dense), every_step ? LayerInput::What::kEvery : LayerInput::What::kLast);
}

LayerGraph random_model(Chance& chance, std::int64_t layers) {
  LayerGraph model = no_layers(64 * chance.between(1, 5));
  model.name = "random";
  for (std::int64_t i = 0; i < layers; ++i) {
    const bool last = i + 1 == layers;
    const bool after_steps = i > 0 && std::holds_alternative<RecurrentLayer>(model.layers.back());
    if (last && after_steps && chance.one_in(5)) {
      add_dense_layer(chance, model, false);
    } else if (chance.one_in(7)) {
      add_dense_layer(chance, model, true);
    } else {
      const std::int64_t width =
          model.layers.empty() ? input_of(model) : layer_output(model.layers.back());
      append(model, recurrent(chance, model.layers.size(), width));
    }
  }
  if (std::holds_alternative<RecurrentLayer>(model.layers.back()) && chance.one_in(5))
    model.results.front().what = LayerInput::What::kLast;
  return model;
}

NpuDevice random_device(Chance& chance) {
  NpuDevice device = pocket(kDim, chance.between(20, 420));
  device.clock = Frequency{chance.between(1, 6) * 50'000'000};
  device.lanes = chance.one_in(2) ? 8 : 16;
  device.name = fmt::format("t{}c{}l{}", device.matrix_rf_tiles, device.clock.hertz / 1'000'000,
                            device.lanes);
  return device;
}

std::string place(Chance& chance, const std::string& kind) {
  if (kind != "datacenter") return "";
  return fmt::format("pod{}/rack{}", chance.between(0, 1), chance.between(0, 1));
}

}  // namespace

RandomCluster random_cluster(std::uint64_t seed, std::uint64_t number, bool large) {
  Chance chance(seed, number);
  RandomCluster out;
  constexpr const char* kKinds[] = {"rack", "datacenter", "explicit"};
  out.kind = kKinds[chance.between(0, 2)];
  out.model = random_model(chance, chance.between(1, large ? 4 : 3));
  out.steps = chance.one_in(6) ? 1 : chance.between(2, large ? 30 : 9);
  const bool mixed = chance.one_in(2);
  const NpuDevice device = random_device(chance);
  const std::int64_t nodes = chance.between(large ? 3 : 2, large ? 4 : 3);
  for (std::int64_t i = 0; i < nodes; ++i) {
    RandomCluster::Node node{fmt::format("fpga{}", i), place(chance, out.kind), {}};
    node.device = mixed ? random_device(chance) : device;
    node.cable_us = chance.one_in(4) ? chance.between(10, 40) : chance.between(1, 3);
    node.rate_gbps = chance.one_in(3) ? chance.between(1, 4) : 40;
    out.nodes.push_back(std::move(node));
  }
  out.nodes.push_back({"host0", place(chance, out.kind), {}});
  if (chance.one_in(4)) out.nodes.back().rate_gbps = chance.between(1, 4);
  out.objective = static_cast<Objective>(chance.between(0, 2));
  if (chance.one_in(5)) out.max_nodes = chance.between(1, nodes);
  return out;
}

void constrain(RandomCluster& cluster, std::uint64_t seed, std::uint64_t number) {
  Chance chance(seed + 1, number);
  const std::size_t layers = cluster.model.layers.size();
  std::vector<std::string> npus;
  for (const RandomCluster::Node& node : cluster.nodes)
    if (node.device) npus.push_back(node.name);
  if (chance.one_in(4))
    cluster.forbidden.push_back(
        npus[static_cast<std::size_t>(chance.between(0, std::ssize(npus) - 1))]);
  cluster.joined.assign(layers, false);
  for (std::size_t layer = 1; layer < layers; ++layer) cluster.joined[layer] = chance.one_in(3);
  cluster.only_on.resize(layers);
  for (std::size_t layer = 0; layer < layers; ++layer) {
    if (layer > 0 && !chance.one_in(2)) continue;
    for (const std::string& npu : npus)
      if (chance.one_in(2)) cluster.only_on[layer].push_back(npu);
  }
}

std::string RandomCluster::words() const {
  std::string out = kind;
  for (const Node& node : nodes)
    out += fmt::format(" {}{}{}{}[{}us {}G]", node.name, node.at.empty() ? "" : "@", node.at,
                       node.device ? ":" + node.device->name : "", node.cable_us, node.rate_gbps);
  out += fmt::format("; input {}", input_of(model));
  for (const Layer& layer : model.layers) {
    if (const auto* it = std::get_if<RecurrentLayer>(&layer)) {
      out += fmt::format(" {}{}{}{}", cell_name(it->cell), it->hidden,
                         it->directions.size() == 2 ? "bi"
                         : it->reverse              ? "rev"
                                                    : "",
                         it->reset_after ? "after" : "");
    } else {
      const auto& dense = std::get<DenseLayer>(layer);
      out += fmt::format(" dense{}{}", dense.output, dense.per_step ? "" : "once");
    }
  }
  for (const std::string& node : forbidden) out += "; not " + node;
  for (std::size_t layer = 0; layer < only_on.size(); ++layer)
    if (!only_on[layer].empty())
      out += fmt::format("; l{} on {}", layer, fmt::join(only_on[layer], " "));
  for (std::size_t layer = 0; layer < joined.size(); ++layer)
    if (joined[layer]) out += fmt::format("; l{} with the one before", layer);
  return out + fmt::format("; {} steps, objective {}, max {}, sla {}", steps,
                           static_cast<int>(objective), max_nodes, to_string(sla));
}

namespace {

void add_switch(TopologySpec& spec, const std::string& name) {
  Vertex vertex;
  vertex.name = name;
  vertex.is_switch = true;
  spec.explicit_switches.push_back(vertex);
}

void add_cable(TopologySpec& spec, const std::string& a, const std::string& b, std::int64_t us,
               std::int64_t gbps) {
  TopologySpec::NamedLink cable;
  cable.a = a;
  cable.b = b;
  cable.link.name = a + "-" + b;
  cable.link.latency = microseconds(us);
  cable.link.rate = BitRate{gbps * 1'000'000'000};
  spec.explicit_links.push_back(cable);
}

// The end of a node's name says on which leaf it hangs, not its place in the list.
void add_cables(const RandomCluster& of, TopologySpec& spec) {
  const int leaves = of.spines > 0 ? 2 : 1;
  for (int leaf = 0; leaf < leaves; ++leaf) add_switch(spec, fmt::format("sw{}", leaf));
  for (const RandomCluster::Node& node : of.nodes)
    add_cable(spec, node.name, fmt::format("sw{}", node.name.back() % leaves), node.cable_us,
              node.rate_gbps);
  for (int spine = 0; spine < of.spines; ++spine) {
    add_switch(spec, fmt::format("spine{}", spine));
    for (int leaf = 0; leaf < leaves; ++leaf)
      add_cable(spec, fmt::format("sw{}", leaf), fmt::format("spine{}", spine), 1, 10);
  }
}

Topology built(const RandomCluster& of) {
  TopologySpec spec;
  spec.kind = of.kind;
  if (of.kind == "datacenter") spec.options = {{"quiet", {1}}};
  std::vector<PlacedNode> placed;
  for (const RandomCluster::Node& node : of.nodes) placed.push_back({node.name, node.at});
  if (of.kind == "explicit") add_cables(of, spec);
  auto topology = build_topology(spec, placed);
  SOLITON_CHECK_MSG(topology.has_value(), "{}", topology.error().text());
  return std::move(*topology);
}

}  // namespace

BuiltCluster::BuiltCluster(const RandomCluster& of) : topology(built(of)), routes(topology) {
  request.model = &of.model;
  request.topology = &topology;
  request.routes = &routes;
  for (const RandomCluster::Node& node : of.nodes) {
    Device device;
    device.kind = node.device ? Device::Kind::kNpu : Device::Kind::kCpu;
    if (node.device) device.npu = *node.device;
    request.nodes.push_back({node.name, device});
  }
  const auto listed = [](const std::vector<std::string>& names, const std::string& name) {
    return std::ranges::find(names, name) != names.end();
  };
  PlanConstraints& constraints = request.constraints;
  for (const RandomCluster::Node& node : of.nodes)
    constraints.forbidden.push_back(listed(of.forbidden, node.name));
  for (const std::vector<std::string>& names : of.only_on) {
    std::vector<std::size_t>& nodes = constraints.only_on.emplace_back();
    for (std::size_t i = 0; i < of.nodes.size(); ++i)
      if (listed(names, of.nodes[i].name)) nodes.push_back(i);
  }
  constraints.joined = of.joined;
  request.steps = of.steps;
  request.objective = of.objective;
  request.max_nodes = of.max_nodes;
  request.sla = of.sla;
  request.with_weights = false;
}

namespace {

class AllPlans {
 public:
  explicit AllPlans(const PartitionRequest& request) : request_(request) {
    for (std::size_t i = 0; i < request.nodes.size(); ++i) {
      const PartitionNode& node = request.nodes[i];
      if (node.device.kind != Device::Kind::kNpu) {
        host_ = node.name;
      } else if (!request.constraints.forbids(i)) {
        nodes_.push_back(node);
        number_.push_back(i);
      }
    }
    most_ = nodes_.size();
    if (request.max_nodes > 0) most_ = std::min(most_, static_cast<std::size_t>(request.max_nodes));
  }

  BruteForce run() {
    cut(0, 0);
    return std::move(out_);
  }

 private:
  void cut(std::size_t first, std::size_t used) {
    if (first == request_.model->layers.size()) return assign(used);
    if (request_.constraints.joins(first)) return;
    for (std::size_t last = first + 1; last <= request_.model->layers.size(); ++last) {
      for (std::size_t count = 1; used + count <= most_; ++count) {
        for (const StageOption& option : stage_options(*request_.model, first, last, count, kDim))
          stage(first, last, used, count, option);
      }
    }
  }

  void stage(std::size_t first, std::size_t last, std::size_t used, std::size_t count,
             const StageOption& option) {
    Stage it{first, last, {}, option};
    for (std::size_t i = 0; i < count; ++i) it.nodes.push_back(used + i);
    stages_.push_back(std::move(it));
    cut(last, used + count);
    stages_.pop_back();
  }

  // Every choice of so many nodes in every order.
  void assign(std::size_t used) {
    std::vector<std::size_t> order(nodes_.size());
    std::iota(order.begin(), order.end(), 0);
    std::set<std::vector<std::size_t>> seen;
    do {
      const std::vector<std::size_t> chosen(order.begin(),
                                            order.begin() + static_cast<std::ptrdiff_t>(used));
      if (seen.insert(chosen).second && allowed(chosen)) play(chosen);
    } while (std::next_permutation(order.begin(), order.end()));
  }

  bool allowed(const std::vector<std::size_t>& chosen) const {
    const auto& only_on = request_.constraints.only_on;
    for (const Stage& stage : stages_)
      for (const std::size_t position : stage.nodes)
        for (std::size_t layer = stage.first; layer < stage.last; ++layer) {
          if (layer >= only_on.size() || only_on[layer].empty()) continue;
          if (std::ranges::find(only_on[layer], number_[chosen[position]]) == only_on[layer].end())
            return false;
        }
    return true;
  }

  void play(const std::vector<std::size_t>& chosen) {
    LowerRequest request;
    request.model = request_.model;
    for (const std::size_t node : chosen)
      request.nodes.push_back({nodes_[node].name, nodes_[node].device.npu});
    request.stages = stages_;
    request.host = host_;
    request.with_weights = false;
    const auto lowered = lower(request);
    if (!lowered) return;
    for (const Shard& shard : lowered->shards)
      if (!check_shard(shard).empty()) return;
    const PricedHost host = plain_host(host_, lowered->host, request_.steps);
    CostRequest cost;
    cost.shards = lowered->shards;
    cost.hosts = {&host, 1};
    cost.topology = request_.topology;
    cost.routes = request_.routes;
    const Prediction it = predict(cost);
    ++out_.plans;
    out_.latency = std::min(out_.latency.value_or(it.latency), it.latency);
    out_.interval = std::min(out_.interval.value_or(it.interval), it.interval);
    const auto [at, fresh] = out_.latency_on.try_emplace(chosen.size(), it.latency);
    if (!fresh) at->second = std::min(at->second, it.latency);
  }

  const PartitionRequest& request_;
  std::vector<PartitionNode> nodes_;
  std::vector<std::size_t> number_;  // by those: of the request
  std::string host_;
  std::size_t most_ = 0;
  std::vector<Stage> stages_;
  BruteForce out_;
};

}  // namespace

BruteForce all_plans(const PartitionRequest& request) { return AllPlans(request).run(); }

}  // namespace soliton::test
