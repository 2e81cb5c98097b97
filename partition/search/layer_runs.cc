#include "partition/search/layer_runs.h"

#include <map>

#include "partition/ir/layer_readers.h"
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

// What a layer reads and who reads what it makes, as distances, so that layers at other places in the
// model may be equal. A source that another layer reads as well, or that depends on layers, is one of
// a kind.
void add_ways(const LayerGraph& model, std::size_t layer, const LayerReaders& readers,
              std::vector<std::int64_t>& to) {
  const auto here = static_cast<std::int64_t>(layer);
  for (const LayerInput& input : all_inputs(model.layers[layer])) {
    const bool host = input.from == LayerInput::From::kHost;
    const bool own =
        host && readers.layers(input).size() == 1 && model.sources[input.index].after == 0;
    to.insert(to.end(),
              {host ? 1 : 0, static_cast<std::int64_t>(input.what), tokens_of(model, input),
               own    ? -1
               : host ? static_cast<std::int64_t>(input.index)
                      : here - static_cast<std::int64_t>(input.index)});
  }
  using What = LayerInput::What;
  for (const What what : {What::kEvery, What::kLast, What::kCell}) {
    const LayerInput made{LayerInput::From::kLayer, layer, what};
    to.insert(to.end(), {-2, readers.leaves(made) ? 1 : 0});
    for (const std::size_t reader : readers.layers(made))
      to.push_back(static_cast<std::int64_t>(reader) - here);
  }
}

// Everything of a layer that its programs depend on.
std::vector<std::int64_t> content(const LayerGraph& model, std::size_t layer,
                                  const LayerReaders& readers) {
  const Layer& it = model.layers[layer];
  std::vector<std::int64_t> out = input_parts(model, layer);
  out.insert(out.end(), {in_dram(it) ? 1 : 0, layer_tokens(it), layer_per_step(it) ? 1 : 0});
  if (const auto* recurrent = std::get_if<RecurrentLayer>(&it)) {
    out.insert(out.end(),
               {1, static_cast<std::int64_t>(recurrent->cell), recurrent->input, recurrent->hidden,
                recurrent->reset_after ? 1 : 0, recurrent->reverse ? 1 : 0,
                recurrent->carries_hidden ? 1 : 0, recurrent->carries_cell ? 1 : 0,
                recurrent->initial_hidden ? 1 : 0, recurrent->initial_cell ? 1 : 0});
    for (const RecurrentWeights& weights : recurrent->directions)
      out.insert(out.end(), {weights.initial_hidden.shape.empty() ? 0 : 1,
                             weights.initial_cell.shape.empty() ? 0 : 1});
  } else {
    const auto& dense = std::get<DenseLayer>(it);
    const bool bias = dense.bias.values != nullptr || !dense.bias.shape.empty();
    out.insert(out.end(), {0, dense.input, dense.output, dense.has_product() ? 1 : 0, bias ? 1 : 0,
                           dense.taps.count, dense.taps.dilation, dense.taps.carried ? 1 : 0});
    for (const PointOperation& operation : dense.operations)
      out.insert(out.end(), {static_cast<std::int64_t>(operation.opcode), operation.operand ? 1 : 0,
                             operation.constant.shape.empty() ? 0 : 1});
  }
  out.push_back(-3);
  add_ways(model, layer, readers, out);
  return out;
}

}  // namespace

LayerRuns::LayerRuns(const LayerGraph& model) : prefix_(1), power_(1, Hash{1, 1}) {
  std::map<std::vector<std::int64_t>, std::uint32_t> seen;
  const LayerReaders readers(model);
  for (std::size_t layer = 0; layer < model.layers.size(); ++layer) {
    const auto next = static_cast<std::uint32_t>(seen.size() + 1);
    const std::uint32_t number =
        seen.try_emplace(content(model, layer, readers), next).first->second;
    classes_.push_back(number);
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
  // The first layers alone may have the vector they read passed on.
  key.ends = (static_cast<std::uint64_t>(last - first) << 1U) | (first == 0 ? 1U : 0U);
  return runs_.try_emplace(key, static_cast<std::uint32_t>(runs_.size())).first->second;
}

}  // namespace soliton
