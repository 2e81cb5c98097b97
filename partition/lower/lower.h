// Lowering: layers placed on nodes become NPU programs, one shard for each node, and the ports at
// which CPU hosts send and take vectors.
//
// A stage is a run of consecutive layers on n nodes that work on the same step. With one node, all
// its layers reside there. With n > 1 nodes the gate matrices are split at native-tile rows, so a
// sharded model gives the same bits as the unsharded one (docs/numbers.md); each step ends in an
// all-gather of slices. A bidirectional layer either has a group of nodes for each direction
// (`split_directions`) or makes two passes on one group: all steps forward, then all steps in
// reverse, through loop-back ports.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "partition/ir/host_ports.h"
#include "partition/ir/layer_graph.h"
#include "partition/ir/layer_readers.h"
#include "partition/ir/stage_option.h"
#include "protocol/isa/shard.h"

namespace soliton {

struct Stage {
  std::size_t first = 0;  // layers [first, last)
  std::size_t last = 0;
  std::vector<std::size_t> nodes;  // indices into LowerRequest::nodes, in order of slices
  StageOption option;
};

// The nodes of a stage that hold recurrent sides and later layers.
std::vector<std::size_t> main_nodes(const Stage& stage);
// Whether a stage that begins with layer `first` may set `scatter_input`, or `input_nodes`. The first
// needs a recurrent layer that reads one vector, which a host sends to nobody else.
bool can_scatter(const LayerGraph& model, std::size_t first);
bool can_split_sides(const LayerGraph& model, std::size_t first);

struct LowerNode {
  std::string name;
  NpuDevice device;
};

// Where the vectors of a model come from and go to.
struct GraphEnds {
  std::vector<std::string> source_hosts;  // by LayerGraph::sources: who sends it
  // Who takes a result, in the order of ports.
  struct Reader {
    std::size_t result = 0;  // of LayerGraph::results
    std::string host;
  };
  std::vector<Reader> readers;
  std::map<std::string, std::uint16_t> first_port;  // by host: of its first port for vectors
};

struct LowerRequest {
  const LayerGraph* model = nullptr;
  const LayerReaders* readers = nullptr;  // of the model; null: they are found
  std::vector<LowerNode> nodes;
  // In order, without gaps; no node is in two stages. They cover all layers or only some. In the
  // latter case the host stands for the layers before and after: it sends what these make and takes
  // what they read.
  std::vector<Stage> stages;
  std::string host;
  const GraphEnds* ends = nullptr;  // null: `host` is all of them
  std::string precision;  // a format that every used device has; "": each device's native one
  bool with_weights = true;
  std::uint32_t batch = 1;   // lanes of every shard
  std::uint32_t window = 0;  // tiles through which layers in DRAM stream; 0: all free ones
};

struct Lowered {
  std::vector<Shard> shards;  // of the nodes that hold something, in order of LowerRequest::nodes
  std::vector<std::size_t> node;                // per shard: index into LowerRequest::nodes
  std::vector<std::vector<std::string>> holds;  // per shard: "rows 0-63 of gru0"
  HostPorts host;
};

// Budgets are not checked here: check_shard() and memory_use() judge the result.
// Errors: kInvalid for a format the device does not have, native dimensions or cell programs that
// differ, a weight that cannot be quantised, or a stage whose layers cannot run as it says.
Result<Lowered> lower(const LowerRequest& request);

// The format of that name, or the native one for "". Error: kInvalid, listing the formats there
// are.
Result<NpuFormat> format_on(const NpuDevice& device, const std::string& precision);

// Number of native tiles along `elements` values.
constexpr std::int64_t tiles_along(std::int64_t elements, int native_dim) {
  return (elements + native_dim - 1) / native_dim;
}

// Elements of the input vector of layer `index`, one part for each direction, all of them once for
// each tap. Each part starts at a native-vector border.
std::vector<std::int64_t> input_parts(const LayerGraph& model, std::size_t index);

// The largest number of nodes that a stage of layers [first, last) can use without split
// directions: one tile row each of its recurrent layer with the fewest tile rows or, without
// recurrent layers, of its first layer.
std::int64_t most_row_slices(const LayerGraph& model, std::size_t first, std::size_t last,
                             int native_dim);

// Tile columns of the last of layers [first, last), which can be divided over nodes; 0 where they cannot
// be: the layer is no product or reads several tokens, or one of them is recurrent.
std::int64_t column_tiles(const LayerGraph& model, std::size_t first, std::size_t last,
                          int native_dim);

}  // namespace soliton
