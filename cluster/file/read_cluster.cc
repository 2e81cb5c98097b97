#include <algorithm>

#include "cluster/file/overrides.h"
#include "cluster/file/parts.h"
#include "cluster/file/serve_options.h"
#include "cluster/file/yaml_file.h"
#include "cluster/yaml/files.h"
#include "protocol/base/names.h"

namespace soliton {

namespace {

// Keys that are valid by themselves, but of which one leaves the other without effect.
void check_combinations(MapReader& map, const ClusterSpec& spec) {
  if (spec.time == TimeMode::kWall && spec.processes == ProcessMode::kPacked)
    map.error("processes",
              "packed belongs to virtual time; in wall time every node is a process of its own: "
              "allowed is per-node");
  const bool traffic = !has_model(spec);
  if (spec.workload.traffic && map.find("model") != nullptr)
    map.error("model",
              "a workload with a kind runs without a model; leave out the model or workload.kind, "
              "or write workloads: [{kind: ...}]");
  if (spec.workload.traffic && map.find("workloads") != nullptr)
    map.error("workloads",
              "stands beside requests to a model; a workload with a kind is an entry "
              "of this list");
  if (spec.save_outputs && traffic)
    map.error("outputs", "save: all belongs to a model, and a workload with a kind has none");
  if (spec.save_outputs && spec.compute == ComputeKind::kTiming)
    map.error("outputs", "save: all takes outputs, and compute: timing computes none");
}

// "configs/a b.yaml" -> "a-b".
std::string name_from_file(const std::string& file) {
  std::string name = file.substr(file.find_last_of('/') + 1);
  if (const std::size_t dot = name.find_last_of('.'); dot != std::string::npos && dot > 0)
    name.resize(dot);
  name.resize(std::min<std::size_t>(name.size(), 63));
  for (char& c : name)
    if (!is_valid_name(std::string_view(&c, 1))) c = '-';
  return name.empty() ? "cluster" : name;
}

// Where the precision of a service stands; `number`: in the list, if there is one.
Mark mark_of_precision(MapReader& map, std::size_t number) {
  const YamlValue* entry = map.find("services");
  const YamlValue* model =
      entry == nullptr ? map.find("model") : entry->items[number].find("model");
  const YamlValue* precision = model == nullptr ? nullptr : model->find("precision");
  return precision == nullptr ? map.mark() : precision->mark;
}

// Whether the device can multiply in a format, which it learns when the file defines it.
bool accepts(NpuDevice& device, const NumberFormat& wanted, const std::vector<NpuFormat>& defined) {
  for (const NpuFormat& known : device.formats)
    if (known.format == wanted) return true;
  const NpuFormat* own = find_format(defined, wanted.name);
  if (own == nullptr || find_format(device.formats, wanted.name) != nullptr) return false;
  const std::optional<std::int64_t> beats = beats_of(*own, device);
  if (beats) device.formats.push_back({wanted, *beats});
  return beats.has_value();
}

// A precision every NPU must be able to multiply in: a format of the file or of a device, a
// built-in one or a descriptor. It is kept by its canonical name. What the nodes have is not asked
// when a device is wrong.
void check_precision(MapReader& map, Mark mark, ClusterSpec& spec, std::string& precision,
                     bool good_devices) {
  std::vector<NpuFormat> known = spec.formats;
  for (const NodeSpec& node : spec.nodes)
    for (const NpuFormat& format : node.device.npu.formats)
      if (node.device.kind == Device::Kind::kNpu && !find_format(known, format.format.name))
        known.push_back(format);
  const Result<NumberFormat> wanted = resolve_format(precision, known);
  if (!wanted) return map.context().error(mark, "model.precision: " + wanted.error().message);
  precision = wanted->name;
  if (!good_devices) return;
  std::string last_bad;
  for (NodeSpec& node : spec.nodes) {
    NpuDevice& device = node.device.npu;
    if (node.device.kind != Device::Kind::kNpu || device.name == last_bad ||
        accepts(device, *wanted, spec.formats))
      continue;
    std::vector<std::string> names;
    for (const NpuFormat& format : device.formats) names.push_back(format.format.name);
    last_bad = device.name;
    map.context().error(mark, fmt::format("model.precision: {} on {} has no {}; it has {}",
                                          last_bad, node.name, precision, fmt::join(names, ", ")));
  }
}

// Checks that involve several parts. REQUIRES: the nodes have no errors.
void check_whole(MapReader& map, const ClusterSpec& spec) {
  std::int64_t npus = 0;
  for (const NodeSpec& node : spec.nodes) npus += node.device.kind == Device::Kind::kNpu;
  if (spec.partition.min_nodes > npus && spec.placement.empty())
    map.error("partition", fmt::format("min_nodes is {}, but {} of the nodes have an NPU",
                                       spec.partition.min_nodes, npus));
}

void check_precisions(MapReader& map, ClusterSpec& spec, bool good_devices) {
  const auto check = [&](std::size_t number, std::string& precision) {
    if (!precision.empty())
      check_precision(map, mark_of_precision(map, number), spec, precision, good_devices);
  };
  if (spec.services.empty()) check(0, spec.model.precision);
  for (std::size_t i = 0; i < spec.services.size(); ++i) check(i, spec.services[i].model.precision);
  if (!spec.services.empty()) spec.model.precision = spec.services.front().model.precision;
}

// What the file says of the first service stands for itself too.
void take_first_service(ClusterSpec& spec) {
  if (spec.services.empty()) return;
  const NamedService& first = spec.services.front();
  spec.model = first.model;
  spec.placement = first.placement;
  spec.partition = first.partition;
  spec.service = first.service;
  spec.workload = first.workload;
  spec.service_name = first.name;
}

// What several copies, hosts or services cannot do.
void check_services(MapReader& map, const ClusterSpec& spec) {
  const bool several = spec.services.size() > 1;
  if (several && spec.save_outputs)
    map.error("outputs", "save: all is of one service, and there are several");
  const auto one = [&](const ServiceSpec& service, const WorkloadSpec& workload) {
    return service.replicas == 1 && workload.hosts.size() <= 1;
  };
  const bool single = !several && one(spec.service, spec.workload);
  if (is_managed(spec) && !single)
    map.error(!spec.services.empty()      ? "services"
              : spec.service.replicas > 1 ? "service"
                                          : "workload",
              "a run that recovers has one service with one replica and its clients on one host; "
              "leave out spares, manager and the faults that need one, or write replicas: 1");
}

// Runs a reader of a part; returns the number of errors it found.
template <typename Read>
std::size_t errors_of(MapReader& map, Read read) {
  const std::size_t before = map.context().count();
  read();
  return map.context().count() - before;
}

void read_root(MapReader& map, const ReadSite& site, ClusterReading& reading) {
  ClusterSpec& out = reading.spec;
  out.name = name_from_file(out.file);
  for (const char* key : {"name", "seed", "time", "processes", "fidelity"})
    read_field(map, key, &out);
  reading.topology = errors_of(map, [&] { read_topology(map, site, out.topology); }) == 0;
  read_formats(map, out.formats);
  const bool good_devices = read_nodes(map, site, out.formats, out.nodes);
  reading.nodes = !out.nodes.empty();
  const bool needs_model = !asks_for_traffic(map);
  const bool listed = map.find("services") != nullptr;
  if (listed)
    reading.model = errors_of(map, [&] { read_services(map, site, out.nodes, out.services); }) == 0;
  else if (needs_model || map.find("model") != nullptr)
    reading.model = errors_of(map, [&] { read_model(map, out.model); }) == 0;
  if (!listed) {
    read_placement(map, out.nodes, out.placement);
    read_field(map, "service", &out);
    if (const YamlValue* service = map.find("service"); service != nullptr)
      if (const YamlValue* replicas = service->find("replicas"); replicas != nullptr)
        out.service.position = map.context().where(replicas->mark) + ": service.replicas";
    read_partition(map, out.nodes, out.partition);
  }
  take_first_service(out);
  // The parts that no plan depends on.
  std::size_t aside = errors_of(map, [&] {
    if (!listed) read_workload(map, site, out.nodes, out.workload);
    read_workloads(map, site, out.nodes, out.workloads);
  });
  reading.workload = aside == 0;
  if (out.workload.traffic) out.workload.traffic->seed = out.seed;
  for (NamedTraffic& workload : out.workloads) workload.traffic.seed = out.seed;
  read_field(map, "compute", &out);
  read_field(map, "sample_every", &out);
  // Rates begin and end at the line's, unless the file says otherwise.
  CongestionOptions& congestion = out.ltl.congestion;
  congestion.line_rate = out.topology.rate;
  congestion.rate_min = std::min(congestion.rate_min, congestion.line_rate);
  read_ltl(map, out);
  aside += errors_of(map, [&] {
    read_wall(map, site, out);
    for (const char* key : {"limits", "trace", "outputs"}) read_field(map, key, &out);
    static_cast<void>(read_serve(map));
    read_manager(map, out);
    read_faults(map, out);
    read_expectations(map, out);
  });
  check_pause(map, out);
  check_buffers(map, out);
  aside += errors_of(map, [&] {
    check_combinations(map, out);
    check_services(map, out);
    check_manager(map, out);
    check_fidelity(map, out);
  });
  map.finish();
  const auto seed = [&out](ModelSpec& model) {
    if (!model.rnn) return;
    model.rnn->seed = out.seed;
    model.rnn->with_weights = out.compute != ComputeKind::kTiming;
  };
  seed(out.model);
  for (NamedService& service : out.services) seed(service.model);
  if (reading.nodes && good_devices && needs_model) check_whole(map, out);
  check_precisions(map, out, good_devices);
  reading.rest = map.context().count() == aside;
}

ClusterReading unread(Diagnostics problems) {
  ClusterReading reading;
  reading.problems = std::move(problems);
  return reading;
}

}  // namespace

ClusterReading read_cluster_parts(YamlFile yaml, const Overrides& overrides, const DataRoot& data) {
  if (Diagnostics wrong = refuse_other_kind(yaml, FileKind::kCluster); !wrong.empty())
    return unread(std::move(wrong));
  // Errors of the file as changed by the other overrides are reported as well.
  ClusterReading reading = unread(apply_overrides(yaml.root, overrides));
  ReadContext context(yaml.file, override_paths(overrides));
  reading.spec.file = yaml.file;
  reading.spec.files_read = yaml.files;
  MapReader map(context, yaml.root, kClusterFields, "");
  if (map.is_map())
    read_root(map, ReadSite{folder_of(yaml.file), data, reading.spec.files_read}, reading);
  reading.rest = reading.rest && reading.problems.empty();
  reading.problems.append(context.take());
  return reading;
}

Checked<ClusterSpec> read_cluster(const std::string& file, const Overrides& overrides,
                                  const DataRoot& data) {
  Checked<YamlFile> yaml = read_yaml(file);
  if (!yaml) return tl::unexpected<Diagnostics>(std::move(yaml.error()));
  ClusterReading reading = read_cluster_parts(std::move(*yaml), overrides, data);
  if (!reading.problems.empty()) return tl::unexpected<Diagnostics>(std::move(reading.problems));
  return std::move(reading.spec);
}

}  // namespace soliton
