// The ways in which a run of layers can be spread over a number of nodes, for whoever prices them:
// each option is lowered by lower() and played by predict().
#pragma once

#include <string>
#include <vector>

#include "partition/lower/lower.h"

namespace soliton {

// The fields of a Stage beside its layers and nodes.
struct StageOption {
  bool split_directions = false;
  bool scatter_input = false;
  std::size_t input_nodes = 0;
  auto operator<=>(const StageOption&) const = default;
};

// Most nodes that layers [first, last) can use in any of the ways.
std::size_t most_stage_nodes(const Model& model, std::size_t first, std::size_t last,
                             int native_dim);

// The ways to use exactly `nodes` of them, rows first. Only a recurrent layer that no other one
// follows is divided by direction or side; of all divisions into input and recurrent side those
// whose sides hold about equally many tiles a node. Nothing about memories.
std::vector<StageOption> stage_options(const Model& model, std::size_t first, std::size_t last,
                                       std::size_t nodes, int native_dim);

Stage with_option(Stage stage, const StageOption& option);
// ", a direction each half", ", its input side on 2 of them", ", slices of the input passed on".
std::string describe(const StageOption& option);

}  // namespace soliton
