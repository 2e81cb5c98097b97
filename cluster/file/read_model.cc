#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"

namespace soliton {
namespace {

// `place: dram`, or a place for each named layer; whether the model has such layers is known once
// it is read.
void read_place(MapReader& model, ModelSpec& out) {
  const YamlValue* value = model.find("place");
  if (value == nullptr) return;
  const Field& field = *kModelFields.find("place");
  const auto place_of = [&](const YamlValue& place, const std::string& label, bool& in_dram) {
    const Result<FieldValue> parsed =
        place.kind == YamlValue::Kind::kScalar
            ? parse_value(field.as(FieldType::kChoice), place.text)
            : Result<FieldValue>(invalid("must be a place, or a map of places by layer"));
    if (!parsed)
      return model.context().error(place.mark, label + ": " + parsed.error().message), false;
    in_dram = parsed->number() != 0;
    return true;
  };
  if (value->kind != YamlValue::Kind::kMap) {
    place_of(*value, "model.place", out.in_dram);
    return;
  }
  for (const YamlKey& key : value->keys) {
    const YamlValue& place = *value->find(key.name);
    LayerPlace layer{key.name, false, model.context().where(place.mark)};
    if (place_of(place, "model.place." + key.name, layer.in_dram))
      out.places.push_back(std::move(layer));
  }
}

}  // namespace

bool read_path(MapReader& map, std::string_view key, std::string& out) {
  const YamlValue* value = map.scalar(key);
  if (value == nullptr) return false;
  const std::string resolved = resolve_path(map.context().folder(), value->text);
  if (!is_regular_file(resolved)) return map.error(key, explain_missing_file(resolved)), false;
  out = resolved;
  return true;
}

void read_model(MapReader& cluster, ModelSpec& out) {
  const YamlValue* value = cluster.require("model");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, kModelFields, cluster.label_of("model"));
  if (!map.is_map()) return;
  // What the window means depends on the places, and only a file has a state to speak of.
  read_place(map, out);
  read_model_inputs(map, out.inputs);
  read_fields(map, kModelFields, &out);
  out.position = cluster.context().where(map.mark_of(map.find("onnx") != nullptr ? "onnx" : "rnn"));
  map.finish();
}

}  // namespace soliton
