#include "node/cpu/part_runner.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/ir/evaluate.h"
#include "protocol/base/path.h"

namespace soliton {

Arrival Cpu::occupy(Arrival from, Duration work) {
  busy_ = sum(busy_, work);
  if (time_ == TimeBase::kWall) return from;
  const Instant begin = std::max(from.at, free_);
  free_ = later(begin, work);
  from.path.queue += begin - from.at;
  from.path.host += free_ - begin;
  from.at = free_;
  return from;
}

PartRunner::PartRunner(const CpuPart& part, const CpuDevice& device, Cpu& cpu)
    : part_(part), device_(device), cpu_(cpu) {}

PartRunner::Open& PartRunner::open(std::uint32_t request) {
  const auto [at, fresh] = open_.try_emplace(request);
  Open& open = at->second;
  if (!fresh) return open;
  open.inputs.resize(part_.graph.inputs.size());
  open.missing = open.inputs.size();
  // State that is carried has a value of its own before the first request.
  if (request == 0)
    for (std::size_t k = 0; k < part_.initial.size(); ++k) {
      if (!part_.initial[k].present()) continue;
      open.inputs[k] = {part_.initial[k]};
      --open.missing;
    }
  return open;
}

bool PartRunner::on_arrays(std::size_t input, const DataHeader& header, LaneArrays arrays,
                           const Arrival& arrival) {
  const std::uint32_t request = index(header.request);
  if (request < next_ || input >= part_.graph.inputs.size()) return false;
  Open& waiting = open(request);
  const auto of_other_lanes = [&](const LaneArrays& there) {
    return !there.empty() && there.size() != arrays.size();
  };
  if (!waiting.inputs[input].empty() || std::ranges::any_of(waiting.inputs, of_other_lanes))
    return false;
  waiting.inputs[input] = std::move(arrays);
  --waiting.missing;
  waiting.functional = waiting.functional || header.functional;
  // What comes last is on the critical path. State that is carried began with the request before.
  waiting.started = std::max(waiting.started, header.started);
  waiting.steps = std::max(waiting.steps, header.steps);
  if (arrival.at >= waiting.last.at) waiting.last = arrival;
  return true;
}

std::optional<ir::Outputs> PartRunner::compute(const std::vector<ir::Array>& inputs,
                                               Duration& work) {
  Result<ir::Outputs> outputs = ir::evaluate(
      part_.graph, inputs, [&](std::size_t node, const ir::Call& call, const ir::Outputs& made) {
        work = sum(work, cpu_time(device_, *part_.graph.nodes[node].kind, call, made));
        return true;
      });
  if (outputs) return std::move(*outputs);
  failure_ = outputs.error().message;
  return std::nullopt;
}

bool PartRunner::compute_lanes(const std::vector<LaneArrays>& inputs, Done& done) {
  done.outputs.resize(part_.graph.outputs.size());
  for (std::size_t lane = 0; lane < inputs.front().size(); ++lane) {
    std::vector<ir::Array> of_lane;
    for (const LaneArrays& input : inputs) of_lane.push_back(input[lane]);
    std::optional<ir::Outputs> outputs = compute(of_lane, done.work);
    if (!outputs) return false;
    for (std::size_t k = 0; k < outputs->size(); ++k)
      done.outputs[k].push_back(std::move((*outputs)[k]));
  }
  return true;
}

std::optional<PartRunner::Done> PartRunner::poll() {
  const auto first = open_.find(next_);
  if (!failure_.empty() || first == open_.end() || first->second.missing > 0) return std::nullopt;
  Open ready = std::move(first->second);
  ready.last = since(ready.last, ready.started);
  Done done{next_, ready.started, ready.steps, ready.functional, {}, ready.last, {}};
  if (!compute_lanes(ready.inputs, done)) return std::nullopt;
  open_.erase(first);
  ++next_;
  done.leaves = cpu_.occupy(ready.last, done.work);
  return done;
}

std::string PartRunner::describe() const {
  if (!failure_.empty())
    return fmt::format("{} cannot run request {}: {}", part_.name, next_, failure_);
  const auto first = open_.find(next_);
  if (first == open_.end()) return "";
  return fmt::format("{} waits for {} of {} inputs of request {}", part_.name,
                     first->second.missing, first->second.inputs.size(), next_);
}

}  // namespace soliton
