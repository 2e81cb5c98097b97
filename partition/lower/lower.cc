#include "partition/lower/lower.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "partition/lower/stage_lowering.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

Result<std::vector<NpuFormat>> formats_of(const LowerRequest& request) {
  std::vector<NpuFormat> formats;
  for (const LowerNode& node : request.nodes) {
    auto format = format_on(node.device, request.precision);
    if (!format) return tl::unexpected<Error>(std::move(format.error()));
    formats.push_back(std::move(*format));
    // Blocks of a format begin anew at native tiles, so slices of other tiles would not have the
    // bits of one device (docs/numbers.md).
    if (node.device.native_dim != request.nodes.front().device.native_dim) {
      return invalid(
          fmt::format("native dimensions differ: {} has {}, {} has {}; a model is split at native "
                      "tiles of one size",
                      request.nodes.front().name, request.nodes.front().device.native_dim,
                      node.name, node.device.native_dim));
    }
    if (node.device.cell_programs != request.nodes.front().device.cell_programs) {
      return invalid(
          fmt::format("{} and {} write recurrent cells differently (cell_programs), so "
                      "their values would not agree to the last bit",
                      request.nodes.front().name, node.name));
    }
  }
  return formats;
}

// `part`: "input side of ", or "" for all of it.
std::string describe(const Layer& layer, std::size_t direction, const Slice& slice,
                     const std::string& part) {
  std::string name = part + layer_name(layer);
  if (is_bidirectional(layer)) name += direction == 0 ? " forward" : " reverse";
  if (in_dram(layer)) name += " in DRAM";
  if (slice.rows.count == output_rows(layer)) return name;
  return fmt::format("rows {}-{} of {}", slice.rows.first, slice.rows.first + slice.rows.count - 1,
                     name);
}

std::string describe(const Layer& layer, const ColumnSlice& slice) {
  return fmt::format("columns {}-{} of {}{}", slice.columns.first,
                     slice.columns.first + slice.columns.count - 1, layer_name(layer),
                     in_dram(layer) ? " in DRAM" : "");
}

void note_holds(const LayerGraph& model, const Stage& stage, const StagePlacement& placement,
                std::vector<std::vector<std::string>>& holds) {
  for (const Slice& slice : placement.input_slices)
    holds[slice.node].push_back(describe(model.layers[stage.first], 0, slice, "input side of "));
  for (std::size_t index = stage.first; index < stage.last; ++index) {
    const auto& directions = placement.slices[index - stage.first];
    for (std::size_t direction = 0; direction < directions.size(); ++direction) {
      if (index + 1 == stage.last && stage.option.split_columns) break;
      for (const Slice& slice : directions[direction]) {
        const bool part = index == stage.first && stage.option.input_nodes > 0;
        holds[slice.node].push_back(
            describe(model.layers[index], direction, slice, part ? "recurrent side of " : ""));
      }
    }
  }
  for (const ColumnSlice& slice : placement.columns)
    holds[slice.node].push_back(describe(model.layers[stage.last - 1], slice));
}

// What comes to layers [first, last): from hosts, one of which stands for all layers outside.
Values outside_values(const LayerGraph& model, std::size_t first, std::size_t last) {
  Values values;
  std::size_t stand_in = model.sources.size();
  for (std::size_t index = first; index < last; ++index)
    for (const LayerInput& input : all_inputs(model.layers[index])) {
      const bool host = input.from == LayerInput::From::kHost;
      if (values.count(input) > 0 || (!host && input.index >= first)) continue;
      const std::int64_t tokens = tokens_of(model, input);
      Value value{host ? model.sources[input.index].name : layer_name(model.layers[input.index]),
                  tokens != 1,
                  {},
                  {}};
      for (const std::int64_t elements : parts_of(model, input))
        value.parts.push_back({elements,
                               false,
                               {{kHostNode, elements, 0, host ? input.index : stand_in++, tokens}},
                               {}});
      values.emplace(input, std::move(value));
    }
  return values;
}

// What leaves layers [first, last): for the readers of the whole model's results, or of a part of it
// for the host, which stands for all layers outside.
void connect_results(const LowerRequest& request, const LayerReaders& readers, std::size_t first,
                     std::size_t last, const Values& values, Wiring& wiring, HostPorts& host) {
  const LayerGraph& model = *request.model;
  std::map<std::string, std::uint16_t> next;
  if (request.ends != nullptr) next = request.ends->first_port;
  std::size_t reader = 0;
  const auto connect = [&](const LayerInput& result, const std::string& to) {
    const std::size_t before = host.takes.size();
    wiring.connect_result(values.at(result), to, next[to], reader++, tokens_of(model, result),
                          host);
    next[to] = static_cast<std::uint16_t>(next[to] + host.takes.size() - before);
  };
  if (request.ends != nullptr) {
    for (const auto& [result, to] : request.ends->readers) connect(model.results[result], to);
    return;
  }
  for (const auto& [value, unused] : values) {
    if (value.from == LayerInput::From::kHost || value.index < first) continue;
    const auto behind = [&](std::size_t layer) { return layer >= last; };
    if (readers.leaves(value) || std::ranges::any_of(readers.layers(value), behind))
      connect(value, request.host);
  }
}

Status collect(const LowerRequest& request, Wiring& wiring,
               std::vector<std::vector<std::string>>& holds, Lowered& out) {
  // A node of which no stage made use has no shard; `node` says which ones do.
  for (std::size_t node = 0; node < wiring.size(); ++node) {
    if (wiring.at(node).empty()) continue;
    auto shard = wiring.at(node).take(request.batch, request.window);
    if (!shard) return tl::unexpected<Error>(std::move(shard.error()));
    out.shards.push_back(std::move(*shard));
    out.node.push_back(node);
    out.holds.push_back(std::move(holds[node]));
  }
  return {};
}

Wiring make_wiring(const LowerRequest& request, const std::vector<NpuFormat>& formats) {
  std::vector<std::unique_ptr<ShardBuilder>> builders;
  for (std::size_t i = 0; i < request.nodes.size(); ++i) {
    builders.push_back(std::make_unique<ShardBuilder>(
        request.nodes[i].name, request.nodes[i].device, formats[i], request.with_weights));
  }
  return {std::move(builders), request};
}

}  // namespace

Result<NpuFormat> format_on(const NpuDevice& device, const std::string& precision) {
  if (device.formats.empty())
    return invalid(fmt::format("device {} lists no number format", device.name));
  if (precision.empty()) return device.formats.front();
  std::string known;
  for (const NpuFormat& format : device.formats) {
    if (format.format.name == precision) return format;
    known += (known.empty() ? "" : ", ") + format.format.name;
  }
  return invalid(
      fmt::format("device {} has no number format {}; it has {}", device.name, precision, known));
}

std::vector<std::int64_t> input_parts(const LayerGraph& model, std::size_t index) {
  std::vector<std::int64_t> parts;
  for (const LayerInput& input : layer_inputs(model.layers[index]))
    for (const std::int64_t part : parts_of(model, input)) parts.push_back(part);
  if (const auto* dense = std::get_if<DenseLayer>(&model.layers[index])) {
    const std::vector<std::int64_t> one = parts;
    for (std::int64_t tap = 1; tap < dense->taps.count; ++tap)
      parts.insert(parts.end(), one.begin(), one.end());
  }
  return parts;
}

namespace {

// Without recurrent layers: of the product with the most rows; 0 with one.
std::int64_t most_product_rows(const LayerGraph& model, std::size_t first, std::size_t last,
                               int native_dim) {
  std::int64_t most = 1;
  for (std::size_t index = first; index < last; ++index) {
    const auto* dense = std::get_if<DenseLayer>(&model.layers[index]);
    if (dense == nullptr) return 0;
    if (dense->has_product()) most = std::max(most, tiles_along(dense->output, native_dim));
  }
  return most;
}

}  // namespace

// Dense layers do not count beside recurrent ones: a node may hold no row of them.
std::int64_t most_row_slices(const LayerGraph& model, std::size_t first, std::size_t last,
                             int native_dim) {
  std::int64_t most = most_product_rows(model, first, last, native_dim);
  if (most > 0) return most;
  for (std::size_t index = first; index < last; ++index) {
    const auto* recurrent = std::get_if<RecurrentLayer>(&model.layers[index]);
    if (recurrent == nullptr) continue;
    const std::int64_t rows = tiles_along(recurrent->hidden, native_dim);
    most = most == 0 ? rows : std::min(most, rows);
  }
  return most;
}

std::int64_t column_tiles(const LayerGraph& model, std::size_t first, std::size_t last,
                          int native_dim) {
  const auto begin = model.layers.begin();
  const auto recurrent = [](const Layer& it) { return std::holds_alternative<RecurrentLayer>(it); };
  if (std::any_of(begin + static_cast<std::ptrdiff_t>(first),
                  begin + static_cast<std::ptrdiff_t>(last), recurrent) ||
      !std::get<DenseLayer>(model.layers[last - 1]).has_product() ||
      std::get<DenseLayer>(model.layers[last - 1]).taps.count > 1)
    return 0;
  return tiles_along(padded_columns(input_parts(model, last - 1), native_dim), native_dim);
}

std::vector<std::size_t> main_nodes(const Stage& stage) {
  return {stage.nodes.begin() + static_cast<std::ptrdiff_t>(stage.option.input_nodes),
          stage.nodes.end()};
}

bool can_scatter(const LayerGraph& model, std::size_t first) {
  if (first != 0 || !std::holds_alternative<RecurrentLayer>(model.layers[0])) return false;
  const std::vector<LayerInput>& inputs = layer_inputs(model.layers[0]);
  if (inputs.size() != 1 || inputs[0].from != LayerInput::From::kHost) return false;
  const auto reads = [&](const Layer& layer) { return reads_vector(layer, inputs[0]); };
  return std::none_of(model.layers.begin() + 1, model.layers.end(), reads);
}

bool can_split_sides(const LayerGraph& model, std::size_t first) {
  return std::holds_alternative<RecurrentLayer>(model.layers[first]) &&
         !is_bidirectional(model.layers[first]);
}

Result<Lowered> lower(const LowerRequest& request) {
  const LayerGraph& model = *request.model;
  if (model.layers.empty()) return invalid("graph has no operators");
  auto formats = formats_of(request);
  if (!formats) return tl::unexpected<Error>(std::move(formats.error()));
  std::optional<LayerReaders> own;
  const LayerReaders& readers = request.readers != nullptr ? *request.readers : own.emplace(model);
  Wiring wiring = make_wiring(request, *formats);
  std::vector<std::vector<std::string>> holds(request.nodes.size());
  const std::size_t first = request.stages.front().first;
  const std::size_t last = request.stages.back().last;
  Values values = outside_values(model, first, last);
  for (const Stage& stage : request.stages) {
    // Dense layers go where recurrent ones leave room, so the placement must know what each node
    // holds.
    std::vector<std::int64_t> room;
    for (const std::size_t node : stage.nodes) {
      room.push_back(tiles_that_fit(request.nodes.at(node).device, (*formats)[node].format));
    }
    auto placement =
        place_stage(model, stage, request.nodes[stage.nodes[0]].device, std::move(room));
    if (!placement) return tl::unexpected<Error>(std::move(placement.error()));
    note_holds(model, stage, *placement, holds);
    StageLowering(model, readers, wiring, stage, *placement).run(values);
  }
  Lowered out;
  // Last, since only now all ports are known.
  connect_results(request, readers, first, last, values, wiring, out.host);
  out.host.sends = wiring.take_sends();
  if (Status status = collect(request, wiring, holds, out); !status)
    return tl::unexpected<Error>(status.error());
  return out;
}

}  // namespace soliton
