// Readers of the parts of a cluster file. Private to cluster/file.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/file/cluster_fields.h"
#include "cluster/file/spec.h"
#include "cluster/yaml/read_fields.h"
#include "cluster/yaml/reader.h"
#include "topologies/kind.h"

namespace soliton {

inline constexpr std::size_t kNodesLimit = 16'384;  // packed runs are planned up to here
inline constexpr std::size_t kLinksLimit = kTopologyLinksLimit;

// Devices by built-in name or file, each read once.
class DeviceLibrary {
 public:
  // Records the files it reads in `files`, which must outlive the object.
  DeviceLibrary(const DataRoot& data, FilesRead& files);
  const std::vector<std::string>& names() const { return names_; }
  bool has(const std::string& name) const;
  std::string path_of(const std::string& name) const;
  const Checked<Device>& file(const std::string& path);
  Checked<Device> read(const YamlFile& yaml);
  // The device a scalar names: a built-in one, or a file as seen from `folder`, else among the
  // shipped ones. Returns nullptr after reporting an error.
  const Device* named(ReadContext& context, const YamlValue& value, const std::string& folder);

 private:
  std::string seen_from(const std::string& folder, const std::string& path) const;

  DataRoot data_;
  FilesRead& files_;
  std::string folder_;
  std::vector<std::string> names_;
  std::map<std::string, Checked<Device>> read_;
};

// What every part needs besides its own map.
struct ReadSite {
  std::string folder;  // of the cluster file
  const DataRoot& data;
  FilesRead& files;  // every file that is opened is recorded here
};

// Whether `text` is a path rather than a built-in name.
bool is_path(const std::string& text);

// Reads the formats that a file defines.
void read_formats(MapReader& cluster, std::vector<NpuFormat>& out);
bool defines_format(const YamlValue& entry);
// Reads the keys of one definition; the caller calls finish().
bool read_format_definition(MapReader& map, NumberFormat& out);
const NpuFormat* find_format(const std::vector<NpuFormat>& formats, const std::string& name);
// `text` is a defined name, a built-in name or a descriptor; the error suggests the nearest name.
Result<NumberFormat> resolve_format(const std::string& text, const std::vector<NpuFormat>& defined);
// Cycles that one engine of `device` takes for a tile of the format: the definition's value if it
// has one, else that of the device's narrowest format whose element is at least as wide. nullopt if
// there is no such format.
std::optional<std::int64_t> beats_of(const NpuFormat& wanted, const NpuDevice& device);

// Returns the device that a `base` key names, or nullptr after reporting why there is none.
using DeviceBase = std::function<const Device*(const YamlValue&)>;
// Reads a device. `defined` are the cluster file's formats, for devices written in it. A device
// with a base takes the base's values for keys it does not set. Its beats scale with N / L, and it
// counts as calibrated only if it changes nothing that affects time, or says so itself.
void read_device_map(ReadContext& context, const YamlValue& value, const std::string& label,
                     const DeviceBase& base, const std::vector<NpuFormat>& defined, Device& out);
// Leaves `out` empty if a name or place is wrong. Returns false if a device is wrong, because then
// the nodes are not known.
bool read_nodes(MapReader& cluster, const ReadSite& site, const std::vector<NpuFormat>& defined,
                std::vector<NodeSpec>& out);
void read_topology(MapReader& cluster, const ReadSite& site, TopologySpec& out);
void read_topology_map(ReadContext& context, const YamlValue& value, const std::string& label,
                       TopologySpec& out, TopologyKinds kinds = topology_kinds());
// As lines of a cluster file.
std::string topology_text(const TopologySpec& topology, TopologyKinds kinds = topology_kinds());
// Checks and sets the parts of `pfc` that depend on the size of a packet. REQUIRES: `ltl` has been
// read.
void check_pause(MapReader& cluster, ClusterSpec& spec);
// Checks that shared buffers of switches have room for a packet. REQUIRES: as check_pause().
void check_buffers(MapReader& cluster, const ClusterSpec& spec);
// Refuses what `fidelity: message` cannot do, and packs its nodes. REQUIRES: everything else has been
// read.
void check_fidelity(MapReader& cluster, ClusterSpec& spec);
void read_model(MapReader& cluster, ModelSpec& out);
// `nodes` resolve the names in a communication workload; empty if they could not be read.
void read_workload(MapReader& cluster, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                   WorkloadSpec& out);
// `services:`. Errors: no list, an entry without a name or a name used twice, more than kServicesMost.
void read_services(MapReader& cluster, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                   std::vector<NamedService>& out);
// The instants of `workload.instants`. Errors: with the line, a word that is no time, one before that
// of the line above, no lines at all.
Checked<std::vector<Duration>> read_instants(const std::string& path, FilesRead& files);
// `workloads:`. Errors: no list, a name used twice, more than kWorkloadsMost, none that is measured and
// no model.
void read_workloads(MapReader& cluster, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                    std::vector<NamedTraffic>& out);
// Whether there are workloads with a `kind` and nothing that asks for a model: then none is needed, and
// nodes need no NPU.
bool asks_for_traffic(MapReader& cluster);
void read_traffic(MapReader& workload, const ReadSite& site, const std::vector<NodeSpec>& nodes,
                  Traffic& out);
// The workload as keys of a flow map that reads back to an equal value. Paths are relative to `folder`.
std::string traffic_text(const Traffic& traffic, const std::vector<NodeSpec>& nodes,
                         const std::string& folder);
void read_ltl(MapReader& cluster, ClusterSpec& out);
// REQUIRES: `time` and `ltl` have been read. Also checks that the three agree.
void read_wall(MapReader& cluster, const ReadSite& site, ClusterSpec& out);
// The rules as a file says them; paths are seen from `folder`.
std::string faults_text(const std::vector<FaultSpec>& faults, const std::string& folder);

// `manager:`, after nodes and time; and what depends on whether the run has one, after all else.
void read_manager(MapReader& cluster, ClusterSpec& spec);
void check_manager(MapReader& cluster, const ClusterSpec& spec);
std::string manager_text(const ClusterSpec& spec);

// `expect:`, after all that it may be about.
void read_expectations(MapReader& cluster, ClusterSpec& spec);
std::string expectations_text(const std::vector<Expectation>& expectations);

// `faults:`, after nodes, seed and limits.
void read_faults(MapReader& cluster, ClusterSpec& spec);

// Reads the path under `key`, resolved against the cluster file's folder. False if the key is
// absent or the file does not exist (reported).
bool read_path(MapReader& map, std::string_view key, std::string& out);

// Reads a topology from its own file. Errors carry positions in that file.
Checked<TopologySpec> read_topology_file(const std::string& path);
Checked<TopologySpec> read_topology_file(const YamlFile& yaml);

// The nodes that one entry of a list names: a name, a range, or a glob. Empty after an error, which
// suggests the nearest name.
std::vector<std::string> read_node_names(ReadContext& context, const YamlValue& item,
                                         const std::string& label,
                                         const std::vector<NodeSpec>& nodes);
// `nodes` resolve the names; empty if they could not be read.
void read_partition(MapReader& cluster, const std::vector<NodeSpec>& nodes, PartitionSpec& out);
void read_placement(MapReader& cluster, const std::vector<NodeSpec>& nodes,
                    std::vector<PlacementRule>& out);
void read_model_inputs(MapReader& model, std::vector<ModelInput>& out);
// A key whose value may be a map from names in the model to .npy files; other values are left alone.
void read_named_files(MapReader& map, std::string_view key, std::vector<NamedFile>& out);

}  // namespace soliton
