// Lowering: layers placed on nodes become NPU programs, one shard a node, and the host's part of
// the model.
//
// A stage is a run of consecutive layers on n nodes that work on the same step. On one node all its
// layers are resident there. On n > 1 nodes the gate matrices are split by whole native-tile rows,
// so a sharded model gives the bits of the unsharded one (docs/numbers.md); each step ends in an
// all-gather of slices. A bidirectional layer has either a group of nodes per direction
// (`split_directions`) or makes two passes on one group: all steps forward,
// then all steps in reverse, through loop-back ports.
#pragma once

#include <string>
#include <vector>

#include "partition/ir/model.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct Stage {
  std::size_t first = 0;  // layers [first, last)
  std::size_t last = 0;
  std::vector<std::size_t> nodes;  // positions in LowerRequest::nodes, in order of slices
  // The first layer is bidirectional; the first half of `nodes` runs forward, the second half in
  // reverse.
  bool split_directions = false;
  // Each of the nodes that read the host's vector takes a slice of it and passes it on to the
  // others, a step ahead: the host's cable carries it once in place of once a node. Of the first
  // stage only.
  bool scatter_input = false;
  // So many of `nodes`, the first ones, hold the input side of the first layer (W x + b) and run
  // ahead; the others hold its recurrent side and all further layers. The layer is recurrent and
  // has one direction. 0: the sides stay together.
  std::size_t input_nodes = 0;
};

// The nodes of a stage that hold recurrent sides and further layers.
std::vector<std::size_t> main_nodes(const Stage& stage);
// Whether a stage that begins with layer `first` may say `scatter_input`, or `input_nodes`.
bool can_scatter(std::size_t first);
bool can_split_sides(const Model& model, std::size_t first);

struct LowerNode {
  std::string name;
  NpuDevice device;
};

struct LowerRequest {
  const Model* model = nullptr;
  std::vector<LowerNode> nodes;
  // In order, without gaps; no node is in two. They cover all layers, or some: then the host stands
  // for the layers before and after, sends each part of the first one's input vector and takes what
  // the last one makes.
  std::vector<Stage> stages;
  std::string host;
  CpuDevice cpu;
  std::string precision;  // a format of every used device; "" = each device's native one
  bool with_weights = true;
  std::uint32_t batch = 1;   // lanes of every shard
  std::uint32_t window = 0;  // tiles that layers in DRAM stream through; 0: all that is left
};

struct Lowered {
  std::vector<Shard> shards;  // of the nodes that hold something, in order of LowerRequest::nodes
  std::vector<std::size_t> node;                // position in LowerRequest::nodes, per shard
  std::vector<std::vector<std::string>> holds;  // per shard: "rows 0-63 of gru0"
  HostShard host;
};

// Budgets are not checked here: check_shard() and memory_use() judge the result.
// Errors: kInvalid for a format the device does not have, native dimensions or cell programs that
// differ, a weight that cannot be quantised, or a stage whose layers cannot run as it says.
Result<Lowered> lower(const LowerRequest& request);

// The format of that name, or the native one for "". kInvalid with the formats there are.
Result<NpuFormat> format_on(const NpuDevice& device, const std::string& precision);

// Native tiles along `elements` values.
constexpr std::int64_t tiles_along(std::int64_t elements, int native_dim) {
  return (elements + native_dim - 1) / native_dim;
}

// Elements of a vector into layer `index`, direction by direction: each part starts at a
// native-vector border.
std::vector<std::int64_t> input_parts(const Model& model, std::size_t index);

// Most nodes a stage of layers [first, last) can use without split directions: one tile row of its
// lowest recurrent layer each, or, without recurrent layers, of its first one.
std::int64_t most_row_slices(const Model& model, std::size_t first, std::size_t last,
                             int native_dim);

}  // namespace soliton
