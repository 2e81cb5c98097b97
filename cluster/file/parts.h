// Readers of the parts of a cluster file. Inside cluster/file only.
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
  // Notes the files it reads in `files`.
  DeviceLibrary(const DataRoot& data, FilesRead& files);
  const std::vector<std::string>& names() const { return names_; }
  bool has(const std::string& name) const;
  std::string path_of(const std::string& name) const;
  const Checked<Device>& file(const std::string& path);
  Checked<Device> read(const YamlFile& yaml);
  // The device a scalar names: a built-in one, or a file as seen from `folder`, else among the
  // shipped ones. Null: reported.
  const Device* named(ReadContext& context, const YamlValue& value, const std::string& folder);

 private:
  std::string seen_from(const std::string& folder, const std::string& path) const;

  DataRoot data_;
  FilesRead& files_;
  std::string folder_;
  std::vector<std::string> names_;
  std::map<std::string, Checked<Device>> read_;
};

// What every part needs to know besides its own map.
struct ReadSite {
  std::string folder;  // of the cluster file
  const DataRoot& data;
  FilesRead& files;  // every file that is opened is noted here
};

// A path, not a built-in name.
bool is_path(const std::string& text);

// Formats that a file defines.
void read_formats(MapReader& cluster, std::vector<NpuFormat>& out);
bool defines_format(const YamlValue& entry);
// The keys of one definition; finish() is the caller's.
bool read_format_definition(MapReader& map, NumberFormat& out);
const NpuFormat* find_format(const std::vector<NpuFormat>& formats, const std::string& name);
// A defined name, a built-in name or a descriptor; the error suggests the nearest of all.
Result<NumberFormat> resolve_format(const std::string& text, const std::vector<NpuFormat>& defined);
// Cycles a tile of a defined format takes on one engine of `device`: as the definition says, else
// those of the device's narrowest format whose element is at least as wide.
std::optional<std::int64_t> beats_of(const NpuFormat& wanted, const NpuDevice& device);

// Finds the device a `base` key names, or reports why there is none.
using DeviceBase = std::function<const Device*(const YamlValue&)>;
// `defined` are formats of the cluster file, for devices written in it.
// A device with a base has the base's values where it says nothing. Its beats go with N / L, and it
// is calibrated only when it changes no time or says so itself.
void read_device_map(ReadContext& context, const YamlValue& value, const std::string& label,
                     const DeviceBase& base, const std::vector<NpuFormat>& defined, Device& out);
// Leaves `out` empty when a name or place is wrong. False: a device is wrong, so that what the
// nodes are is not known.
bool read_nodes(MapReader& cluster, const ReadSite& site, const std::vector<NpuFormat>& defined,
                std::vector<NodeSpec>& out);
void read_topology(MapReader& cluster, const ReadSite& site, TopologySpec& out);
void read_topology_map(ReadContext& context, const YamlValue& value, const std::string& label,
                       TopologySpec& out, TopologyKinds kinds = topology_kinds());
// As lines of a cluster file.
std::string topology_text(const TopologySpec& topology, TopologyKinds kinds = topology_kinds());
// What of `pfc` depends on the size of a packet; sets that. Needs the transport's options.
void check_pause(MapReader& cluster, ClusterSpec& spec);
void read_model(MapReader& cluster, ModelSpec& out);
// Needs the nodes for the names of a communication workload; none: they could not be read.
void read_workload(MapReader& cluster, const std::vector<NodeSpec>& nodes, WorkloadSpec& out);
// Whether the workload has a `kind`, so that no model is needed and any node will do.
bool asks_for_traffic(MapReader& cluster);
void read_traffic(MapReader& workload, const std::vector<NodeSpec>& nodes, Traffic& out);
// As a flow map that reads back to the same.
std::string traffic_text(const Traffic& traffic, const std::vector<NodeSpec>& nodes);
void read_ltl(MapReader& cluster, ClusterSpec& out);
// Needs `time` and `ltl` to be read; checks what the three mean together.
void read_wall(MapReader& cluster, const ReadSite& site, ClusterSpec& out);
void read_faults(MapReader& cluster, Duration time_limit, std::vector<FaultSpec>& out);

// An existing file named by `key`, resolved against the cluster file's folder. False when absent or
// missing.
bool read_path(MapReader& map, std::string_view key, std::string& out);

// A topology from its own file. Errors carry positions in it.
Checked<TopologySpec> read_topology_file(const std::string& path);
Checked<TopologySpec> read_topology_file(const YamlFile& yaml);

}  // namespace soliton
