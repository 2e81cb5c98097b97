#include "partition/search/layer_runs.h"

#include <map>

#include "partition/lower/lower.h"
#include "partition/lower/placement.h"

namespace soliton {
namespace {

constexpr std::uint64_t kModulus = (std::uint64_t{1} << 61) - 1;
constexpr std::uint64_t kBaseA = 0x1b873593a4f2c1dULL;
constexpr std::uint64_t kBaseB = 0x0c6a4a7935bd1e9ULL;

std::uint64_t product(std::uint64_t a, std::uint64_t b) {
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(a) * b % kModulus);
}

std::uint64_t difference(std::uint64_t a, std::uint64_t b) {
  return a >= b ? a - b : a + kModulus - b;
}

// Everything of a layer that its programs depend on.
std::vector<std::int64_t> content(const Model& model, std::size_t layer) {
  const Layer& it = model.layers[layer];
  // In a graph it matters who reads whom, so no two layers are taken for equal.
  if (!model.sources.empty()) return {-1, static_cast<std::int64_t>(layer)};
  std::vector<std::int64_t> out = input_parts(model, layer);
  out.push_back(in_dram(it) ? 1 : 0);
  if (const auto* recurrent = std::get_if<RecurrentLayer>(&it)) {
    out.insert(out.end(),
               {1, static_cast<std::int64_t>(recurrent->cell), recurrent->input, recurrent->hidden,
                recurrent->reset_after ? 1 : 0, recurrent->reverse ? 1 : 0,
                static_cast<std::int64_t>(recurrent->directions.size())});
  } else {
    const auto& dense = std::get<DenseLayer>(it);
    const bool bias = dense.bias.values != nullptr || !dense.bias.shape.empty();
    out.insert(out.end(), {0, dense.input, dense.output, dense.every_step ? 1 : 0,
                           runs_once(model, layer) ? 1 : 0, bias ? 1 : 0});
  }
  return out;
}

}  // namespace

LayerRuns::LayerRuns(const Model& model) : model_(model), prefix_(1), power_(1, Hash{1, 1}) {
  std::map<std::vector<std::int64_t>, std::uint32_t> seen;
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    const auto next = static_cast<std::uint32_t>(seen.size() + 1);
    const std::uint32_t number = seen.try_emplace(content(model, layer), next).first->second;
    classes_.push_back(number);
    sequence_after_.push_back(sequence_after(model, layer));
    const Hash& before = prefix_.back();
    prefix_.push_back({(product(before.a, kBaseA) + number) % kModulus,
                       (product(before.b, kBaseB) + number) % kModulus});
    power_.push_back({product(power_.back().a, kBaseA), product(power_.back().b, kBaseB)});
  }
}

std::uint32_t LayerRuns::run(std::size_t first, std::size_t last) {
  const Hash& power = power_[last - first];
  Key key;
  key.hash = {difference(prefix_[last].a, product(prefix_[first].a, power.a)),
              difference(prefix_[last].b, product(prefix_[first].b, power.b))};
  // The whole model has the host's own parts, the last layer its way of answering.
  const bool whole = first == 0 && last == model_.layers.size();
  key.ends = (static_cast<std::uint64_t>(last - first) << 3U) | (first == 0 ? 1U : 0U) |
             (sequence_after_[last - 1] ? 2U : 0U) | (whole ? 4U : 0U);
  return runs_.try_emplace(key, static_cast<std::uint32_t>(runs_.size())).first->second;
}

}  // namespace soliton
