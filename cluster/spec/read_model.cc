#include <algorithm>

#include "cluster/spec/files.h"
#include "cluster/spec/parts.h"

namespace soliton {
namespace {

constexpr std::int64_t kElementsLimit = 1 << 20;  // of a vector
constexpr std::int64_t kStepsLimit = 1'000'000;
constexpr std::int64_t kBatchLimit = 4'096;
constexpr std::int64_t kWindowLimit = 1 << 24;  // tiles: what an index of an instruction reaches

void read_rnn(MapReader& model, const YamlValue& value, ModelSpec& out) {
  MapReader map(model.context(), value, "rnn", "model.rnn");
  if (!map.is_map()) return;
  RnnOptions rnn;
  for (const char* key : {"cell", "hidden", "steps"}) map.require(key);
  map.choice("cell", rnn.cell, cells());
  map.integer("hidden", rnn.hidden, 1, kElementsLimit);
  map.integer("steps", rnn.steps, 1, kStepsLimit);
  map.integer("layers", rnn.layers, 1, static_cast<std::int64_t>(kMaxLayers));
  map.integer("input", rnn.input, 0, kElementsLimit);
  map.flag("bidirectional", rnn.bidirectional);
  map.flag("reset_after", rnn.reset_after);
  map.integer("count_as_hidden", out.count_as_hidden, 0, kElementsLimit);
  map.finish();
  if (rnn.reset_after && rnn.cell != Cell::kGru)
    map.error("reset_after", "only a GRU has a reset gate");
  out.rnn = rnn;
}

// `place: dram`, or a place for each named layer; whether the model has such layers is known once
// it is read.
void read_place(MapReader& model, ModelSpec& out) {
  const YamlValue* value = model.find("place");
  if (value == nullptr || value->kind != YamlValue::Kind::kMap) {
    model.choice("place", out.in_dram, weight_places());
    return;
  }
  for (const YamlKey& key : value->keys) {
    const YamlValue& place = *value->find(key.name);
    LayerPlace layer{key.name, false, model.context().where(place.mark)};
    const auto known = std::find_if(weight_places().begin(), weight_places().end(),
                                    [&](const auto& choice) { return choice.first == place.text; });
    if (place.kind != YamlValue::Kind::kScalar || known == weight_places().end()) {
      model.context().error(
          place.mark, fmt::format("model.place.{}: \"{}\" is not known{}", key.name, place.text,
                                  suggestion(place.text, {"mrf", "dram"})));
      continue;
    }
    layer.in_dram = known->second;
    out.places.push_back(std::move(layer));
  }
}

bool any_in_dram(const ModelSpec& model) {
  return model.in_dram || std::any_of(model.places.begin(), model.places.end(),
                                      [](const LayerPlace& place) { return place.in_dram; });
}

}  // namespace

const Choices<bool>& weight_places() {
  static const Choices<bool> table = {{"mrf", false}, {"dram", true}};
  return table;
}

const Choices<Cell>& cells() {
  static const Choices<Cell> table = {
      {"gru", Cell::kGru}, {"lstm", Cell::kLstm}, {"rnn", Cell::kRnn}};
  return table;
}

const std::vector<std::string>& objectives() {
  static const std::vector<std::string> names = {"latency", "throughput", "nodes"};
  return names;
}

bool read_path(MapReader& map, const ReadSite& site, std::string_view key, std::string& out) {
  std::string path;
  if (!map.text(key, path)) return false;
  const std::string resolved = resolve_path(site.folder, path);
  if (!is_regular_file(resolved)) return map.error(key, explain_missing_file(resolved)), false;
  out = resolved;
  return true;
}

void read_model(MapReader& cluster, const ReadSite& site, ModelSpec& out) {
  const YamlValue* value = cluster.require("model");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, "model", "model");
  if (!map.is_map()) return;
  const YamlValue* rnn = map.find("rnn");
  const bool has_onnx = map.find("onnx") != nullptr;
  out.position = cluster.context().where(map.mark_of(has_onnx ? "onnx" : "rnn"));
  if (rnn != nullptr) read_rnn(map, *rnn, out);
  read_path(map, site, "onnx", out.onnx);
  if (rnn != nullptr && has_onnx) map.error("onnx", "a model is either rnn or onnx, not both");
  if (rnn == nullptr && !has_onnx)
    cluster.error("model", "needs rnn: {cell, hidden, steps} or onnx: path/to/model.onnx");
  map.text("precision", out.precision);  // its meaning takes the devices: read_cluster.cc
  read_place(map, out);
  if (map.integer("window", out.window, 0, kWindowLimit) && out.window > 0 && !any_in_dram(out))
    map.error("window", "belongs to weights in DRAM, but none are: write place: dram");
  map.finish();
}

void read_partition(MapReader& cluster, PartitionSpec& out) {
  const YamlValue* value = cluster.find("partition");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, "partition", "partition");
  out.position = cluster.context().where(value->mark);
  Choices<std::string> choices;
  for (const std::string& name : objectives()) choices.emplace_back(name, name);
  map.choice("objective", out.objective, choices);
  map.integer("min_nodes", out.min_nodes, 1, kNodesLimit);
  map.integer("max_nodes", out.max_nodes, 0, kNodesLimit);
  map.finish();
  if (out.max_nodes > 0 && out.max_nodes < out.min_nodes)
    map.error("max_nodes", fmt::format("{} is below min_nodes, {}", out.max_nodes, out.min_nodes));
}

void read_service(MapReader& cluster, ServiceSpec& out) {
  const YamlValue* value = cluster.find("service");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, "service", "service");
  if (map.integer("replicas", out.replicas, 0, kNodesLimit) && out.replicas != 1)
    map.error("replicas",
              fmt::format("{}: this version serves one replica of the model", out.replicas));
  if (map.integer("spares", out.spares, 0, kNodesLimit) && out.spares != 0)
    map.error("spares", fmt::format("{}: this version keeps no spares; write 0", out.spares));
  if (const YamlValue* sla = map.find("sla")) {
    MapReader inner(cluster.context(), *sla, "sla", "service.sla");
    inner.duration("p99", out.sla_p99, Duration{1});
    inner.finish();
  }
  map.integer("batch", out.batch, 1, kBatchLimit);
  map.duration("batch_wait", out.batch_wait, Duration{0});
  map.finish();
}

}  // namespace soliton
