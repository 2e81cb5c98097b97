// The results of a run as values, and their files: results.json, requests.csv, trace.json
// (docs/results.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/results/csv_column.h"
#include "cluster/results/warning.h"
#include "cluster/results/write_file.h"
#include "fabric/carrier.h"
#include "fabric/faults/link_faults.h"
#include "fabric/ltl/stats.h"
#include "node/npu/npu_stats.h"
#include "protocol/base/breakdown.h"
#include "protocol/base/histogram.h"
#include "protocol/base/quantity.h"
#include "protocol/base/result.h"
#include "protocol/base/trace.h"

namespace soliton {

// One request, as its client saw it.
struct RequestRecord {
  RequestId request{};
  std::uint32_t client = 0;
  std::int64_t steps = 0;
  Instant sent{};
  Instant completed{};
  bool failed = false;
  Breakdown path;
  std::uint64_t output_hash = 0;  // FNV-1a of the output bytes; 0 under compute: timing
  std::optional<bool> matches;    // bit-identical to the unsharded run; unset: not checked
  // Argmax of the output (of a sequence, of its last vector) and the expected class; both -1
  // without labels.
  std::int64_t predicted_class = -1;
  std::int64_t label = -1;
};

struct NodeResult {
  std::string name, device, role;  // role: npu | host | traffic | idle
  Bytes memory_budget{}, memory_used{};
  double busy_fraction = 0;
  std::string state = "ok";  // ok | failed
  NpuStats npu;
  bool errors_known = true;  // false: nothing was computed, and errors are null in files
};

// Counters of all links. Unset: not counted, or not in this kind of time.
struct FabricCounters {
  std::uint64_t packets = 0, bytes = 0, dropped = 0;
  std::optional<std::uint64_t> corrupted, duplicated, reordered;
  std::optional<std::uint64_t> ecn_marked, pauses, queue_bytes_max;  // emulated network
  std::optional<std::uint64_t> host_drops;                           // at sockets
  bool known = true;  // false: no node has reported yet; null in files
};
inline constexpr Field kFabricRows[] = {
    field<&FabricCounters::packets>("packets", "Packets on all links."),
    field<&FabricCounters::bytes>("bytes", "Their bytes."),
    field<&FabricCounters::dropped>("dropped",
                                    "Packets dropped by full queues, watchdogs and faults."),
    field<&FabricCounters::corrupted>("corrupted", "Packets damaged. Nothing counts them yet."),
    field<&FabricCounters::duplicated>("duplicated", "Packets doubled. Nothing counts them yet."),
    field<&FabricCounters::reordered>("reordered", "Packets reordered. Nothing counts them yet."),
    field<&FabricCounters::ecn_marked>("ecn_marked", "Packets marked; virtual time."),
    field<&FabricCounters::pauses>("pauses", "Pauses of all ports; virtual time."),
    field<&FabricCounters::queue_bytes_max>("queue_bytes_max",
                                            "Longest queue of a switch port; virtual time."),
    field<&FabricCounters::host_drops>(
        "host_drops", "Packets lost in the receive buffers of this machine; wall time."),
};
inline constexpr FieldTable kFabricFields = fields_of<FabricCounters>("fabric", kFabricRows);

// Pauses of a run: ports that were paused or lost packets, and ports that waited in a circle.
struct PauseResult {
  struct Port {
    std::string name;  // "fpga0 -> tor0"
    std::uint64_t pauses = 0;
    Duration paused{};
    Bytes held_max{};         // at the switch it sends to
    Bytes queue_max{};        // its own queue, cluster's class
    Bytes lossy_queue_max{};  // its own queue, others' class
    std::uint64_t dropped = 0;
  };
  struct Deadlock {
    Instant found{};
    std::vector<std::string> ports;
  };
  std::uint64_t watchdogs = 0, watchdog_drops = 0;
  Bytes lossy_queue_max{};  // longest of all switch ports
  std::vector<Port> ports;
  std::vector<Deadlock> deadlocks;
};

// The transport, summed over all nodes.
struct LtlCounters : LtlStats {
  std::string carrier = "emulated";  // emulated | udp | shm
  std::string listen;                // udp: address of the nodes' sockets
  std::string auth = "none";         // none | header | aead
  CarrierCounters carriers;
  bool known = true;  // as FabricCounters::known
};
// Packets that arrived and were refused, by cause in the order of checks (docs/wire-format.md):
// their number and the cause in words.
struct RefusedPackets {
  std::uint64_t count = 0;
  const char* cause = "";
};
std::vector<RefusedPackets> refused_packets(const LtlCounters& ltl);

// What a fault rule did; `at` is when it came into force.
struct FaultResult {
  Instant at{};
  std::string id, kind, target;
  FaultCounters counters;
};
// "dropped 17 packets", "delayed 230 packets" or "never hit", for people.
std::string effect_words(const FaultCounters& counters);

struct OutputSummary {
  std::string sha256;  // over all output bytes in order of request; "" under compute: timing
  std::int64_t checked = 0, mismatched = 0;
  std::optional<double> max_abs_error, max_rel_error, accuracy, accuracy_fp32;
  // For labels with a step axis: the share of correct classes at each step, of the requests that
  // have the step.
  std::optional<std::vector<double>> accuracy_per_step;
  bool known = true;  // false: nothing was computed; null in files
};

struct PartitionSummary {
  std::string objective;
  std::int64_t nodes_used = 0;
  std::int64_t cut_bytes_per_request = 0;
  double predicted_latency_us = 0, lower_bound_us = 0, gap = 0;
  bool known = true;  // false: a communication workload has no plan; null in files
};

struct WallSummary {
  double seconds = 0, launch_seconds = 0;
  std::uint64_t events = 0;
  std::int64_t processes = 0;
};

// Results of a communication workload. Goodput is the payload of complete messages divided by the
// time from the first send to the last completion.
struct TrafficResult {
  struct Flow {
    std::string from, to;  // all-gather: the node, and ""
    std::uint64_t messages = 0;
    double goodput_gbps = 0;
  };
  std::string kind;
  std::string records = "messages";  // what summaries count: or "round trips", "rounds of a node"
  std::uint64_t message_bytes = 0;
  std::uint64_t bytes = 0;  // delivered
  double goodput_gbps = 0;
  // Stream and incast in virtual time: the rate of the receiver's cable, and the share of it that
  // goodput fills together with its headers and frames.
  std::optional<double> line_gbps, line_share;
  // Incast: Jain's fairness index over the flows while all of them send, and the same from 5 ms on.
  std::optional<double> fairness, fairness_settled;
  std::vector<Flow> flows;
};

// Sums for a run that still goes on, whose requests are in requests.csv already.
struct RunningStatistics {
  DurationHistogram latency;  // percentiles within 1.6 %
  double compute_ps = 0, network_ps = 0, queue_ps = 0, host_ps = 0;
};

struct RunResults {
  std::string version = "0.1.0";
  std::string name;
  std::uint64_t seed = 0;
  std::string time;  // virtual | wall
  bool complete = true;
  std::string error;                         // why the run is incomplete, or ""
  std::vector<RequestRecord> requests;       // in order of RequestId
  std::optional<RunningStatistics> running;  // in place of `requests`
  std::int64_t sent = 0, failed = 0, duplicated = 0;
  Instant first_sent{}, last_completed{};
  double operations_per_request = 0;  // mean over completed requests
  double peak_ops_per_second = 0;     // of the devices in use
  std::vector<NodeResult> nodes;
  PartitionSummary partition;
  FabricCounters fabric;
  LtlCounters ltl;
  std::vector<FaultResult> faults;
  OutputSummary outputs;
  std::vector<RunWarning> warnings;         // add with warn()
  std::optional<TrafficResult> traffic;     // communication workloads
  std::optional<PauseResult> pauses;        // virtual time, topology with pfc
  std::optional<DurationHistogram> device;  // wall time: modelled device time per request
  WallSummary wall;
};

// Exact order statistics (nearest rank) of the completed requests' latencies.
struct LatencySummary {
  double min = 0, mean = 0, p50 = 0, p90 = 0, p99 = 0, p99_9 = 0, max = 0;  // us
};
LatencySummary latency_summary(const RunResults& results);
// Mean breakdown per completed request, us.
struct BreakdownSummary {
  double compute = 0, network = 0, queue = 0, host = 0;
};
BreakdownSummary breakdown_summary(const RunResults& results);
double throughput_rps(const RunResults& results);
double effective_tflops(const RunResults& results);
double utilization(const RunResults& results);  // effective / peak

// results.json as docs/results.md describes it, with keys in that order; without "wall" if
// `with_wall` is false. Ends with a newline.
std::string results_json(const RunResults& results, bool with_wall = true);
std::string requests_csv(const RunResults& results);
// The columns of requests.csv, for a file that grows by lines (csv_head(), csv_line()).
std::span<const CsvColumn<RequestRecord>> requests_columns();
// Chrome trace-event JSON: one track per node, chains and requests as slices, messages as flow
// arrows, faults as instants.
struct TraceNames {
  std::vector<std::string> nodes;                // by NodeId
  std::vector<std::vector<std::string>> chains;  // by NodeId: labels of the program's chains
  std::vector<std::string> links;
  std::vector<std::string> fault_rules;
};
std::string trace_json(const std::vector<TraceEvent>& events, const TraceNames& names);

}  // namespace soliton
