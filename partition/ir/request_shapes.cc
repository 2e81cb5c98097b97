#include "partition/ir/request_shapes.h"

#include <algorithm>
#include <map>

#include "partition/ir/evaluate.h"
#include "protocol/base/check.h"

namespace soliton::ir {
namespace {

// Whether one extent is the same in all trials, or their number of steps.
bool extent_follows(std::span<const Trial> trials, std::size_t id, std::size_t axis) {
  const std::int64_t first = trials.front().arrays[id].shape()[axis];
  bool same = true, steps = true;
  for (const Trial& trial : trials) {
    const std::int64_t extent = trial.arrays[id].shape()[axis];
    same = same && extent == first;
    steps = steps && extent == trial.steps;
  }
  return same || steps;
}

bool shape_follows(std::span<const Trial> trials, std::size_t id) {
  const Array& last = trials.back().arrays[id];
  for (const Trial& trial : trials) {
    const Array& it = trial.arrays[id];
    if (!it.present() || it.type() != last.type() || it.rank() != last.rank()) return false;
  }
  for (std::size_t axis = 0; axis < last.rank(); ++axis)
    if (!extent_follows(trials, id, axis)) return false;
  return true;
}

// The array of the longest request as far as it is that of all of them.
Array common(std::span<const Trial> trials, std::size_t id) {
  if (!shape_follows(trials, id)) return {};
  const Array& last = trials.back().arrays[id];
  const bool same = std::ranges::all_of(
      trials, [&](const Trial& trial) { return identical(trial.arrays[id], last); });
  return same ? last : last.forgotten();
}

RequestShapes inferred(const Graph& graph, std::span<const Trial> inputs) {
  RequestShapes out;
  for (const Trial& trial : inputs)
    out.trials.push_back({trial.steps, infer_partly(graph, trial.arrays)});
  for (std::size_t id = 0; id < graph.values.size(); ++id)
    out.arrays.push_back(common(out.trials, id));
  return out;
}

std::size_t input_of(const Graph& graph, const State& state) {
  const auto at = std::ranges::find(graph.inputs, state.input, &Input::value);
  return static_cast<std::size_t>(at - graph.inputs.begin());
}

// Takes the shapes of states that do not keep them; returns whether there were any.
bool drop_states(const Graph& graph, const RequestShapes& shapes, std::vector<Trial>& inputs) {
  bool any = false;
  for (const State& state : graph.states) {
    const Array& left = shapes.arrays[state.output];
    if (!shapes.arrays[state.input].present()) continue;
    if (left.present() && shapes.shape_of(state.output) == state.initial.shape()) continue;
    for (Trial& trial : inputs) trial.arrays[input_of(graph, state)] = Array();
    any = true;
  }
  return any;
}

bool same_kind(const Array& a, const Array& b) {
  return a.type() == b.type() && a.shape() == b.shape();
}

}  // namespace

bool RequestShapes::is_open(ValueId id, std::size_t axis) const {
  return trials.front().arrays[id].shape()[axis] != trials.back().arrays[id].shape()[axis];
}

Shape RequestShapes::shape_of(ValueId id) const {
  Shape out = arrays[id].shape();
  for (std::size_t axis = 0; axis < out.size(); ++axis)
    if (is_open(id, axis)) out[axis] = kOpen;
  return out;
}

RequestShapes infer_shapes(const Graph& graph, std::span<const Trial> inputs) {
  SOLITON_CHECK(!inputs.empty());
  std::vector<Trial> trials(inputs.begin(), inputs.end());
  for (const State& state : graph.states)
    for (Trial& trial : trials) trial.arrays[input_of(graph, state)] = state.initial.forgotten();
  while (true) {
    RequestShapes out = inferred(graph, trials);
    if (!drop_states(graph, out, trials)) return out;
  }
}

RequestShapes alike(std::vector<Array> arrays) { return {arrays, {{0, arrays}}}; }

std::optional<StepAxis> varying_axis(std::span<const std::vector<Array>> requests) {
  for (const std::vector<Array>& request : requests)
    for (std::size_t k = 0; k < request.size(); ++k) {
      const Array& first = requests.front()[k];
      for (std::size_t axis = 0; axis < std::min(first.rank(), request[k].rank()); ++axis)
        if (first.rank() == request[k].rank() && first.shape()[axis] != request[k].shape()[axis])
          return StepAxis{k, axis};
    }
  return std::nullopt;
}

std::vector<Trial> trials_of(std::span<const std::vector<Array>> requests,
                             const std::optional<StepAxis>& axis, std::size_t most) {
  SOLITON_CHECK(!requests.empty() && most >= 2);
  std::map<std::int64_t, Trial> by_steps;
  for (const std::vector<Array>& request : requests) {
    const std::int64_t steps = axis ? request[axis->input].shape()[axis->axis] : 0;
    const auto [at, fresh] = by_steps.try_emplace(steps, Trial{steps, {}});
    std::vector<Array>& arrays = at->second.arrays;
    if (fresh)
      for (const Array& array : request)
        arrays.push_back(array.present() ? array.forgotten() : array);
    for (std::size_t k = 0; k < request.size(); ++k)
      if (arrays[k].present() && !same_kind(arrays[k], request[k])) arrays[k] = Array();
  }
  std::vector<Trial> all;
  for (auto& [steps, trial] : by_steps) all.push_back(std::move(trial));
  if (all.size() <= most) return all;
  std::vector<Trial> out;
  for (std::size_t i = 0; i < most; ++i)
    out.push_back(std::move(all[i * (all.size() - 1) / (most - 1)]));
  return out;
}

}  // namespace soliton::ir
