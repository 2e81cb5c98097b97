// How a stage spreads its layers over its nodes, beside by rows: what a plan says of a stage besides
// its layers and nodes.
#pragma once

#include <compare>
#include <cstddef>
#include <iterator>
#include <string_view>

namespace soliton {

struct StageOption {
  // The first layer is bidirectional; the first half of the nodes runs forward, the second half in
  // reverse.
  bool split_directions = false;
  // Each node that would read the vector that a host sends receives one slice of it and passes that
  // on to the other nodes, one step ahead. The host's cable then carries the vector once instead of
  // once for each node. Only for the first stage.
  bool scatter_input = false;
  // The last layer, a product, is divided by columns: each node multiplies its part of the vector
  // and goes on with the sums of the node before it, and the last one has the result. No layer of the
  // stage is recurrent.
  bool split_columns = false;
  // The first `input_nodes` of the nodes hold the input side of the first layer (W x + b) and run
  // ahead; the others hold its recurrent side and all later layers. The first layer must be
  // recurrent with one direction. 0: the sides stay together.
  std::size_t input_nodes = 0;
  auto operator<=>(const StageOption&) const = default;
};

// The ways that a stage goes or does not go, as plan.json spells them.
struct StageFlag {
  std::string_view name;
  bool StageOption::*member;
};
inline constexpr StageFlag kStageFlags[] = {
    {"split_directions", &StageOption::split_directions},
    {"scatter_input", &StageOption::scatter_input},
    {"split_columns", &StageOption::split_columns},
};

}  // namespace soliton
