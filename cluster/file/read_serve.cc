// `serve:`.
#include "cluster/file/cluster_fields.h"
#include "cluster/file/overrides.h"
#include "cluster/file/parts.h"
#include "cluster/file/serve_options.h"
#include "cluster/file/yaml_file.h"

namespace soliton {
namespace {

constexpr Field kServeRows[] = {
    field<&ServeOptions::listen>("listen",
                                 "Address and port: `127.0.0.1:8000`; port 0 is any free one. An "
                                 "address that others reach needs `token_file`."),
    field<&ServeOptions::queue>("queue",
                                "Requests that wait or are computed at most; more are refused with "
                                "503.")
        .between<std::uint32_t>(1, 100'000)
        .trade("bursts are refused", "clients wait longer"),
    field<&ServeOptions::body>("body",
                               "Most bytes of an HTTP request; larger ones are refused with "
                               "413.")
        .between(Bytes{1024}, Bytes{std::int64_t{1} << 30}),
    field<&ServeOptions::timeout>("timeout",
                                  "Wall time in which a request must arrive, and for which an idle "
                                  "connection stays open.")
        .between(milliseconds(10), milliseconds(3'600'000)),
    field<&ServeOptions::token_file>("token_file",
                                     "A file whose first line every request to a model must bear: "
                                     "`Authorization: Bearer ...`. Nobody but its owner may read "
                                     "it.")
        .as(FieldType::kPath)
        .by_default("none")
        .if_changed(),
};

}  // namespace

constexpr FieldTable kServeFields = fields_of<ServeOptions>("serve", kServeRows);

ServeOptions read_serve(MapReader& cluster) {
  ServeOptions out;
  const YamlValue* value = cluster.find("serve");
  if (value == nullptr) return out;
  MapReader map(cluster.context(), *value, kServeFields, "serve");
  if (!map.is_map()) return out;
  read_fields(map, kServeFields, &out);
  map.finish();
  return out;
}

ServeOptions serve_options(YamlFile yaml, const Overrides& overrides) {
  static_cast<void>(apply_overrides(yaml.root, overrides));
  ReadContext context(yaml.file, override_paths(overrides));
  MapReader map(context, yaml.root, kClusterFields, "");
  return map.is_map() ? read_serve(map) : ServeOptions();
}

}  // namespace soliton
