#include "partition/search/stage_cost.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "partition/cost/cost_model.h"
#include "partition/lower/placement.h"

namespace soliton {
namespace {

// The host of a stage that is lowered alone, and how the names of ports end that it feeds.
constexpr const char* kHost = "host";
constexpr const char* kFromHost = " from host";
// Enough steps that a period is what it stays for the rest of a request.
constexpr std::int64_t kMeasuredSteps = 16;
// Ways to put devices of different classes in the places of a stage.
constexpr std::int64_t kMixesMost = 96;
// Steps times nodes that all questions for a least cost may take together.
constexpr std::int64_t kLeastWork = 400'000;

bool fits_memories(const Shard& shard) {
  return std::ranges::all_of(memory_use(shard),
                             [](const MemoryUse& use) { return use.used <= use.capacity; });
}

bool turns(const Layer& layer) {
  const auto* recurrent = std::get_if<RecurrentLayer>(&layer);
  return recurrent != nullptr && (recurrent->directions.size() == 2 || recurrent->reverse);
}

// Every class lays tiles out in its own way: at best all nodes have as much memory as the largest,
// and no matrix takes more than its tiles.
NpuDevice largest_of(const PartitionRequest& request, const NodesView& view) {
  NpuDevice largest = view.nodes.front().device;
  std::int64_t most = -1;
  for (const LowerNode& node : view.nodes) {
    const auto format = format_on(node.device, request.precision);
    const std::int64_t tiles = format ? tiles_that_fit(node.device, format->format) : 0;
    if (tiles <= most) continue;
    most = tiles;
    largest = node.device;
  }
  largest.timing.occupancy = Occupancy::kSpread;
  return largest;
}

}  // namespace

StageCosts::StageCosts(const PartitionRequest& request, const NodesView& view)
    : request_(request),
      view_(view),
      readers_(*request.model),
      runs_(*request.model),
      largest_(largest_of(request, view)) {}

Stage to_stage(const StageShape& shape, std::span<const std::size_t> nodes) {
  return {shape.first, shape.last, {nodes.begin(), nodes.end()}, shape.option};
}

StageShape shape_of(const Stage& stage) {
  return {stage.first, stage.last, stage.nodes.size(), stage.option};
}

bool StageCosts::fits(const StageShape& shape, std::span<const std::size_t> nodes) {
  const auto [at, fresh] = fits_.try_emplace(key(shape, pattern(nodes)), false);
  if (fresh) at->second = shards(shape, devices_of(nodes)).has_value();
  return at->second;
}

std::size_t StageCosts::Mix::operator()(const Key& key) const {
  std::uint64_t hash = (std::uint64_t{key.run} << 32U) | key.pattern;
  hash = (hash ^ (key.shape * 0xbf58476d1ce4e5b9ULL)) * 0x9e3779b97f4a7c15ULL;
  return hash ^ (hash >> 29U);
}

StageCosts::Key StageCosts::key(const StageShape& shape, std::uint32_t pattern) {
  std::uint64_t packed =
      (std::uint64_t{shape.count} << 32U) | std::uint64_t{shape.option.input_nodes};
  for (const StageFlag& flag : kStageFlags)
    packed = (packed << 1U) | (shape.option.*flag.member ? 1U : 0U);
  return {runs_.run(shape.first, shape.last), packed, pattern};
}

std::size_t StageCosts::most_nodes(std::size_t first, std::size_t last) const {
  return most_stage_nodes(*request_.model, first, last, view_.nodes.front().device.native_dim);
}

std::vector<StageOption> StageCosts::options(std::size_t first, std::size_t last,
                                             std::size_t count) const {
  return stage_options(*request_.model, first, last, count, view_.nodes.front().device.native_dim);
}

std::uint32_t StageCosts::pattern(std::span<const std::size_t> nodes) {
  std::vector<std::uint32_t> out;
  std::vector<std::pair<std::size_t, bool>> seen;  // group, and whether two of it were met
  for (const std::size_t node : nodes) {
    const std::size_t group = view_.group[node];
    auto at = std::ranges::find(seen, group, &std::pair<std::size_t, bool>::first);
    const bool fresh = at == seen.end();
    out.push_back(static_cast<std::uint32_t>(at - seen.begin()));
    if (fresh) {
      out.push_back(static_cast<std::uint32_t>(view_.device_class[node]));
      for (const auto& [other, twice] : seen) {
        out.push_back(view_.distances->way_class(other, group));
        out.push_back(view_.distances->way_class(group, other));
      }
      seen.emplace_back(group, false);
    } else if (!at->second) {
      at->second = true;
      out.push_back(view_.distances->way_class(group, group));
    }
  }
  const auto next = static_cast<std::uint32_t>(patterns_.size() + 1);
  return patterns_.try_emplace(std::move(out), next).first->second;
}

StageCosts::Groups StageCosts::groups_of(std::span<const std::size_t> nodes) const {
  Groups out;
  for (const std::size_t node : nodes) out.push_back(view_.group[node]);
  return out;
}

StageCosts::Devices StageCosts::devices_of(std::span<const std::size_t> nodes) const {
  Devices out;
  for (const std::size_t node : nodes) out.push_back(&view_.nodes[node].device);
  return out;
}

// Cheap and nearly always what decides.
bool StageCosts::tiles_fit(const StageShape& shape, const Devices& devices) const {
  std::vector<std::int64_t> room;
  for (const NpuDevice* device : devices) {
    const auto format = format_on(*device, request_.precision);
    if (!format) return false;
    room.push_back(tiles_that_fit(*device, format->format));
  }
  std::vector<std::size_t> positions(devices.size());
  std::iota(positions.begin(), positions.end(), 0);
  const auto placement =
      place_stage(*request_.model, to_stage(shape, positions), *devices.front(), std::move(room));
  return placement &&
         std::ranges::all_of(placement->tiles_free, [](std::int64_t tiles) { return tiles >= 0; });
}

bool StageCosts::tiles_could_fit(const StageShape& shape) {
  const auto [at, fresh] = could_fit_.try_emplace(key(shape, 0), false);
  if (!fresh) return at->second;
  if (!view_.mixed)
    return at->second = tiles_fit(shape, Devices(shape.count, &view_.nodes.front().device));
  return at->second = tiles_fit(shape, Devices(shape.count, &largest_));
}

std::optional<Lowered> StageCosts::shards(const StageShape& shape, const Devices& devices) {
  ++work_;
  if (!tiles_fit(shape, devices)) return std::nullopt;
  LowerRequest request;
  request.model = request_.model;
  request.readers = &readers_;
  std::vector<std::size_t> positions;
  for (std::size_t i = 0; i < devices.size(); ++i) {
    request.nodes.push_back({fmt::format("n{}", i), *devices[i]});
    positions.push_back(i);
  }
  request.stages = {to_stage(shape, positions)};
  request.host = kHost;
  request.precision = request_.precision;
  request.with_weights = false;
  request.batch = request_.batch;
  request.window = request_.window;
  auto lowered = lower(request);
  if (!lowered || !std::ranges::all_of(lowered->shards, fits_memories)) return std::nullopt;
  return std::move(*lowered);
}

bool StageCosts::is_barrier(const StageShape& shape) const {
  const auto& layers = request_.model->layers;
  return std::any_of(layers.begin() + static_cast<std::ptrdiff_t>(shape.first),
                     layers.begin() + static_cast<std::ptrdiff_t>(shape.last), turns);
}

// Where nothing is read against its order, the last input is needed in the last steps alone: it may
// be passed on some steps ahead of its use.
std::int64_t StageCosts::needed_behind(const StageShape& shape) const {
  constexpr std::int64_t kAhead = 5;
  return is_barrier(shape) ? request_.steps : kAhead;
}

// A step takes no less than the busiest of the stage's devices, or the host of a first stage, needs
// on its cable.
Duration StageCosts::cable_time(const StageShape& shape, const Lowered& lowered,
                                const Groups& groups) const {
  Duration most{};
  const auto on = [&](std::size_t group, std::int64_t elements) {
    return view_.distances->bytes_on_cable(group, request_.batch * elements);
  };
  Duration host{};
  for (std::size_t i = 0; i < lowered.shards.size(); ++i) {
    Duration in{};
    for (const InPort& port : lowered.shards[i].in_ports) {
      in = sum(in, on(groups[lowered.node[i]], port.elements));
      const bool from_host = port.name.ends_with(kFromHost);
      if (shape.first == 0 && from_host) host = sum(host, on(view_.host_group(), port.elements));
    }
    most = std::max(most, in);
  }
  return std::max(most, host);
}

StageEstimate StageCosts::measure(const StageShape& shape, const Lowered& lowered,
                                  const Groups& groups) {
  StageEstimate cost;
  cost.barrier = is_barrier(shape);
  if (runs_once(*request_.model, shape.first) || request_.steps == 1) {
    cost.fill = play(shape, lowered, &groups, 1, 0).last;
    return cost;
  }
  const std::int64_t far = std::min(request_.steps, kMeasuredSteps);
  const std::int64_t near = std::max<std::int64_t>(1, far / 2);
  const Duration at_far = play(shape, lowered, &groups, far, 0).last;
  const Duration at_near = play(shape, lowered, &groups, near, 0).last;
  cost.period = (at_far - at_near) / (far - near);
  cost.fill = at_far - times(cost.period, far - 1);
  cost.period = std::max(cost.period, cable_time(shape, lowered, groups));
  return cost;
}

const StageEstimate* StageCosts::estimate(const StageShape& shape,
                                          std::span<const std::size_t> nodes,
                                          std::uint32_t pattern) {
  const auto [at, fresh] = estimates_.try_emplace(key(shape, pattern));
  if (fresh) {
    if (const auto lowered = shards(shape, devices_of(nodes)))
      at->second = measure(shape, *lowered, groups_of(nodes));
  }
  return at->second ? &*at->second : nullptr;
}

FreePlay StageCosts::play(const StageShape& shape, const Lowered& lowered, const Groups* groups,
                          std::int64_t steps, std::int64_t steps_behind) {
  FreePlayRequest request;
  const Distances& distances = *view_.distances;
  const auto group = [&](std::size_t shard) { return (*groups)[lowered.node[shard]]; };
  request.way = [&](std::size_t a, std::size_t b, std::int64_t elements) {
    return groups == nullptr ? distances.least_message(elements)
                             : distances.message(group(a), group(b), elements);
  };
  request.cable = [&](std::size_t to, std::int64_t elements) {
    return groups == nullptr ? distances.least_on_cable(elements)
                             : distances.on_cable(group(to), elements);
  };
  request.shards = lowered.shards;
  request.steps = runs_once(*request_.model, shape.first) ? 1 : steps;
  request.steps_behind = steps_behind;
  request.any_begin = steps_behind > 0;
  request.batch = request_.batch;
  for (const Shard& shard : lowered.shards)
    work_ += (steps / 2 + 20) * static_cast<std::int64_t>(shard.program.chains.size());
  return play_free(request);
}

const FreePlay* StageCosts::bound(const StageShape& shape, std::span<const std::size_t> nodes,
                                  std::uint32_t pattern) {
  const auto [at, fresh] = bounds_.try_emplace(key(shape, pattern));
  if (fresh) {
    const Groups groups = groups_of(nodes);
    if (const auto lowered = shards(shape, devices_of(nodes)))
      at->second = play(shape, *lowered, &groups, request_.steps, needed_behind(shape));
  }
  return at->second ? &*at->second : nullptr;
}

const FreePlay* StageCosts::least(const StageShape& shape) {
  const auto [at, fresh] = least_.try_emplace(key(shape, 0));
  if (fresh) at->second = find_least(shape);
  return at->second ? &*at->second : nullptr;
}

std::optional<FreePlay> StageCosts::find_least(const StageShape& shape) {
  if (!tiles_could_fit(shape)) return std::nullopt;
  Devices kinds;
  for (std::size_t node = 0; node < view_.nodes.size(); ++node) {
    if (view_.device_class[node] >= kinds.size()) kinds.resize(view_.device_class[node] + 1);
    kinds[view_.device_class[node]] = &view_.nodes[node].device;
  }
  std::int64_t mixes = 1;
  for (std::size_t i = 0; i < shape.count && mixes <= kMixesMost; ++i)
    mixes *= static_cast<std::int64_t>(kinds.size());
  const std::int64_t work = mixes * request_.steps * static_cast<std::int64_t>(shape.count);
  if (mixes > kMixesMost || least_work_ + work > kLeastWork) return FreePlay{};
  least_work_ += work;
  std::optional<FreePlay> out;
  Devices devices(shape.count, nullptr);
  for (std::int64_t mix = 0; mix < mixes; ++mix) {
    std::int64_t left = mix;
    for (const NpuDevice*& device : devices) {
      device = kinds[static_cast<std::size_t>(left) % kinds.size()];
      left /= static_cast<std::int64_t>(kinds.size());
    }
    const std::optional<FreePlay> its = least_of(shape, devices);
    if (!its) continue;
    if (!out) {
      out = its;
      continue;
    }
    out->first = std::min(out->first, its->first);
    out->last = std::min(out->last, its->last);
    out->response = std::min(out->response, its->response);
    out->occupied = std::min(out->occupied, its->occupied);
    out->least_input = std::min(out->least_input, its->least_input);
    out->least_output = std::min(out->least_output, its->least_output);
    out->inputs = std::min(out->inputs, its->inputs);
  }
  return out;
}

std::optional<FreePlay> StageCosts::least_of(const StageShape& shape, const Devices& devices) {
  const auto lowered = shards(shape, devices);
  if (!lowered) return std::nullopt;
  return play(shape, *lowered, nullptr, request_.steps, needed_behind(shape));
}

}  // namespace soliton
