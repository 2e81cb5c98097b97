#include "partition/lower/stage_options.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/lower/placement.h"

namespace soliton {
namespace {

bool is_recurrent(const Layer& layer) { return std::holds_alternative<RecurrentLayer>(layer); }

std::size_t row_slices(const LayerGraph& model, std::size_t first, std::size_t last,
                       int native_dim) {
  return static_cast<std::size_t>(most_row_slices(model, first, last, native_dim));
}

// Layer `first` is recurrent, and none behind it is.
bool alone(const LayerGraph& model, std::size_t first, std::size_t last) {
  const auto begin = model.layers.begin();
  return is_recurrent(model.layers[first]) &&
         std::none_of(begin + static_cast<std::ptrdiff_t>(first) + 1,
                      begin + static_cast<std::ptrdiff_t>(last), is_recurrent);
}

// Most nodes of a direction, where each direction can have its own; 0 where it cannot.
std::size_t direction_slices(const LayerGraph& model, std::size_t first, std::size_t last,
                             int native_dim) {
  return is_bidirectional(model.layers[first]) && alone(model, first, last)
             ? row_slices(model, first, first + 1, native_dim)
             : 0;
}

// Most nodes of the input side, where it can have its own; 0 where it cannot.
std::size_t input_slices(const LayerGraph& model, std::size_t first, std::size_t last,
                         int native_dim) {
  return can_split_sides(model, first) && alone(model, first, last)
             ? row_slices(model, first, first + 1, native_dim)
             : 0;
}

// Nodes of the input side that give each node of both sides about the same number of tiles.
std::size_t even_input_nodes(const LayerGraph& model, std::size_t first, std::size_t nodes,
                             int native_dim) {
  const auto& recurrent = std::get<RecurrentLayer>(model.layers[first]);
  const std::int64_t input =
      tiles_along(padded_columns(input_parts(model, first), native_dim), native_dim);
  const std::int64_t all = input + tiles_along(recurrent.hidden, native_dim);
  const auto count = static_cast<std::int64_t>(nodes);
  return static_cast<std::size_t>((2 * count * input + all) / (2 * all));
}

}  // namespace

std::size_t most_stage_nodes(const LayerGraph& model, std::size_t first, std::size_t last,
                             int native_dim) {
  const std::size_t rows = row_slices(model, first, last, native_dim);
  return std::max({rows + input_slices(model, first, last, native_dim),
                   2 * direction_slices(model, first, last, native_dim),
                   static_cast<std::size_t>(column_tiles(model, first, last, native_dim))});
}

std::vector<StageOption> stage_options(const LayerGraph& model, std::size_t first, std::size_t last,
                                       std::size_t nodes, int native_dim) {
  std::vector<StageOption> out;
  const bool wide =
      can_scatter(model, first) && tiles_along(layer_input(model.layers[first]), native_dim) > 1;
  const auto add = [&](StageOption option, std::size_t readers) {
    out.push_back(option);
    if (!wide || readers < 2) return;
    option.scatter_input = true;
    out.push_back(option);
  };
  const std::size_t rows = row_slices(model, first, last, native_dim);
  if (nodes <= rows) add({}, nodes);
  if (nodes >= 2 && nodes <= static_cast<std::size_t>(column_tiles(model, first, last, native_dim)))
    add({.split_columns = true}, nodes);
  if (nodes % 2 == 0 && nodes / 2 <= direction_slices(model, first, last, native_dim))
    add({.split_directions = true}, nodes / 2);
  const std::size_t most = input_slices(model, first, last, native_dim);
  if (most == 0) return out;
  const std::size_t even = even_input_nodes(model, first, nodes, native_dim);
  for (std::size_t input = std::max<std::size_t>(even, 2) - 1; input <= even + 1; ++input)
    if (input < nodes && input <= most && nodes - input <= rows) add({.input_nodes = input}, input);
  return out;
}

std::string describe(const StageOption& option) {
  std::string out;
  if (option.split_directions) out += ", a direction each half";
  if (option.input_nodes > 0)
    out += fmt::format(", its input side on {} of them", option.input_nodes);
  if (option.scatter_input) out += ", slices of the input passed on";
  if (option.split_columns) out += ", the last product by columns";
  return out;
}

}  // namespace soliton
