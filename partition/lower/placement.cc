#include "partition/lower/placement.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/lower/dense_program.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

// A matrix takes rows_taken() times columns_taken() tiles of the device's memory (NpuDevice::tiles_taken()).
std::int64_t rows_taken(std::int64_t elements, const NpuDevice& device) {
  const std::int64_t rows = tiles_along(elements, device.native_dim);
  return device.timing.occupancy == Occupancy::kRows ? device.tiles_taken(rows, 1) : rows;
}
std::int64_t columns_taken(std::int64_t elements, const NpuDevice& device) {
  const std::int64_t columns = tiles_along(elements, device.native_dim);
  return device.timing.occupancy == Occupancy::kRows ? columns : device.tiles_taken(1, columns);
}
std::int64_t columns_taken(const std::vector<std::int64_t>& parts, const NpuDevice& device) {
  return columns_taken(padded_columns(parts, device.native_dim), device);
}

// Takes each slice's tiles off its node's budget, unless the layer lies in DRAM.
void charge(const Layer& layer, const Stage& stage, const std::vector<Slice>& slices,
            std::int64_t columns, const NpuDevice& device, std::vector<std::int64_t>& tiles_free) {
  if (in_dram(layer)) return;
  for (const Slice& slice : slices) {
    const auto at =
        std::find(stage.nodes.begin(), stage.nodes.end(), slice.node) - stage.nodes.begin();
    tiles_free[static_cast<std::size_t>(at)] -= rows_taken(slice.rows.count, device) * columns;
  }
}

std::vector<std::size_t> input_nodes(const Stage& stage) {
  return {stage.nodes.begin(),
          stage.nodes.begin() + static_cast<std::ptrdiff_t>(stage.option.input_nodes)};
}

// Whole on one node, because a dense layer split by rows costs an exchange if another layer reads
// it. The last node has the fewest rows of the recurrent layers, so it is tried first.
std::vector<Slice> place_dense(const DenseLayer& dense, const Stage& stage, std::int64_t columns,
                               const NpuDevice& device,
                               const std::vector<std::int64_t>& tiles_free) {
  const std::int64_t tiles = rows_taken(dense.output, device) * columns;
  const auto whole_on = [&](std::size_t position) {
    return std::vector<Slice>{{stage.nodes[position], {0, dense.output}}};
  };
  if (dense.in_dram || tiles_free.back() >= tiles) return whole_on(stage.nodes.size() - 1);
  const auto roomiest = std::max_element(
      tiles_free.begin() + static_cast<std::ptrdiff_t>(stage.option.input_nodes), tiles_free.end());
  if (*roomiest >= tiles) return whole_on(static_cast<std::size_t>(roomiest - tiles_free.begin()));
  return split_rows(dense.output, device.native_dim, main_nodes(stage));
}

// Point-wise work goes where its vector is made, and stays whole where it needs all of it.
std::vector<Slice> place_points(const DenseLayer& layer, const Stage& stage, int native_dim,
                                const StagePlacement& placed) {
  if (reduces_rows(layer)) return {{main_nodes(stage).front(), {0, layer.output}}};
  const LayerInput& input = layer.inputs.front();
  if (input.from == LayerInput::From::kLayer && input.index >= stage.first) {
    const auto& directions = placed.slices[input.index - stage.first];
    if (directions.size() == 1) return directions.front();
  }
  return split_rows(layer.output, native_dim, main_nodes(stage));
}

// The node with the last columns has the result.
void place_columns(const LayerGraph& model, const Stage& stage, const NpuDevice& device,
                   std::vector<std::int64_t>& tiles_free, StagePlacement& out) {
  const auto& dense = std::get<DenseLayer>(model.layers[stage.last - 1]);
  const int native_dim = device.native_dim;
  const std::int64_t all = padded_columns(input_parts(model, stage.last - 1), native_dim);
  const std::vector<Slice> slices = split_rows(all, native_dim, stage.nodes);
  for (std::size_t i = 0; i < slices.size(); ++i) {
    out.columns.push_back({slices[i].node, slices[i].rows});
    if (!dense.in_dram)
      tiles_free[i] -=
          rows_taken(dense.output, device) * columns_taken(slices[i].rows.count, device);
  }
  out.slices.back().push_back({{out.columns.back().node, {0, dense.output}}});
}

Status check_options(const LayerGraph& model, const Stage& stage, int native_dim) {
  const std::string name = layer_name(model.layers[stage.first]);
  if (stage.option.scatter_input && !can_scatter(model, stage.first))
    return invalid(fmt::format(
        "{} does not alone read a host's vector, so there is nothing to scatter", name));
  const auto tiles =
      static_cast<std::size_t>(column_tiles(model, stage.first, stage.last, native_dim));
  if (stage.option.split_columns && (stage.nodes.size() < 2 || tiles < stage.nodes.size()))
    return invalid(fmt::format("{} cannot be divided by columns over {} nodes",
                               layer_name(model.layers[stage.last - 1]), stage.nodes.size()));
  if (stage.option.input_nodes == 0) return {};
  if (stage.option.input_nodes >= stage.nodes.size() || stage.option.split_directions ||
      !can_split_sides(model, stage.first))
    return invalid(fmt::format("{} cannot be split into an input and a recurrent side", name));
  const std::int64_t rows = tiles_along(output_rows(model.layers[stage.first]), native_dim);
  if (static_cast<std::int64_t>(stage.option.input_nodes) > rows)
    return invalid(fmt::format("{} has {} native-tile rows, too few for {} nodes", name, rows,
                               stage.option.input_nodes));
  return {};
}

// A slice is at least one native-tile row, so there are no more nodes than tile rows. Behind two
// directions on nodes of their own no recurrent layer can follow in the stage: it would need both
// outputs on every node.
Status check_shape(const LayerGraph& model, const Stage& stage, int native_dim) {
  for (std::size_t layer = stage.first; layer < stage.last; ++layer) {
    const Layer& it = model.layers[layer];
    if (!std::holds_alternative<RecurrentLayer>(it)) continue;
    if (stage.option.split_directions && layer != stage.first) {
      return invalid(fmt::format("{} cannot follow {} on the nodes of its two directions",
                                 layer_name(it), layer_name(model.layers[stage.first])));
    }
    const auto nodes = static_cast<std::int64_t>(direction_nodes(stage, 0).size());
    const std::int64_t rows = tiles_along(output_rows(it), native_dim);
    if (nodes > rows) {
      return invalid(fmt::format("{} has {} native-tile rows, too few for {} nodes", layer_name(it),
                                 rows, nodes));
    }
  }
  return {};
}

}  // namespace

// Borders are those of native tiles, at which blocks of numbers begin anew: the bits of a slice do
// not depend on the number of nodes (docs/numbers.md).
std::vector<Slice> split_rows(std::int64_t elements, int native_dim,
                              const std::vector<std::size_t>& nodes) {
  const std::int64_t tiles = tiles_along(elements, native_dim);
  const std::int64_t count = std::min<std::int64_t>(tiles, static_cast<std::int64_t>(nodes.size()));
  std::vector<Slice> out;
  std::int64_t first = 0;
  for (std::int64_t i = 0; i < count; ++i) {
    const std::int64_t last = first + tiles / count + (i < tiles % count ? 1 : 0);
    const std::int64_t begin = first * native_dim;
    out.push_back({nodes[static_cast<std::size_t>(i)],
                   {begin, std::min(last * native_dim, elements) - begin}});
    first = last;
  }
  return out;
}

// Recurrent layers come first because their placement is fixed by the stage; dense layers then use
// the room that is left.
Result<StagePlacement> place_stage(const LayerGraph& model, const Stage& stage,
                                   const NpuDevice& device, std::vector<std::int64_t> tiles_free) {
  const int native_dim = device.native_dim;
  SOLITON_CHECK(!stage.nodes.empty() && tiles_free.size() == stage.nodes.size());
  if (Status options = check_options(model, stage, native_dim); !options)
    return tl::unexpected<Error>(options.error());
  if (Status shape = check_shape(model, stage, native_dim); !shape)
    return tl::unexpected<Error>(shape.error());
  StagePlacement out;
  out.slices.resize(stage.last - stage.first);
  bool any_recurrent = false;
  for (std::size_t layer = stage.first; layer < stage.last; ++layer) {
    const auto* recurrent = std::get_if<RecurrentLayer>(&model.layers[layer]);
    if (recurrent == nullptr) continue;
    any_recurrent = true;
    const std::int64_t input_columns =
        recurrent->gates() * columns_taken(input_parts(model, layer), device);
    const bool apart = stage.option.input_nodes > 0 && layer == stage.first;
    if (apart) {
      out.input_slices = split_rows(recurrent->hidden, native_dim, input_nodes(stage));
      charge(model.layers[layer], stage, out.input_slices, input_columns, device, tiles_free);
    }
    // A row of the hidden state costs a row of every gate, of the recurrent matrix and, unless the
    // input side has nodes of its own, of the input matrix.
    const std::int64_t columns = recurrent->gates() * columns_taken({recurrent->hidden}, device) +
                                 (apart ? 0 : input_columns);
    for (std::size_t direction = 0; direction < recurrent->directions.size(); ++direction) {
      out.slices[layer - stage.first].push_back(
          split_rows(recurrent->hidden, native_dim, direction_nodes(stage, direction)));
      charge(model.layers[layer], stage, out.slices[layer - stage.first].back(), columns, device,
             tiles_free);
    }
  }
  for (std::size_t layer = stage.first; layer < stage.last; ++layer) {
    const auto* dense = std::get_if<DenseLayer>(&model.layers[layer]);
    if (dense == nullptr) continue;
    if (!dense->has_product()) {
      out.slices[layer - stage.first].push_back(place_points(*dense, stage, native_dim, out));
      continue;
    }
    if (stage.option.split_columns && layer + 1 == stage.last) {
      place_columns(model, stage, device, tiles_free, out);
      continue;
    }
    const std::int64_t columns = columns_taken(input_parts(model, layer), device);
    out.slices[layer - stage.first].push_back(
        any_recurrent ? place_dense(*dense, stage, columns, device, tiles_free)
                      : split_rows(dense->output, native_dim, main_nodes(stage)));
    charge(model.layers[layer], stage, out.slices[layer - stage.first].back(), columns, device,
           tiles_free);
  }
  out.tiles_free = std::move(tiles_free);
  return out;
}

std::vector<std::size_t> direction_nodes(const Stage& stage, std::size_t direction) {
  if (!stage.option.split_directions) return main_nodes(stage);
  const auto half = static_cast<std::ptrdiff_t>(stage.nodes.size() / 2);
  if (direction == 0) return {stage.nodes.begin(), stage.nodes.begin() + half};
  return {stage.nodes.begin() + half, stage.nodes.end()};
}

std::set<std::size_t> nodes_of(const std::vector<Slice>& slices) {
  std::set<std::size_t> out;
  for (const Slice& slice : slices) out.insert(slice.node);
  return out;
}

Rounds rounds_of(const LayerGraph& model, std::size_t layer) {
  if (layer_per_step(model.layers[layer])) return {};
  return {static_cast<std::int32_t>(layer_tokens(model.layers[layer])), 0};
}

std::vector<std::int64_t> parts_of(const LayerGraph& model, const LayerInput& input) {
  if (input.from == LayerInput::From::kHost) return {model.sources[input.index].elements};
  const Layer& layer = model.layers[input.index];
  return std::vector<std::int64_t>(is_bidirectional(layer) ? 2 : 1, output_rows(layer));
}

bool runs_once(const LayerGraph& model, std::size_t layer) {
  return rounds_of(model, layer) == Rounds{1, 0};
}

bool is_bidirectional(const Layer& layer) {
  const auto* recurrent = std::get_if<RecurrentLayer>(&layer);
  return recurrent != nullptr && recurrent->directions.size() == 2;
}

std::int64_t output_rows(const Layer& layer) {
  const auto* recurrent = std::get_if<RecurrentLayer>(&layer);
  return recurrent != nullptr ? recurrent->hidden : std::get<DenseLayer>(layer).output;
}

}  // namespace soliton
