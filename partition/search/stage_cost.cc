#include "partition/search/stage_cost.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/lower/placement.h"

namespace soliton {
namespace {

// Enough steps that a period is what it stays for the rest of a request.
constexpr std::int64_t kMeasuredSteps = 16;

bool fits_memories(const Shard& shard) {
  return std::ranges::all_of(memory_use(shard),
                             [](const MemoryUse& use) { return use.used <= use.capacity; });
}

}  // namespace

Stage to_stage(const StageChoice& choice) {
  Stage stage = with_option({choice.first, choice.last, {}}, choice.option);
  for (std::size_t i = 0; i < choice.count; ++i) stage.nodes.push_back(choice.node + i);
  return stage;
}

std::size_t StageCosts::most_nodes(std::size_t first, std::size_t last) const {
  return most_stage_nodes(*request_.model, first, last, view_.nodes.front().device.native_dim);
}

std::vector<StageOption> StageCosts::options(std::size_t first, std::size_t last,
                                             std::size_t count) const {
  return stage_options(*request_.model, first, last, count, view_.nodes.front().device.native_dim);
}

// Layers that make the same programs have the same key, wherever they stand.
std::string StageCosts::layer_key(std::size_t layer) const {
  const Model& model = *request_.model;
  const Layer& it = model.layers[layer];
  std::string key = fmt::format("{}>{}{}", input_parts(model, layer).size(), layer_output(it),
                                in_dram(it) ? "dram" : "");
  if (const auto* recurrent = std::get_if<RecurrentLayer>(&it)) {
    return key + fmt::format("r{}i{}d{}a{}b{}", static_cast<int>(recurrent->cell), recurrent->input,
                             recurrent->directions.size(), recurrent->reset_after,
                             recurrent->reverse);
  }
  const auto& dense = std::get<DenseLayer>(it);
  return key + fmt::format("d{}e{}b{}", dense.input, dense.every_step,
                           dense.bias.values != nullptr || !dense.bias.shape.empty());
}

std::string StageCosts::key(const StageChoice& choice) const {
  std::string out = fmt::format("d{}s{}i{}", choice.option.split_directions,
                                choice.option.scatter_input, choice.option.input_nodes);
  out += fmt::format(" x{} first{} seq{}", choice.count, choice.first == 0,
                     sequence_after(*request_.model, choice.last - 1));
  for (std::size_t layer = choice.first; layer < choice.last; ++layer)
    out.append("|").append(layer_key(layer));
  // Nodes: their devices, and which of them (and the one before) share a place.
  std::vector<std::string> seen{choice.node == 0 ? view_.host_place
                                                 : view_.places[choice.node - 1]};
  for (std::size_t i = choice.node; i < choice.node + choice.count; ++i) {
    auto at = std::ranges::find(seen, view_.places[i]);
    if (at == seen.end()) at = seen.insert(at, view_.places[i]);
    out += fmt::format("@{}", at - seen.begin());
    if (view_.mixed) out += fmt::format("d{}", view_.device_class[i]);
  }
  return out;
}

// Cheap and nearly always what decides.
bool StageCosts::tiles_fit(const StageChoice& choice) const {
  std::vector<std::int64_t> room;
  for (std::size_t i = choice.node; i < choice.node + choice.count; ++i) {
    const auto format = format_on(view_.nodes[i].device, request_.precision);
    if (!format) return false;
    room.push_back(tiles_that_fit(view_.nodes[i].device, format->format));
  }
  const auto placement = place_stage(*request_.model, to_stage(choice),
                                     view_.nodes[choice.node].device, std::move(room));
  return placement &&
         std::ranges::all_of(placement->tiles_free, [](std::int64_t tiles) { return tiles >= 0; });
}

std::optional<Lowered> StageCosts::shards(const StageChoice& choice) {
  if (!tiles_fit(choice)) return std::nullopt;
  LowerRequest request;
  request.model = request_.model;
  for (std::size_t i = 0; i < choice.count; ++i)
    request.nodes.push_back(view_.nodes.at(choice.node + i));
  StageChoice alone = choice;
  alone.node = 0;
  request.stages = {to_stage(alone)};
  request.host = choice.node == 0 ? view_.host : view_.nodes[choice.node - 1].name;
  request.cpu = view_.cpu;
  request.precision = request_.precision;
  request.with_weights = false;
  request.batch = request_.batch;
  request.window = request_.window;
  auto lowered = lower(request);
  if (!lowered || !std::ranges::all_of(lowered->shards, fits_memories)) return std::nullopt;
  return std::move(*lowered);
}

bool StageCosts::is_barrier(const StageChoice& choice) const {
  for (std::size_t layer = choice.first; layer < choice.last; ++layer) {
    const auto* recurrent = std::get_if<RecurrentLayer>(&request_.model->layers[layer]);
    if (recurrent != nullptr && (recurrent->directions.size() == 2 || recurrent->reverse))
      return true;
  }
  return false;
}

StageCost StageCosts::measure(const StageChoice& choice, const Lowered& lowered) {
  CostRequest request;
  request.shards = lowered.shards;
  request.host = &lowered.host;
  request.topology = request_.topology;
  request.routes = request_.routes;
  request.mtu = request_.mtu;
  request.transport = false;
  request.batch = request_.batch;
  StageCost cost;
  cost.barrier = is_barrier(choice);
  const auto last_output = [&](std::int64_t steps) {
    request.steps = steps;
    return predict(request).last_output;
  };
  if (runs_once(*request_.model, choice.first) || request_.steps == 1) {
    cost.fill = last_output(1);
    return cost;
  }
  const std::int64_t far = std::min(request_.steps, kMeasuredSteps);
  const std::int64_t near = std::max<std::int64_t>(1, far / 2);
  const Duration at_far = last_output(far);
  cost.period = (at_far - last_output(near)) / (far - near);
  cost.fill = at_far - times(cost.period, far - 1);
  return cost;
}

std::optional<StageCost> StageCosts::cost(const StageChoice& choice) {
  const auto [at, fresh] = known_.try_emplace(key(choice));
  if (!fresh) return at->second;
  ++evaluations_;
  if (const auto lowered = shards(choice)) at->second = measure(choice, *lowered);
  return at->second;
}

}  // namespace soliton
