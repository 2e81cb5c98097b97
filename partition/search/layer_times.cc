#include "partition/search/layer_times.h"

#include <algorithm>

#include "node/npu/chain_costs.h"
#include "partition/lower/dense_program.h"
#include "partition/lower/placement.h"

namespace soliton {
namespace {

// A device's times, rounded down: sums of them do not exceed what the device makes of all together.
class DeviceTimes {
 public:
  DeviceTimes(const NpuDevice& device, const NpuFormat& format)
      : costs_(device, format.beats_per_tile), clock_(device.clock, device.tile_engines) {}

  Duration slot(std::int64_t tiles) const { return time(costs_.slot(costs_.occupied(tiles))); }
  Duration depth(std::int64_t rows) const { return time(costs_.depth(rows)); }
  Duration least_depth(std::int64_t rows) const { return time(costs_.least_depth(rows)); }
  Duration vector(std::int64_t rows) const { return time(costs_.vector(rows)); }
  Duration passes(std::int64_t vectors) const {
    return time(times_ticks(costs_.vector_pass(), vectors));
  }
  Duration start(const NpuDevice& device) const {
    return time(clock_.cycles(device.timing.request_cycles));
  }

 private:
  Duration time(Ticks ticks) const {
    return std::max(Duration{}, clock_.duration(ticks) - Duration{1});
  }

  ChainCosts costs_;
  ClockDomain clock_;
};

std::int64_t share(std::int64_t all, std::int64_t nodes) { return (all + nodes - 1) / nodes; }

// Of one layer on nodes of one device.
class OnDevice {
 public:
  OnDevice(const PartitionRequest& request, const NodesView& view, const NpuDevice& device,
           std::size_t layer, std::size_t nodes)
      : model_(*request.model),
        view_(view),
        device_(device),
        format_(*format_on(device, request.precision)),
        times_(device, format_),
        layer_(layer),
        nodes_(static_cast<std::int64_t>(nodes)),
        rounds_(layer_per_step(model_.layers[layer]) ? request.steps
                                                     : layer_tokens(model_.layers[layer])),
        columns_(tiles(padded_columns(input_parts(model_, layer), device.native_dim))) {}

  LayerTimes run() const {
    if (const auto* recurrent = std::get_if<RecurrentLayer>(&model_.layers[layer_]))
      return recurrent_times(*recurrent);
    const auto& dense = std::get<DenseLayer>(model_.layers[layer_]);
    return dense.has_product() ? product_times(dense) : point_times(dense);
  }

 private:
  std::int64_t tiles(std::int64_t elements) const {
    return tiles_along(elements, device_.native_dim);
  }
  Duration all_rounds(Duration one) const { return times(one, rounds_); }

  // By rows the fullest node has its share of them. By columns the result needs the sums of every node,
  // also of the one whose part of the vector came last, which has one tile column at least.
  LayerTimes product_times(const DenseLayer& dense) const {
    const std::int64_t rows = tiles(dense.output);
    const std::int64_t slice = share(rows, std::min(nodes_, rows));
    LayerTimes out{{}, times_.slot(slice * columns_), all_rounds(times_.slot(rows * columns_))};
    out.once = sum(out.again, times_.least_depth(slice));
    const std::int64_t shares = std::min(nodes_, columns_);
    if (shares < 2) return out;
    const Duration least = times_.slot(rows * (columns_ / shares));
    out.again = std::min(out.again, least);
    out.once = std::min(out.once, sum(least, times_.least_depth(rows)));
    return out;
  }

  LayerTimes point_times(const DenseLayer& dense) const {
    if (dense.operations.empty()) return {};
    const std::int64_t rows = tiles(dense.output);
    if (!reduces_rows(dense)) return {times_.vector(share(rows, std::min(nodes_, rows))), {}, {}};
    const auto reductions = std::ranges::count_if(
        dense.operations, [](const PointOperation& it) { return is_reduction(it.opcode); });
    return {sum(times_.vector(rows), times_.passes(reductions * rows)), {}, {}};
  }

  // A step multiplies the state of the step before by the matrices of all gates, one after the other,
  // and all but the plainest cell go on with vectors. On several nodes slices of the state are exchanged.
  LayerTimes recurrent_times(const RecurrentLayer& layer) const {
    const std::int64_t rows = tiles(layer.hidden);
    const std::int64_t room = std::max<std::int64_t>(1, tiles_that_fit(device_, format_.format));
    const std::int64_t pinned = layer.in_dram ? 0 : layer.gates() * rows * rows;
    const std::int64_t most = std::min(nodes_, rows);
    LayerTimes out{kLongestTime, kLongestTime, {}};
    for (std::int64_t n = std::min(most, std::max<std::int64_t>(1, share(pinned, room))); n <= most;
         ++n) {
      const std::int64_t slice = share(rows, n);
      Duration step = sum(times(times_.slot(slice * rows), layer.gates()), times_.depth(slice));
      if (layer.cell != Cell::kRnn) step = sum(step, times_.vector(slice));
      if (n > 1) step = sum(step, view_.distances->least_message(1));
      out.again = std::min(out.again, step);
    }
    const std::int64_t slice = share(rows, most);
    out.once = sum(times_.slot(slice * columns_), times_.depth(slice));
    const Duration products = sum(times_.slot(rows * columns_), times_.slot(rows * rows));
    out.work = all_rounds(
        times(products, layer.gates() * static_cast<std::int64_t>(layer.directions.size())));
    return out;
  }

  const LayerGraph& model_;
  const NodesView& view_;
  const NpuDevice& device_;
  NpuFormat format_;
  DeviceTimes times_;
  std::size_t layer_;
  std::int64_t nodes_;
  std::int64_t rounds_;
  std::int64_t columns_;  // tiles along the input
};

}  // namespace

LayerTimes least_times(const PartitionRequest& request, const NodesView& view, std::size_t layer,
                       std::size_t nodes) {
  LayerTimes out{kLongestTime, kLongestTime, kLongestTime};
  for (const NodeGroup& group : view.groups) {
    const LayerTimes its =
        OnDevice(request, view, view.nodes[group.first].device, layer, nodes).run();
    out.once = std::min(out.once, its.once);
    out.again = std::min(out.again, its.again);
    out.work = std::min(out.work, its.work);
  }
  return out;
}

Duration least_start(const NodesView& view) {
  Duration out = kLongestTime;
  for (const NodeGroup& group : view.groups) {
    const NpuDevice& device = view.nodes[group.first].device;
    out = std::min(out, DeviceTimes(device, device.formats.front()).start(device));
  }
  return out;
}

}  // namespace soliton
