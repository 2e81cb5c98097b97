#include "partition/lower/lower.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/lower/stage_lowering.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

Status check_layers(const Model& model) {
  if (model.layers.empty()) return invalid("graph has no operators");
  if (!model.sources.empty()) return {};
  for (std::size_t i = 0; i + 1 < model.layers.size(); ++i) {
    const bool once = runs_once(model, i);
    const auto* recurrent = std::get_if<RecurrentLayer>(&model.layers[i]);
    const auto* next = std::get_if<DenseLayer>(&model.layers[i + 1]);
    if (next == nullptr && (once || (recurrent != nullptr && !recurrent->emits_sequence))) {
      return invalid(fmt::format(
          "{} needs one vector for each step, but {} before it makes one for each request",
          layer_name(model.layers[i + 1]), layer_name(model.layers[i])));
    }
    // A reversed direction makes the vector of the last step first, so that vector is not the state
    // in which it ends.
    if (next != nullptr && !next->every_step && recurrent != nullptr && recurrent->emits_sequence &&
        (recurrent->directions.size() == 2 || recurrent->reverse)) {
      return invalid(fmt::format(
          "{}: the last step's vector of {} is not its last state in every direction; this is "
          "not supported",
          next->name, recurrent->name));
    }
  }
  return {};
}

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

// The table is rounded to fp16 once, here: what the host sends has the bits of what it holds.
HostShard host_part(const LowerRequest& request) {
  const Model& model = *request.model;
  HostShard host;
  host.node = request.host;
  host.device = request.cpu;
  host.input = model.input;
  host.output = model.output;
  host.sequence_output = model.sequence_output;
  if (model.before.kind == HostBefore::Kind::kEmbedding) {
    host.symbols = model.before.table.shape.at(0);
    if (request.with_weights && model.before.table.values != nullptr) {
      for (const float value : *model.before.table.values) host.table.push_back(to_half(value));
    }
  }
  // In the order of the enumeration in the model.
  constexpr HostShard::After kAfter[] = {HostShard::After::kNone, HostShard::After::kSoftmax,
                                         HostShard::After::kLogSoftmax};
  host.after = kAfter[static_cast<std::size_t>(model.after)];
  return host;
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

void note_holds(const Model& model, const Stage& stage, const StagePlacement& placement,
                std::vector<std::vector<std::string>>& holds) {
  for (const Slice& slice : placement.input_slices)
    holds[slice.node].push_back(describe(model.layers[stage.first], 0, slice, "input side of "));
  for (std::size_t index = stage.first; index < stage.last; ++index) {
    const auto& directions = placement.slices[index - stage.first];
    for (std::size_t direction = 0; direction < directions.size(); ++direction) {
      for (const Slice& slice : directions[direction]) {
        const bool part = index == stage.first && stage.input_nodes > 0;
        holds[slice.node].push_back(
            describe(model.layers[index], direction, slice, part ? "recurrent side of " : ""));
      }
    }
  }
}

// A part for each direction of the layer before, as its output would have, so that a stage can be
// lowered alone.
Value host_input(const Model& model, std::size_t first) {
  Value value{"input", true, {}, {}};
  for (const std::int64_t elements : input_parts(model, first)) {
    value.parts.push_back({elements, false, {{kHostNode, elements, 0}}, {}});
  }
  return value;
}

// What comes to layers [first, last) of a graph: from the host, which also stands for all layers
// outside.
Values outside_values(const Model& model, std::size_t first, std::size_t last) {
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

// What leaves layers [first, last) of a graph: for the readers of the whole model's results, or of
// a part of it for the host, which stands for all layers outside.
void connect_results(const LowerRequest& request, std::size_t first, std::size_t last,
                     const Values& values, Wiring& wiring, HostShard& host) {
  const Model& model = *request.model;
  std::map<std::string, std::uint16_t> next;
  if (request.ends != nullptr) next = request.ends->first_port;
  std::uint32_t reader = 0;
  const auto connect = [&](const LayerInput& result, const std::string& to) {
    const std::size_t before = host.replies.size();
    wiring.connect_result(values.at(result), to, next[to], reader++, tokens_of(model, result),
                          host);
    next[to] = static_cast<std::uint16_t>(next[to] + host.replies.size() - before);
  };
  if (request.ends != nullptr) {
    for (const auto& [result, to] : request.ends->readers) connect(model.results[result], to);
    return;
  }
  std::set<LayerInput> leaving;
  for (const LayerInput& result : model.results)
    if (result.index >= first && result.index < last) leaving.insert(result);
  for (std::size_t index = last; index < model.layers.size(); ++index)
    for (const LayerInput& input : all_inputs(model.layers[index]))
      if (input.from == LayerInput::From::kLayer && input.index >= first && input.index < last)
        leaving.insert(input);
  for (const LayerInput& result : leaving) connect(result, request.host);
}

// The host of a part of the model: only sizes matter.
HostShard host_stand_in(const LowerRequest& request, std::size_t first, std::size_t last) {
  const Model& model = *request.model;
  HostShard host;
  host.node = request.host;
  host.device = request.cpu;
  host.input = input_parts(model, first).front();
  host.output = layer_output(model.layers[last - 1]);
  host.sequence_output = sequence_after(model, last - 1);
  return host;
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

std::vector<std::int64_t> input_parts(const Model& model, std::size_t index) {
  if (!model.sources.empty()) {
    std::vector<std::int64_t> parts;
    for (const LayerInput& input : layer_inputs(model.layers[index]))
      for (const std::int64_t part : parts_of(model, input)) parts.push_back(part);
    return parts;
  }
  if (index == 0) return {model.input};
  const Layer& before = model.layers[index - 1];
  return std::vector<std::int64_t>(is_bidirectional(before) ? 2 : 1, output_rows(before));
}

namespace {

// Of a graph without recurrent layers: of the product with the most rows.
std::int64_t most_product_rows(const Model& model, std::size_t first, std::size_t last,
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
std::int64_t most_row_slices(const Model& model, std::size_t first, std::size_t last,
                             int native_dim) {
  std::int64_t most = 0;
  if (!model.sources.empty()) most = most_product_rows(model, first, last, native_dim);
  if (most > 0) return most;
  for (std::size_t index = first; index < last; ++index) {
    const auto* recurrent = std::get_if<RecurrentLayer>(&model.layers[index]);
    if (recurrent == nullptr) continue;
    const std::int64_t rows = tiles_along(recurrent->hidden, native_dim);
    most = most == 0 ? rows : std::min(most, rows);
  }
  return most > 0 ? most : tiles_along(output_rows(model.layers[first]), native_dim);
}

std::vector<std::size_t> main_nodes(const Stage& stage) {
  return {stage.nodes.begin() + static_cast<std::ptrdiff_t>(stage.input_nodes), stage.nodes.end()};
}

bool can_scatter(const Model& model, std::size_t first) {
  return first == 0 && model.sources.empty();
}

bool can_split_sides(const Model& model, std::size_t first) {
  return std::holds_alternative<RecurrentLayer>(model.layers[first]) &&
         !is_bidirectional(model.layers[first]);
}

Result<Lowered> lower(const LowerRequest& request) {
  const Model& model = *request.model;
  if (Status layers = check_layers(model); !layers) return tl::unexpected<Error>(layers.error());
  auto formats = formats_of(request);
  if (!formats) return tl::unexpected<Error>(std::move(formats.error()));
  Wiring wiring = make_wiring(request, *formats);
  std::vector<std::vector<std::string>> holds(request.nodes.size());
  const std::size_t first = request.stages.front().first;
  const std::size_t last = request.stages.back().last;
  const bool chain = model.sources.empty();
  Value value = chain ? host_input(model, first) : Value{};
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
    StageLowering lowering(model, wiring, stage, *placement);
    if (chain)
      value = lowering.run(std::move(value));
    else
      lowering.run(values);
  }
  Lowered out;
  // Last, since only now the ports of the last layer and all readers of the host's vector are
  // known.
  if (chain) {
    out.host = first == 0 && last == model.layers.size() ? host_part(request)
                                                         : host_stand_in(request, first, last);
    wiring.connect_replies(value, out.host);
  } else {
    out.host.node = request.host;
    out.host.device = request.cpu;
    connect_results(request, first, last, values, wiring, out.host);
  }
  out.host.inputs = wiring.take_host_inputs();
  if (Status status = collect(request, wiring, holds, out); !status)
    return tl::unexpected<Error>(status.error());
  return out;
}

}  // namespace soliton
