#include "cluster/cli/sweep_manifest.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/cli/manifest_files.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr const char* kManifest =
    R"(# kubectl apply -f this; results need a claim for a volume that all pods can write: {name}-results.
# When the Job has ended, in a pod with that volume: soliton sweep FILE --out /results/sweep --collect
apiVersion: v1
kind: ConfigMap
metadata:
  name: {name}-files
  labels: {{app.kubernetes.io/name: soliton, app.kubernetes.io/instance: {name}}}
{files}---
apiVersion: batch/v1
kind: Job
metadata:
  name: {name}
  labels: {{app.kubernetes.io/name: soliton, app.kubernetes.io/instance: {name}}}
spec:
  completionMode: Indexed
  completions: {parts}
  parallelism: {parts}
  backoffLimit: {parts}
  template:
    metadata:
      labels: {{app.kubernetes.io/name: soliton, app.kubernetes.io/instance: {name}}}
    spec:
      restartPolicy: Never
      automountServiceAccountToken: false
      securityContext: {{runAsNonRoot: true, runAsUser: 65534, runAsGroup: 65534, fsGroup: 65534}}
      containers:
        - name: soliton
          image: {image}
          args: {args}
          resources:
            requests: {{cpu: "1", memory: 1Gi}}
            limits: {{memory: 4Gi}}
          volumeMounts:
            - {{name: files, mountPath: /etc/soliton, readOnly: true}}
            - {{name: results, mountPath: /results}}
      volumes:
        - name: files
          configMap:
            name: {name}-files
            items:
{items}        - name: results
          persistentVolumeClaim: {{claimName: {name}-results}}
)";

std::string settings_text(const Scalars& set) {
  std::string out;
  for (const Scalar& scalar : set) out += fmt::format(" {}={}", scalar.key, scalar.text);
  return out;
}

}  // namespace

std::string listed_text(const std::vector<ListedPoint>& points, std::size_t parts) {
  std::size_t width = 0;
  for (const ListedPoint& point : points) width = std::max(width, point.folder.size());
  std::string out;
  for (std::size_t i = 0; i < points.size(); ++i) {
    out += fmt::format("{:<5} ", i);
    if (parts > 0) out += fmt::format("part {:<5} ", fmt::format("{}/{}", i % parts, parts));
    out += fmt::format("{:<{}} {:<8}{}\n", points[i].folder, width, points[i].state,
                       settings_text(points[i].set));
  }
  return out;
}

std::string listed_json(const std::vector<ListedPoint>& points, std::size_t parts) {
  Json out = Json::array();
  for (std::size_t i = 0; i < points.size(); ++i) {
    Json row{{"number", i}};
    if (parts > 0) row["part"] = i % parts;
    row["folder"] = points[i].folder;
    row["state"] = points[i].state;
    row["set"] = Json::object();
    for (const Scalar& scalar : points[i].set) row["set"][scalar.key] = scalar_json(scalar);
    out.push_back(std::move(row));
  }
  return json_text(out, JsonLayout::kRows) + "\n";
}

Checked<std::string> sweep_manifest(const EmittedSweep& sweep, const Experiment& experiment,
                                    const DataRoot& data) {
  std::set<std::string> paths{experiment.file, experiment.cluster};
  for (const ExperimentSeries& series : experiment.series)
    for (const ExperimentPoint& point : series.points) {
      const Checked<std::set<std::string>> read =
          files_of_cluster(experiment.cluster, point.overrides, data);
      if (!read) return tl::unexpected<Diagnostics>(read.error());
      paths.insert(read->begin(), read->end());
    }
  const Checked<ManifestFiles> files = manifest_files(paths, data);
  if (!files) return tl::unexpected<Diagnostics>(files.error());
  Json args{"sweep", "/etc/soliton/" + files->path_of(experiment.file), "--out", "/results/sweep"};
  for (const std::string& option : sweep.options) args.push_back(option);
  for (const std::string& word : {std::string("--jobs"), std::string("1"), std::string("--part"),
                                  fmt::format("/{}", sweep.parts)})
    args.push_back(word);
  using namespace fmt::literals;
  return fmt::format(fmt::runtime(kManifest), "name"_a = kubernetes_name(sweep.name),
                     "files"_a = files->config_map, "items"_a = files->items,
                     "parts"_a = sweep.parts, "image"_a = sweep.image,
                     "args"_a = json_text(args, JsonLayout::kLine));
}

}  // namespace soliton
