#include "partition/search/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <set>

#include "node/npu/critical_path.h"
#include "partition/cost/cost_model.h"
#include "partition/search/chain_search.h"
#include "partition/search/refuse.h"
#include "protocol/base/check.h"
#include "protocol/isa/host_time.h"

namespace soliton {
namespace {

constexpr const char* kObjectives[] = {"latency", "throughput", "nodes"};

StepReport step_report(const Shard& shard, std::int64_t request_steps) {
  const StepAnalysis it = analyse_step(shard, request_steps);
  return {it.udm_cycles,
          it.sdm_cycles,
          it.cycles,
          it.duration,
          it.slot_cycles,
          it.occupied_cycles,
          it.macs,
          {},
          step_limit_name(it.limit)};
}

// What a node streams, and the time all of it takes once: no step can be shorter.
std::string stream_words(const Shard& shard) {
  if (shard.window_tiles == 0) return "";
  const MemoryUse dram = memory_use(shard).back();
  return fmt::format(
      "{} streams {} of weights from DRAM through a window of {} tiles: {} a pass at {}",
      shard.node, describe(dram.used_bytes), shard.window_tiles,
      to_string(transmit_time(dram.used_bytes, shard.device.dram_rate)),
      spell(shard.device.dram_rate));
}

// A plan the chain search proposes, with what the whole cost model says of it.
struct Judged {
  ChainPlan chain;
  Prediction prediction;
};

class Partitioner {
 public:
  Partitioner(const PartitionRequest& request, NodesView view)
      : request_(request), view_(std::move(view)), costs_(request_, view_) {}

  Checked<Plan> run() {
    Diagnostics problems = check();
    if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
    const ChainSearch found = search_chain(request_, costs_, max_nodes());
    candidates_ = found.by_nodes;
    if (!candidates_.empty()) fewest_ = candidates_.front().nodes;
    states_ = found.states;
    std::erase_if(candidates_, [&](const ChainPlan& plan) { return plan.nodes < min_nodes(); });
    if (candidates_.empty()) return refuse(found);
    judge();
    if (value(judged_[chosen_]) >= kLongestTime ||
        judged_[chosen_].prediction.latency >= kLongestTime)
      return refuse_time();
    return finish();
  }

 private:
  std::size_t min_nodes() const {
    return static_cast<std::size_t>(std::max<std::int64_t>(1, request_.min_nodes));
  }
  std::size_t max_nodes() const {
    const auto limit = static_cast<std::size_t>(std::max<std::int64_t>(0, request_.max_nodes));
    return limit == 0 ? view_.nodes.size() : std::min(limit, view_.nodes.size());
  }

  Diagnostics check() const {
    Diagnostics problems = check_model(*request_.model);
    const NpuDevice& first = view_.nodes.front().device;
    for (const LowerNode& node : view_.nodes) {
      if (const auto format = format_on(node.device, request_.precision); !format) {
        problems.add(format.error());
        break;
      }
    }
    for (const LowerNode& node : view_.nodes) {
      if (node.device.cell_programs == first.cell_programs) continue;
      problems.add(
          ErrorCode::kInvalid,
          fmt::format("{} and {} write recurrent cells differently (cell_programs of their "
                      "devices); use nodes of one kind",
                      view_.nodes.front().name, node.name));
      break;
    }
    for (const LowerNode& node : view_.nodes) {
      if (node.device.native_dim == first.native_dim) continue;
      problems.add(
          ErrorCode::kInvalid,
          fmt::format(
              "native dimensions differ: {} has {}, {} has {}; use nodes of one native dimension",
              view_.nodes.front().name, first.native_dim, node.name, node.device.native_dim));
      break;
    }
    if (min_nodes() > max_nodes()) {
      problems.add(ErrorCode::kInvalid,
                   fmt::format("min_nodes {} is more than the {} nodes a plan may use", min_nodes(),
                               max_nodes()));
    }
    return problems;
  }

  Checked<Plan> refuse(const ChainSearch& found) const {
    Diagnostics problems;
    if (found.by_nodes.empty()) {
      problems.add(refusal(request_, view_, max_nodes()));
    } else {
      problems.add(ErrorCode::kInvalid,
                   fmt::format("min_nodes {}: the model can be spread over at most {} of the nodes",
                               min_nodes(), found.by_nodes.back().nodes));
    }
    return tl::unexpected<Diagnostics>(std::move(problems));
  }

  // Plans exist, but none whose times can be told apart from the end of time.
  Checked<Plan> refuse_time() const {
    const Breakdown& path = judged_[chosen_].prediction.path;
    const bool network = path.network > std::max(path.compute, path.host);
    const bool host = path.host > std::max(path.compute, path.network);
    Diagnostics problems;
    problems.add(
        ErrorCode::kDoesNotFit,
        fmt::format("a request of {} step(s){} would take {} or longer on an idle cluster, "
                    "where emulated time ends; most of it is {}",
                    request_.steps,
                    request_.batch > 1 ? fmt::format(", in a batch of {},", request_.batch) : "",
                    spell(kLongestTime),
                    network ? "the network's"
                    : host  ? "the host's (its memory_bandwidth and operator_overhead)"
                            : "the devices' (clock, lanes, timing, dram_bandwidth)"));
    return tl::unexpected<Diagnostics>(std::move(problems));
  }

  Lowered lower_plan(const ChainPlan& chain, bool with_weights, Diagnostics& problems) const {
    LowerRequest request;
    request.model = request_.model;
    request.nodes = {view_.nodes.begin(),
                     view_.nodes.begin() + static_cast<std::ptrdiff_t>(chain.nodes)};
    for (const StageChoice& choice : chain.stages) request.stages.push_back(to_stage(choice));
    request.host = view_.host;
    request.cpu = view_.cpu;
    request.precision = request_.precision;
    request.with_weights = with_weights;
    request.batch = request_.batch;
    request.window = request_.window;
    auto lowered = lower(request);
    if (lowered) return std::move(*lowered);
    problems.add(std::move(lowered.error()));
    return {};
  }

  Prediction play(const Lowered& lowered) const {
    CostRequest cost;
    cost.shards = lowered.shards;
    cost.host = &lowered.host;
    cost.topology = request_.topology;
    cost.routes = request_.routes;
    cost.mtu = request_.mtu;
    cost.steps = request_.steps;
    cost.batch = request_.batch;
    return predict(cost);
  }

  // The additive model ranks; its best plans are played in full, with the neighbours in node count
  // of the best, which the explanation compares.
  void judge() {
    constexpr std::size_t kPlayed = 3;
    std::vector<std::size_t> order(candidates_.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, {}, [&](std::size_t i) { return objective(candidates_[i]); });
    const std::size_t best = order.front();
    for (std::size_t i = 0; i < candidates_.size(); ++i) {
      const auto rank = static_cast<std::size_t>(std::ranges::find(order, i) - order.begin());
      if (rank >= kPlayed && i + 1 != best && i != best + 1) continue;
      Diagnostics problems;
      judged_.push_back({candidates_[i], play(lower_plan(candidates_[i], false, problems))});
      SOLITON_CHECK_MSG(problems.empty(), "{}", problems.text());
    }
    const auto chosen =
        std::ranges::min_element(judged_, {}, [&](const Judged& it) { return value(it); });
    chosen_ = request_.objective == Objective::kNodes
                  ? 0
                  : static_cast<std::size_t>(chosen - judged_.begin());
  }

  Duration objective(const ChainPlan& plan) const {
    if (request_.objective == Objective::kThroughput) return plan.interval;
    // Fewest nodes first: the order of the candidates.
    if (request_.objective == Objective::kNodes)
      return Duration{static_cast<std::int64_t>(plan.nodes)};
    return plan.latency;
  }
  Duration value(const Judged& judged) const {
    return request_.objective == Objective::kThroughput ? judged.prediction.interval
                                                        : judged.prediction.latency;
  }

  // What the additive model leaves out: the host's own work, and the way of a slice of the answer
  // from the last stage.
  Duration around(const ChainPlan& chain, const HostShard& host) const {
    const Duration out =
        times(sum(host_time_before(host, request_.steps), host_time_after(host, request_.steps)),
              request_.batch);
    if (request_.topology == nullptr) return out;
    const StageChoice& last = chain.stages.back();
    const std::int64_t slice = host.output / static_cast<std::int64_t>(last.count);
    Duration least = kLongestTime;
    for (std::size_t i = 0; i < last.count; ++i) {
      least = std::min(least, message_time(*request_.topology, *request_.routes,
                                           id(view_.nodes[last.node + i].name), id(view_.host),
                                           request_.batch * slice, request_.mtu));
    }
    return sum(out, least);
  }

  NodeId id(const std::string& name) const {
    const auto at = std::ranges::find(request_.nodes, name, &PartitionNode::name);
    return NodeId{static_cast<std::uint32_t>(at - request_.nodes.begin())};
  }

  Duration least_value(const HostShard& host) const {
    Duration least = value(judged_[chosen_]);
    if (request_.objective == Objective::kNodes) return least;
    for (const ChainPlan& chain : candidates_) {
      const bool throughput = request_.objective == Objective::kThroughput;
      least =
          std::min(least, throughput ? chain.interval : sum(chain.latency, around(chain, host)));
    }
    return least;
  }

  Certificate certify(const HostShard& host) const {
    Certificate out;
    out.objective = kObjectives[static_cast<std::size_t>(request_.objective)];
    out.value = value(judged_[chosen_]);
    out.lower_bound = least_value(host);
    out.plan_class = view_.mixed ? "given order" : "contiguous";
    out.method = fmt::format("exact chain search, {} states", states_);
    out.cost_model = kCostModelVersion;
    out.states = states_;
    out.verdict = "optimal";
    if (out.lower_bound < out.value) {
      const std::int64_t gap = (out.value - out.lower_bound).count();
      const std::int64_t hundredths =
          (gap * 10'000 + out.lower_bound.count() - 1) / out.lower_bound.count();
      out.verdict = fmt::format("within {}.{:02} %", hundredths / 100, hundredths % 100);
    }
    return out;
  }

  Checked<Plan> finish() {
    const Judged& chosen = judged_[chosen_];
    Diagnostics problems;
    Lowered lowered = lower_plan(chosen.chain, request_.with_weights, problems);
    for (const Shard& shard : lowered.shards) problems.append(check_shard(shard));
    if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
    Plan plan;
    plan.model = request_.model->name;
    plan.host = view_.host;
    plan.certificate = certify(lowered.host);
    plan.predicted_latency = chosen.prediction.latency;
    plan.predicted_path = chosen.prediction.path;
    plan.batch = request_.batch;
    plan.predicted_interval = chosen.prediction.interval;
    plan.steps = request_.steps;
    plan.nodes_used = static_cast<std::int64_t>(lowered.shards.size());
    plan.cut_bytes_per_request = chosen.prediction.cut_bytes;
    plan.operations = operations(*request_.model, request_.steps);
    plan.one_device = one_device();
    for (std::size_t i = 0; i < lowered.shards.size(); ++i)
      plan.placements.push_back(placement(lowered, i));
    report_steps(lowered, plan.placements);
    plan.explanation = explain();
    for (const std::string& line : uncalibrated(lowered.shards)) plan.explanation.push_back(line);
    if (request_.batch > 1)
      plan.explanation.push_back(fmt::format(
          "a batch of {} runs together: times are those of a full one", request_.batch));
    for (const Shard& shard : lowered.shards)
      if (std::string line = stream_words(shard); !line.empty())
        plan.explanation.push_back(std::move(line));
    plan.host_shard = std::move(lowered.host);
    sort_by_id(lowered, plan);
    return plan;
  }

  Placement placement(const Lowered& lowered, std::size_t i) const {
    Placement out;
    out.node = lowered.shards[i].node;
    out.device = lowered.shards[i].device.name;
    out.place = view_.places[lowered.node[i]];
    out.holds = lowered.holds[i];
    out.memory = memory_use(lowered.shards[i]);
    out.busy_per_step = judged_[chosen_].prediction.busy[i] / request_.steps;
    return out;
  }

  // Limited by the network when a stage's exchanges take longer than the work of its slowest node.
  void report_steps(const Lowered& lowered, std::vector<Placement>& placements) {
    std::map<const StageChoice*, Duration> slowest;
    for (std::size_t i = 0; i < lowered.shards.size(); ++i) {
      placements[i].step = step_report(lowered.shards[i], request_.steps);
      Duration& most = slowest[&stage_of(lowered.node[i])];
      most = std::max(most, placements[i].step.duration);
    }
    for (std::size_t i = 0; i < lowered.shards.size(); ++i) {
      const StageChoice& stage = stage_of(lowered.node[i]);
      StepReport& step = placements[i].step;
      step.with_exchanges = costs_.cost(stage).value().period;
      if (step.with_exchanges > 2 * slowest[&stage]) step.limit = "network";
    }
  }

  const StageChoice& stage_of(std::size_t node) const {
    const auto& stages = judged_[chosen_].chain.stages;
    const auto at = std::ranges::find_if(stages, [&](const StageChoice& it) {
      return it.node <= node && node < it.node + it.count;
    });
    SOLITON_CHECK(at != stages.end());
    return *at;
  }

  // The view is in order of places; a plan is in order of NodeId.
  void sort_by_id(Lowered& lowered, Plan& plan) const {
    std::vector<Placement> placements;
    for (const PartitionNode& node : request_.nodes) {
      for (std::size_t i = 0; i < lowered.shards.size(); ++i) {
        if (plan.placements[i].node != node.name) continue;
        plan.shards.push_back(std::move(lowered.shards[i]));
        placements.push_back(std::move(plan.placements[i]));
        break;
      }
    }
    plan.placements = std::move(placements);
  }

  static std::set<std::string> uncalibrated(const std::vector<Shard>& shards) {
    std::set<std::string> out;
    for (const Shard& shard : shards) {
      const NpuTimingParameters& timing = shard.device.timing;
      if (timing.calibrated) continue;
      out.insert(fmt::format("note: times of {} are not calibrated{}{}", shard.device.name,
                             timing.source.empty() ? "" : ": ", timing.source));
    }
    return out;
  }

  std::string one_device() const {
    const NpuDevice& device = view_.nodes.front().device;
    const NpuFormat format = *format_on(device, request_.precision);
    const std::int64_t short_of =
        tiles_of_model(*request_.model, device) - tiles_that_fit(device, format.format);
    if (short_of > 0) {
      return fmt::format("one device would need {} more memory than it has",
                         describe(tile_bytes(short_of, format.format, device.native_dim)));
    }
    StageCosts costs(request_, view_);
    const bool fits = costs.fits({0, request_.model->layers.size(), 0, 1, false});
    return fits ? "fits one device"
                : "one device has the weight memory, but not the registers or instruction words";
  }

  std::vector<std::string> explain() const {
    std::vector<std::string> out;
    const Judged& chosen = judged_[chosen_];
    const Breakdown& path = chosen.prediction.path;
    out.push_back(fmt::format("uses {} of {} usable nodes (fewest that hold the weights: {})",
                              chosen.chain.nodes, view_.nodes.size(), fewest_));
    out.push_back(fmt::format("critical path of a request: compute {} + network {} + host {}",
                              to_string(path.compute), to_string(path.network),
                              to_string(path.host)));
    out.push_back(fmt::format("stages: {}", stages(chosen.chain)));
    out.push_back("why not fewer nodes: " + fewer());
    out.push_back("why not more nodes: " + more());
    for (const std::string& text : request_.model->cpu_operators)
      out.push_back("on the host: " + text);
    for (const std::string& text : request_.model->notes) out.push_back("note: " + text);
    return out;
  }

  std::string stages(const ChainPlan& chain) const {
    std::string out;
    for (const StageChoice& choice : chain.stages) {
      const auto name = [&](std::size_t layer) {
        return layer_name(request_.model->layers[layer]);
      };
      out += out.empty() ? "" : ", ";
      out += choice.last - choice.first == 1 ? name(choice.first)
                                             : name(choice.first) + " to " + name(choice.last - 1);
      out += choice.count == 1 ? " on 1 node" : fmt::format(" on {} nodes", choice.count);
      if (choice.split_directions) out += ", a direction each half";
    }
    return out;
  }

  std::string compared(const Judged& other) const {
    const double ratio = static_cast<double>(value(other).count()) /
                         static_cast<double>(value(judged_[chosen_]).count());
    return fmt::format("{} nodes give {} ({:+.1f} %)", other.chain.nodes, to_string(value(other)),
                       100 * (ratio - 1));
  }

  std::string fewer() const {
    const std::size_t nodes = judged_[chosen_].chain.nodes;
    if (nodes == 1) return "one node is the least";
    if (nodes <= min_nodes()) return fmt::format("min_nodes is {}", min_nodes());
    for (std::size_t i = chosen_; i-- > 0;) return compared(judged_[i]);
    return fmt::format("no plan fits {} node{}", nodes - 1, nodes == 2 ? "" : "s");
  }

  std::string more() const {
    const std::size_t nodes = judged_[chosen_].chain.nodes;
    if (request_.objective == Objective::kNodes) return "the objective is the fewest";
    if (chosen_ + 1 < judged_.size()) return compared(judged_[chosen_ + 1]);
    if (nodes == view_.nodes.size()) return "all usable nodes are used";
    if (nodes == max_nodes()) return fmt::format("max_nodes is {}", max_nodes());
    return "the layers cannot be spread over more";
  }

  const PartitionRequest& request_;
  NodesView view_;
  StageCosts costs_;
  std::vector<ChainPlan> candidates_;
  std::int64_t states_ = 0;
  std::size_t fewest_ = 0;  // nodes that hold the weights
  std::vector<Judged> judged_;
  std::size_t chosen_ = 0;
};

}  // namespace

Checked<Plan> partition_model(const PartitionRequest& request) {
  SOLITON_CHECK(request.model != nullptr && request.steps > 0);
  auto view = view_nodes(request);
  if (!view) return tl::unexpected<Diagnostics>(std::move(view.error()));
  return Partitioner(request, std::move(*view)).run();
}

}  // namespace soliton
