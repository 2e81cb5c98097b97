// A cluster file as values: everything checked, names resolved, ranges expanded, defaults filled in
// (docs/cluster-file.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/file/expectation.h"
#include "fabric/faults/fault_plan.h"
#include "fabric/ltl/options.h"
#include "node/cpu/client_workload.h"
#include "node/deployment/manager_options.h"
#include "node/deployment/wall_options.h"
#include "node/traffic/traffic.h"
#include "partition/ir/build_rnn.h"
#include "protocol/base/files_read.h"
#include "protocol/base/result.h"
#include "protocol/isa/device.h"
#include "topologies/topology.h"

namespace soliton {

struct YamlFile;

enum class TimeMode : std::uint8_t { kVirtual, kWall };
enum class ProcessMode : std::uint8_t { kPerNode, kPacked };
enum class ComputeKind : std::uint8_t { kFunctional, kTiming, kSampled };

// What the emulated network moves.
enum class Fidelity : std::uint8_t { kPacket, kMessage };

struct NodeSpec {
  std::string name;
  Device device;
  std::string at;
  bool forward = false;  // passes on what is for others, where cables join nodes (kind explicit)
  bool device_is_builtin =
      false;  // named by a shipped device's name; otherwise write_cluster() writes it out
  std::string position;  // of `at`, or of the name without it: "file:line:column" for errors
};

struct LayerPlace {
  std::string layer;
  bool in_dram = false;
  std::string position;  // "file:line:column" for errors
};

// An input of the model that is the same in every request: its shape, where the file leaves it open,
// or a .npy file with its value.
struct ModelInput {
  std::string name;
  std::optional<std::vector<std::int64_t>> shape;
  std::string file;      // "" when a shape
  std::string position;  // "file:line:column" for errors
};
inline constexpr std::int64_t kModelExtentMost = std::int64_t{1} << 31;

// A .npy file for one input or output of the model.
struct NamedFile {
  std::string name, path;
  std::string position;  // "file:line:column" for errors
};

// Where the operators whose names match a pattern run: on the CPU part of the first host, or only on
// the nodes named. The longest pattern that matches decides.
struct PlacementRule {
  std::string pattern;  // `*` stands for any text, `/` included
  bool cpu = false;
  std::vector<std::string> nodes;  // unless cpu
  std::string position;            // "file:line:column" for errors
};

// With neither rnn nor onnx there is no model, which a communication workload allows.
struct ModelSpec {
  std::optional<RnnOptions> rnn;
  std::string onnx;                // path, resolved against the cluster file's folder; "" when rnn
  std::string output;              // onnx: which of several outputs to return; "" = the only one
  bool zero_state = false;         // onnx, `state: zero`; else state is carried between requests
  std::vector<ModelInput> inputs;  // onnx
  std::string precision;           // "" = native format of each device
  bool in_dram = false;            // `place: dram`: every layer's weights stay in the devices' DRAM
  // place: {LAYER: mrf | dram}, for layers by name; the others are pinned.
  std::vector<LayerPlace> places;
  std::int64_t window = 0;  // tiles that layers in DRAM stream through; 0: all free tiles
  std::string position;     // of rnn or onnx, for errors
};

// Operators, by patterns, whose layers share a stage.
struct Colocation {
  std::vector<std::string> patterns;  // as PlacementRule::pattern
  std::string position;               // "file:line:column" for errors
};

struct PartitionSpec {
  std::string objective = "latency";
  std::int64_t min_nodes = 1;
  std::int64_t max_nodes = 0;       // 0: all
  std::vector<std::string> forbid;  // nodes that no plan uses, each once
  std::vector<Colocation> colocate;
  std::string plan;             // path of a plan.json to use; "": one is searched for
  std::string position;         // of the map, for errors
  std::string forbid_position;  // of the keys
  std::string plan_position;
};

struct WorkloadSpec {
  std::int64_t clients = 1;
  std::vector<std::string>
      hosts;  // of the clients, CPU hosts in the file's order; empty: the first one
  std::string arrival = "closed";  // or "poisson", "bursty", "trace"
  EventRate rate{};                // of poisson and bursty
  std::int64_t burst = 8;          // of bursty: requests that begin at once
  std::string instants;            // of trace: path of a file
  std::vector<Duration> arrivals;  // of trace: what the file says, ascending
  std::int64_t requests = 100;
  Probability warm_up{};  // share of the requests that statistics leave out, the first ones
  // `random`, a .npy path, or "" if there is a file for each input of the model.
  std::string input = "random";
  std::vector<NamedFile> inputs, goldens;  // by input and by output of the model
  std::string lengths;                     // .npy: valid steps of each request; "" = all
  std::string labels;                      // .npy
  std::string golden;  // .npy: fp32 outputs of the original model, for accuracy_fp32 and errors
  Duration think{};    // pause of a client between answer and next request
  std::optional<Traffic> traffic;  // `kind:`, replaces all above; without seed and contents
  std::string position;            // of the map, for errors
  // Of the keys that name files: key, path, position.
  struct DataFile {
    std::string key, path, position;
  };
  std::vector<DataFile> files;
};

struct ServiceSpec {
  std::int64_t replicas = 1;
  Balance balance = Balance::kRoundRobin;
  std::int64_t spares = 0;
  bool share = false;  // of several services: beside the models of those before it
  // What is promised; 0: nothing, and of refused requests no value.
  Duration sla_p50{}, sla_p90{}, sla_p99{}, sla_p99_9{}, sla_max{};
  EventRate sla_throughput{};
  std::optional<Probability> sla_refused;
  std::int64_t queue_limit = 0;           // open requests of each host with clients; 0: any number
  std::int64_t batch = 1;                 // requests that run together at most
  Duration batch_wait = milliseconds(1);  // longest wait of a batch's first request
  std::string position;                   // of `replicas`, for errors; "": it is not said
};

// A service of several: a model, who asks it, and what is promised. Beside `services` those of the file
// itself are the first one's.
struct NamedService {
  std::string name;
  std::vector<std::string> nodes;  // that its model may use; empty: all
  ModelSpec model;
  std::vector<PlacementRule> placement;
  PartitionSpec partition;
  ServiceSpec service;
  WorkloadSpec workload;
  std::string position;  // "file:line:column" for errors
};
inline constexpr std::size_t kServicesMost = 64;

// Which of the links that a rule names it is about: `where: {pick: ...}`.
struct LinkPick {
  enum class Mode : std::uint8_t { kAll, kOne, kCount, kPercent, kRandom };
  Mode mode = Mode::kAll;
  std::int64_t count = 1;  // of kCount
  Probability share{};     // of kPercent, rounded up; of kRandom, each link's chance
  bool operator==(const LinkPick&) const = default;
};

// A fault as written: links by name or selector are resolved against the built topology by
// resolve_faults().
struct FaultSpec {
  FaultRule rule;    // without links
  std::string link;  // "fpga0-tor0", a range "fpga[0-3]-tor0", or a glob; either end may come first
  // Or its two ends, each a name, range or glob; `link` is "" then. rule.forward is the direction
  // from the first-named end to the other (`direction: tx`), in both spellings.
  std::string from, to;
  std::string switches;  // a name, range or glob, of kinds that are about switches
  std::string nodes;  // a selector, of kinds that are about nodes; "": the resource manager's own
  std::vector<std::vector<std::string>> sets;     // of nodes, as `link`
  std::vector<std::string> cycle;                 // of kinds that are about a circle: its vertices
  std::vector<std::string> match_from, match_to;  // nodes, as `link`
  LinkPick pick;
  std::string position;  // "file:line:column" for errors
};

// `manager:`, the resource manager of a run that recovers.
struct ManagerSpec {
  std::string at;  // name of its node; "": the first CPU host
  ManagerOptions options;
  std::string position;  // "file:line:column" for errors
};

struct ClusterSpec {
  std::string file;  // as named by the user
  // Every file opened for it, itself first; prepare() adds the model's and the workload's.
  FilesRead files_read;
  std::string name;
  std::uint64_t seed = 1;
  TimeMode time = TimeMode::kVirtual;
  ProcessMode processes = ProcessMode::kPerNode;
  Fidelity fidelity = Fidelity::kPacket;
  TopologySpec topology;
  std::vector<NpuFormat> formats;  // defined in the file; 0 beats: those of beats_of()
  std::vector<NodeSpec> nodes;
  ModelSpec model;
  std::vector<PlacementRule> placement;
  PartitionSpec partition;
  ServiceSpec service;
  std::string service_name;  // of a service of several; "": the only one
  std::vector<NamedService>
      services;  // as the file lists them; empty: there is one, without a list
  std::optional<ManagerSpec> manager;  // as the file says it
  WorkloadSpec workload;
  ComputeKind compute = ComputeKind::kFunctional;
  std::int64_t sample_every = 10;  // compute: sampled
  bool save_outputs = false;       // outputs: {save: all}
  // `auth` apart, which is below. Packing is off: predictions assume one packet per message, and on
  // an idle line the first message would wait for those that share its packet.
  LtlOptions ltl{.packing = Bytes{0}};
  std::optional<AuthMode> auth;  // none: as auth_of() says
  WallOptions wall;
  std::string key_file;    // wall.key_file; "": none
  std::optional<Key> key;  // its content; never written anywhere
  std::vector<FaultSpec> faults;
  std::vector<Expectation> expectations;
  // `workloads:`, at once, and beside the model if there is one; without contents.
  std::vector<NamedTraffic> workloads;
  Duration time_limit =
      Duration{std::int64_t{60} * 1'000'000'000'000};  // of the run's own time; then exit 5
  // Wall time: a node process that is stopped, or has work but makes no progress, for this long
  // ends the run.
  Duration silence = Duration{std::int64_t{10} * 1'000'000'000'000};
  std::int64_t trace_requests = 16;  // first requests that are traced
  Duration trace_links{};            // interval at which links are sampled; 0: they are not
};

// Whether the run is that of a model, and not of communication alone.
inline bool has_model(const ClusterSpec& spec) {
  return !spec.workload.traffic &&
         (spec.workloads.empty() || spec.model.rnn || !spec.model.onnx.empty());
}

// The same file with one of its services as the only one. Chance is each service's own.
ClusterSpec with_service(const ClusterSpec& spec, std::size_t number);

// Whether the run has a resource manager: because the file has one, or spares, or a fault that needs it.
bool is_managed(const ClusterSpec& spec);
// The manager in force. REQUIRES: is_managed().
ManagerSpec manager_of(const ClusterSpec& spec);
// Nodes kept in reserve: the last NPUs of the file. Ascending.
std::vector<std::uint32_t> spares_of(const ClusterSpec& spec);

// Where data files of an installed or built tree are: configs/ and topologies/ lie below it.
struct DataRoot {
  std::string path;
};

// A cluster file as far as it could be read. A part without errors can be checked further although
// others have some.
struct ClusterReading {
  ClusterSpec spec;
  Diagnostics problems;
  // True if the part itself has no errors. Faults with errors are not in the spec.
  bool nodes = false, topology = false, model = false, workload = false;
  bool rest = false;  // no errors in anything else that a plan depends on
};

// `path=value` overrides, applied to the YAML tree before it is read ("nodes[0].device=bw-s10").
using Overrides = std::vector<std::string>;

// Reads, checks and resolves one cluster file. Reports all problems at once, each as
// "file:line:column: message". `file` may be anything that read_text_file() accepts.
ClusterReading read_cluster_parts(YamlFile yaml, const Overrides& overrides, const DataRoot& data);
Checked<ClusterSpec> read_cluster(const std::string& file, const Overrides& overrides,
                                  const DataRoot& data);
// The authentication in force: `ltl.auth` if written, else aead beyond loopback, header over
// sockets of this host, and none in virtual time.
AuthMode auth_of(const ClusterSpec& spec);
// As files spell them.
std::string auth_name(AuthMode mode);
std::string ipv4_text(std::uint32_t address);
// The spec as a cluster file with all defaults filled in; reading it gives an equal spec. Paths are
// written relative to `folder`.
std::string write_cluster(const ClusterSpec& spec, const std::string& folder);

Checked<Device> read_device(const std::string& file, const DataRoot& data);
Checked<Device> read_device(const YamlFile& yaml, const DataRoot& data);
// All shipped devices by name.
Checked<std::vector<Device>> builtin_devices(const DataRoot& data);

// The rules of `list`, a value of `faults:` in flow form, for a cluster whose other parts have been read.
Checked<std::vector<FaultSpec>> read_fault_rules(const std::string& list, const ClusterSpec& spec);

// Resolves the rules' links by name against the built topology; the error for an unknown link
// suggests the nearest.
Checked<FaultPlan> resolve_faults(const ClusterSpec& spec, const Topology& topology);

}  // namespace soliton
