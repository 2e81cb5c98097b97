#include "partition/search/refuse.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <map>
#include <span>

#include "partition/lower/placement.h"
#include "partition/lower/stage_options.h"
#include "partition/search/chain_search.h"
#include "partition/search/stage_ways.h"

namespace soliton {
namespace {

struct Capacity {
  std::int64_t tiles = 0;
  Bytes bytes;
};

// Of the `nodes` roomiest.
Capacity capacity(const PartitionRequest& request, const NodesView& view, std::size_t nodes) {
  std::vector<Capacity> each;
  for (const LowerNode& node : view.nodes) {
    const auto format = format_on(node.device, request.precision);
    const std::int64_t tiles = tiles_that_fit(node.device, format->format);
    each.push_back({tiles, tile_bytes(tiles, format->format, node.device.native_dim)});
  }
  std::ranges::stable_sort(each, std::ranges::greater(), &Capacity::tiles);
  Capacity out;
  for (std::size_t i = 0; i < nodes; ++i) {
    out.tiles += each[i].tiles;
    out.bytes += each[i].bytes;
  }
  return out;
}

// Tiles of a layer that are too many on some node however far it is spread.
std::string tile_fault(const PartitionRequest& request, const NpuDevice& device,
                       std::size_t layer) {
  const LayerGraph& model = *request.model;
  const std::size_t most =
      std::min(most_stage_nodes(model, layer, layer + 1, device.native_dim), kFewestLimit);
  Stage spread{layer, layer + 1, {}};
  for (std::size_t i = 0; i < most; ++i) spread.nodes.push_back(i);
  const std::int64_t room = tiles_that_fit(device, format_on(device, request.precision)->format);
  std::int64_t short_of = std::numeric_limits<std::int64_t>::max();
  for (const StageOption& option :
       stage_options(model, layer, layer + 1, most, device.native_dim)) {
    spread.option = option;
    const auto placement =
        place_stage(model, spread, device, std::vector<std::int64_t>(most, room));
    if (!placement) continue;
    const std::int64_t least = *std::ranges::min_element(placement->tiles_free);
    short_of = std::min(short_of, std::max<std::int64_t>(0, -least));
  }
  if (short_of == 0 || short_of == std::numeric_limits<std::int64_t>::max()) return "";
  return fmt::format("{} on {} nodes: MatrixRf of {} needs {} tiles on one of them, but has {}",
                     layer_name(model.layers[layer]), most, device.name, room + short_of, room);
}

// Without nodes and stages, and without values of weights, which budgets do not depend on.
LowerRequest lowering_of(const PartitionRequest& request, const NodesView& view) {
  LowerRequest out;
  out.model = request.model;
  out.host = view.host;
  out.precision = request.precision;
  out.with_weights = false;
  out.batch = request.batch;
  out.window = request.window;
  return out;
}

// What is over budget when every layer is spread as far as it goes.
std::string tightest_fault(const PartitionRequest& request, const NodesView& view) {
  const LayerGraph& model = *request.model;
  const LowerNode& node = view.nodes.front();
  std::string out;
  for (std::size_t layer = 0; layer < model.layers.size() && out.empty(); ++layer) {
    LowerRequest lower_request = lowering_of(request, view);
    const std::int64_t rows = most_row_slices(model, layer, layer + 1, node.device.native_dim);
    const std::int64_t columns = column_tiles(model, layer, layer + 1, node.device.native_dim);
    const std::int64_t most = std::max(rows, columns);
    if (std::string fault = tile_fault(request, node.device, layer); !fault.empty()) return fault;
    Stage stage{layer, layer + 1, {}, {.split_columns = columns > rows}};
    for (std::int64_t i = 0; i < std::min<std::int64_t>(most, kFewestLimit); ++i) {
      lower_request.nodes.push_back({fmt::format("node {} of {}", i, most), node.device});
      stage.nodes.push_back(static_cast<std::size_t>(i));
    }
    lower_request.stages = {stage};
    const auto lowered = lower(lower_request);
    if (!lowered) return lowered.error().message;
    for (const Shard& shard : lowered->shards) {
      const Diagnostics faults = check_shard(shard);
      if (!faults.empty())
        return layer_name(model.layers[layer]) + " on " + faults.errors.front().message;
    }
  }
  return "its layers cannot be split further";
}

// What is over budget with the whole model over all the nodes: names the memory when it is not
// pinned weights alone that are too many.
std::string whole_fault(const PartitionRequest& request, const NodesView& view, std::size_t nodes) {
  const LayerGraph& model = *request.model;
  LowerRequest lower_request = lowering_of(request, view);
  const std::int64_t most =
      most_row_slices(model, 0, model.layers.size(), view.nodes.front().device.native_dim);
  Stage all{0, model.layers.size(), {}};
  for (std::size_t i = 0; i < std::min(nodes, static_cast<std::size_t>(most)); ++i) {
    lower_request.nodes.push_back(view.nodes[i]);
    all.nodes.push_back(i);
  }
  lower_request.stages = {all};
  const auto lowered = lower(lower_request);
  if (!lowered) return "";
  for (const Shard& shard : lowered->shards)
    if (const Diagnostics faults = check_shard(shard); !faults.empty())
      return faults.errors.front().message;
  return "";
}

std::string limit_note(const PartitionRequest& request, const NodesView& view, std::size_t nodes) {
  if (nodes == view.nodes.size()) return "";
  return fmt::format(" (max_nodes {} of {} usable)", request.max_nodes, view.nodes.size());
}

}  // namespace

std::int64_t tiles_of_model(const LayerGraph& model, const NpuDevice& device) {
  Stage all{0, model.layers.size(), {0}};
  const auto placement = place_stage(model, all, device, {0});
  return placement ? -placement->tiles_free[0] : 0;
}

Bytes tile_bytes(std::int64_t tiles, const NumberFormat& format, int native_dim) {
  return {(tiles * tile_bits(format, native_dim) + 7) / 8};
}

std::size_t fewest_nodes(const PartitionRequest& request, const NodesView& view) {
  PartitionRequest copies = request;
  const LowerNode& first = view.nodes.front();
  copies.nodes = {{first.name, {Device::Kind::kNpu, first.device, {}}},
                  {view.host, {Device::Kind::kCpu, {}, {}}}};
  copies.constraints = {};
  copies.topology = nullptr;
  copies.routes = nullptr;
  const NodesView alone = *view_nodes(copies);
  StageCosts costs(copies, alone);
  const std::vector<std::size_t> cuts = cuts_of(request, costs, kFewestLimit);
  std::map<std::size_t, std::size_t> fewest{{0, 0}};
  for (std::size_t cut = 0; cut + 1 < cuts.size(); ++cut) {
    const auto from = fewest.find(cuts[cut]);
    if (from == fewest.end()) continue;
    const std::size_t used = from->second;
    const std::span ends(cuts.begin() + static_cast<std::ptrdiff_t>(cut) + 1, cuts.end());
    for_each_shape(costs, cuts[cut], ends, kFewestLimit - used, [&](const StageShape& shape) {
      const auto at = fewest.find(shape.last);
      if (at != fewest.end() && at->second <= used + shape.count) return;
      const std::vector<std::size_t> nodes(shape.count, 0);
      if (costs.fits(shape, nodes)) fewest[shape.last] = used + shape.count;
    });
  }
  const auto all = fewest.find(cuts.back());
  return all == fewest.end() ? 0 : all->second;
}

Error refusal(const PartitionRequest& request, const NodesView& view, std::size_t nodes,
              bool proved) {
  const NpuDevice& device = view.nodes.front().device;
  const NpuFormat format = *format_on(device, request.precision);
  std::int64_t needed = tiles_of_model(*request.model, device);
  for (const NodeGroup& group : view.groups)
    needed = std::min(needed, tiles_of_model(*request.model, view.nodes[group.first].device));
  const Capacity have = capacity(request, view, nodes);
  const std::size_t fewest = fewest_nodes(request, view);
  const std::string limit = limit_note(request, view, nodes);
  if (needed > have.tiles) {
    const Bytes need = tile_bytes(needed, format.format, device.native_dim);
    std::string remedy =
        "no number of nodes is enough: " + (fewest == 0 ? tightest_fault(request, view) : "");
    if (fewest > nodes) {
      remedy = fmt::format("add {} node(s) of device {} or use a narrower number format",
                           fewest - nodes, device.name);
    } else if (fewest > 0) {
      remedy = "use larger nodes or a narrower number format";
    }
    return {ErrorCode::kDoesNotFit,
            fmt::format("model needs {}; cluster holds {} on {} usable nodes{}: {} short; {}",
                        describe(need), describe(have.bytes), nodes, limit,
                        describe(need - have.bytes), remedy)};
  }
  const bool streams = std::ranges::any_of(request.model->layers, in_dram);
  if (streams || request.batch > 1) {
    if (const std::string fault = whole_fault(request, view, nodes); !fault.empty())
      return {ErrorCode::kDoesNotFit,
              fault + (fewest > nodes
                           ? fmt::format("; {} nodes of device {} suffice", fewest, device.name)
                           : "")};
  }
  const double share = 100.0 * static_cast<double>(needed) / static_cast<double>(have.tiles);
  if (request.constraints.binds_layers()) {
    const std::string without =
        fewest > 0 ? fmt::format("{} nodes of device {} suffice", fewest, device.name)
                   : "no number of nodes suffices: " + tightest_fault(request, view);
    return {ErrorCode::kDoesNotFit,
            fmt::format("total fits ({:.0f} %) but no packing {} on {} nodes{} that keeps layers "
                        "where placement and partition.colocate want them ({}); without these {}",
                        share, proved ? "exists" : "was found", nodes, limit,
                        proved ? "proved" : "no proof", without)};
  }
  std::string remedy =
      "no number of nodes suffices: " + (fewest == 0 ? tightest_fault(request, view) : "");
  if (fewest > 0) remedy = fmt::format("{} nodes of device {} suffice", fewest, device.name);
  return {ErrorCode::kDoesNotFit,
          fmt::format("total fits ({:.0f} %) but no packing {} on {} nodes{} ({}); {}", share,
                      proved ? "exists" : "was found", nodes, limit, proved ? "proved" : "no proof",
                      remedy)};
}

}  // namespace soliton
