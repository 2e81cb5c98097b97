// The results of a run as values, and their files: results.json, requests.csv, trace.json
// (docs/results.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cluster/results/csv_column.h"
#include "cluster/results/run_profile.h"
#include "cluster/results/service_result.h"
#include "cluster/results/warning.h"
#include "cluster/results/write_file.h"
#include "fabric/carrier.h"
#include "fabric/faults/link_faults.h"
#include "fabric/ltl/stats.h"
#include "fabric/sim/port_series.h"
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
  std::uint16_t service = 0, copy = 0;
  bool refused = false;  // it was not let in, and has no answer
  bool warm_up = false;  // it is left out of statistics

  // Whether statistics are about it.
  bool counts() const { return !failed && !refused && !warm_up; }
};

struct NodeResult {
  std::string name, device, role;  // role: npu | host | traffic | idle
  Bytes memory_budget{}, memory_used{};
  double busy_fraction = 0;
  std::string state = "ok";  // ok | spare | took over | failed
  NpuStats npu;
  bool errors_known = true;  // false: nothing was computed, and errors are null in files
  // Of a host, where FPGAs and CPUs share a model: its parts between FPGAs.
  std::optional<std::int64_t> islands;
  // What it works for a request, on average and as the plan predicted it, waits left out; unset: in
  // wall time, or without a part of the model; predicted: where requests differ from the plan's.
  std::optional<Duration> busy_per_request, predicted_busy;
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
    field<&FabricCounters::corrupted>("corrupted", "Packets damaged by faults; null without any."),
    field<&FabricCounters::duplicated>("duplicated",
                                       "Copies of packets made by faults; null without any."),
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
inline constexpr Field kPausePortRows[] = {
    field<&PauseResult::Port::name>("port", "From whom to whom it sends."),
    field<&PauseResult::Port::pauses>("pauses", "How often it was paused."),
    field<&PauseResult::Port::paused>("paused_us", "How long in all."),
    field<&PauseResult::Port::held_max>("held_bytes_max",
                                        "Most that the next switch held of its packets."),
    field<&PauseResult::Port::queue_max>("queue_bytes_max",
                                         "Its longest queue of the cluster's packets."),
    field<&PauseResult::Port::lossy_queue_max>("lossy_queue_bytes_max",
                                               "Its longest queue of others' packets."),
    field<&PauseResult::Port::dropped>("dropped", "Packets that it dropped."),
};
inline constexpr FieldTable kPausePortFields =
    fields_of<PauseResult::Port>("pauses.ports", kPausePortRows);
inline constexpr Field kPauseResultRows[] = {
    field<&PauseResult::watchdogs>("watchdogs", "Ports that were emptied."),
    field<&PauseResult::watchdog_drops>("watchdog_drops", "Packets that this cost."),
    field<&PauseResult::lossy_queue_max>("lossy_queue_bytes_max",
                                         "Longest queue of others' packets at a switch port."),
    maps_field<&PauseResult::ports, kPausePortFields>(
        "ports", "Each port that was paused or dropped packets."),
    described(
        "deadlocks",
        "Ports that waited for each other in a circle: `at_us`, when that was found first, and "
        "their names."),
};
inline constexpr FieldTable kPauseResultFields = fields_of<PauseResult>("pauses", kPauseResultRows);

// One direction of a cable of the emulated network, with what its port put on the line.
struct LinkResult {
  std::string name;  // "tor0 -> fpga3"
  std::uint64_t packets = 0, bytes = 0;
  double busy_fraction = 0;
  std::uint64_t dropped_queue = 0, dropped_buffer = 0, dropped_fault = 0, dropped_watchdog = 0;
  std::uint64_t marked = 0;
  Bytes queue_max{};
  Duration wait_max{};
};
inline constexpr Field kLinkRows[] = {
    field<&LinkResult::name>("link", "From whom to whom it sends."),
    field<&LinkResult::packets>("packets", "Packets put on the line, lost there or not."),
    field<&LinkResult::bytes>("bytes", "Their bytes, without those of frames."),
    field<&LinkResult::busy_fraction>(
        "busy_fraction", "Share of the run in which they took the line, with their frames."),
    field<&LinkResult::dropped_queue>("dropped_queue", "Packets that found the queue full."),
    field<&LinkResult::dropped_buffer>("dropped_buffer",
                                       "Of these, for lack of a share of the switch's buffer."),
    field<&LinkResult::dropped_fault>("dropped_fault", "Packets that a fault dropped."),
    field<&LinkResult::dropped_watchdog>("dropped_watchdog", "Packets that a watchdog dropped."),
    field<&LinkResult::marked>("ecn_marked", "Packets that it marked."),
    field<&LinkResult::queue_max>("queue_bytes_max", "Its longest queue."),
    field<&LinkResult::wait_max>("wait_us_max", "The longest that a packet waited for the line."),
};
inline constexpr FieldTable kLinkFields = fields_of<LinkResult>("links", kLinkRows);
// Of those that carried or dropped something results.json has so many, the busiest; links.csv has all.
inline constexpr std::size_t kLinksShown = 1'000;

// What each of these directions did over time, in intervals of equal length (trace.links).
struct SeriesResult {
  struct Link {
    std::string name;                       // "tor0 -> fpga3"
    std::vector<SeriesInterval> intervals;  // from the start of the run to the last with an entry
  };
  Duration asked{};         // trace.links
  Duration interval{};      // longer than asked if there would have been too many
  std::vector<Link> links;  // in the order of the topology
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
  bool armed = false;                // it came into force while the run lasted
  std::optional<Instant> detected;   // when the resource manager found it out; of nodes
  std::optional<Instant> healed;     // when it ended for the last time
  std::optional<Instant> recovered;  // when the last request was done that was open at its last hit
};
inline constexpr Field kFaultVerdictRows[] = {
    field<&FaultResult::armed>("armed", "Whether it came into force while the run lasted."),
    field<&FaultResult::detected>("detected_us",
                                  "Of a fault of nodes: when the resource manager found it out; "
                                  "null: never, or there is none."),
    field<&FaultResult::healed>("healed_us",
                                "When it ended for the last time; null: not within the run."),
    field<&FaultResult::recovered>(
        "recovered_us",
        "When the last request was done that was open at its last hit; null: never, or it hit "
        "nothing."),
};
inline constexpr FieldTable kFaultVerdictFields =
    fields_of<FaultResult>("faults", kFaultVerdictRows);

// How a run with a resource manager recovered (docs/recovery.md).
struct RecoveryResult {
  struct Step {
    Instant at{};
    std::string what;        // recovery_word()
    std::string node, slot;  // "" where none is concerned
    std::uint32_t generation = 0;
    std::uint64_t count = 0;
  };
  std::string manager;  // its node
  Duration timeout{};
  std::uint32_t generations = 1;
  std::uint64_t stale = 0, replayed = 0;
  std::vector<Step> steps;  // in order of time
};
inline constexpr Field kRecoveryStepRows[] = {
    field<&RecoveryResult::Step::at>("at_us", "When."),
    field<&RecoveryResult::Step::what>(
        "what",
        "`dead`, `hung`, `lost`, `lease_lost`, `refused`, `rejoined`, `granted`, `configured`, "
        "`failed`, `replayed`, `answered`, `manager_up`, `alone`, `divided`, `no_spare` or "
        "`isolated`."),
    field<&RecoveryResult::Step::node>("node", "Whom it is about."),
    field<&RecoveryResult::Step::slot>("slot", "Whose work: the node that had it first."),
    field<&RecoveryResult::Step::generation>("generation", "Of the assignment of work to nodes."),
    field<&RecoveryResult::Step::count>("count", "Of `replayed`: requests sent again."),
};
inline constexpr FieldTable kRecoveryStepFields =
    fields_of<RecoveryResult::Step>("recovery.steps", kRecoveryStepRows);
inline constexpr Field kRecoveryRows[] = {
    field<&RecoveryResult::manager>("manager", "The node of the resource manager."),
    field<&RecoveryResult::timeout>("timeout_us", "Its timeout."),
    field<&RecoveryResult::generations>("generations", "Assignments of work to nodes."),
    field<&RecoveryResult::stale>("stale", "Messages of an older generation that were refused."),
    field<&RecoveryResult::replayed>("replayed", "Requests that were sent again."),
    maps_field<&RecoveryResult::steps, kRecoveryStepFields>("steps", "What happened."),
};
inline constexpr FieldTable kRecoveryFields = fields_of<RecoveryResult>("recovery", kRecoveryRows);

// An expectation of the cluster file, and what became of it.
struct ExpectResult {
  std::string key, said;  // as in the file
  std::string measured;
  bool met = false;
};
inline constexpr Field kExpectResultRows[] = {
    field<&ExpectResult::key>("expected", "What is expected: a key of `expect:`."),
    field<&ExpectResult::said>("said", "Its value in the cluster file."),
    field<&ExpectResult::measured>("measured", "What was, in words."),
    field<&ExpectResult::met>("met", "Whether that is as expected."),
};
inline constexpr FieldTable kExpectResultFields =
    fields_of<ExpectResult>("expect", kExpectResultRows);
// "dropped 17 packets", "delayed 230 packets" or "never hit", for people.
std::string effect_words(const FaultCounters& counters);

struct OutputSummary {
  std::optional<std::string> sha256;  // over all output bytes in order of request
  std::int64_t checked = 0, mismatched = 0;
  std::optional<double> max_abs_error, max_rel_error, accuracy, accuracy_fp32;
  // For labels with a step axis: the share of correct classes at each step, of the requests that
  // have the step.
  std::optional<std::vector<double>> accuracy_per_step;
  bool known = true;  // false: nothing was computed; null in files
};
inline constexpr Field kOutputSummaryRows[] = {
    field<&OutputSummary::sha256>("sha256", "Of all output bytes in order of request."),
    field<&OutputSummary::checked>("checked", "Outputs that were computed a second time."),
    field<&OutputSummary::mismatched>("mismatched",
                                      "Of these, how many differ from one unsharded device."),
    field<&OutputSummary::max_abs_error>("max_abs_error", "Against fp32; of golden outputs."),
    field<&OutputSummary::max_rel_error>("max_rel_error", "The same, over the fp32 output."),
    field<&OutputSummary::accuracy>("accuracy", "Share of correct classes; of labels."),
    field<&OutputSummary::accuracy_fp32>("accuracy_fp32", "The same of the golden outputs."),
    described("accuracy_per_step", "The same at each step, of labels with a step axis."),
};
inline constexpr FieldTable kOutputSummaryFields =
    fields_of<OutputSummary>("outputs", kOutputSummaryRows);

struct PartitionSummary {
  std::string objective;
  std::int64_t nodes_used = 0;
  std::int64_t cut_bytes_per_request = 0;
  Duration predicted_latency{}, lower_bound{};
  double gap = 0;
  bool known = true;  // false: a communication workload has no plan; null in files
};
inline constexpr Field kPartitionSummaryRows[] = {
    field<&PartitionSummary::objective>("objective", "What the plan is best at."),
    field<&PartitionSummary::nodes_used>("nodes_used", "Accelerators with a part of the model."),
    field<&PartitionSummary::cut_bytes_per_request>("cut_bytes_per_request",
                                                    "Bytes of tensors between nodes."),
    field<&PartitionSummary::predicted_latency>("predicted_latency_us", "Of one request."),
    field<&PartitionSummary::lower_bound>("lower_bound_us", "That no plan is below."),
    field<&PartitionSummary::gap>("gap", "The plan's value over its lower bound, less one."),
};
inline constexpr FieldTable kPartitionSummaryFields =
    fields_of<PartitionSummary>("partition", kPartitionSummaryRows);

struct WallSummary {
  double seconds = 0, launch_seconds = 0;
  std::uint64_t event_count = 0;  // 0: not counted
  std::int64_t processes = 0;
  std::optional<bool> confined;
  std::optional<RunProfile> profile;  // with --profile

  std::optional<std::uint64_t> events() const {
    return event_count > 0 ? std::optional(event_count) : std::nullopt;
  }
  std::optional<double> events_per_second() const {
    if (event_count == 0 || !(seconds > 0)) return std::nullopt;
    return static_cast<double>(event_count) / seconds;
  }
};
inline constexpr Field kWallSummaryRows[] = {
    field<&WallSummary::seconds>("seconds", "From start to end."),
    field<&WallSummary::launch_seconds>("launch_seconds", "Until all nodes were ready."),
    derived<&WallSummary::events>("events", "Emulated events; virtual time."),
    derived<&WallSummary::events_per_second>("events_per_second", "Of these."),
    field<&WallSummary::processes>("processes", "Processes of the run."),
    field<&WallSummary::confined>("nodes_confined",
                                  "Whether every node process is behind a filter of system calls "
                                  "([security](security.md)); `null`: nodes are no processes."),
};
inline constexpr FieldTable kWallSummaryFields = fields_of<WallSummary>("wall", kWallSummaryRows);

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
  Duration time{};          // from the first send to the last completion
  // What `time` of a complete run cannot be below; virtual time.
  std::optional<Duration> bound;
  double goodput_gbps = 0;
  // Stream and incast in virtual time: the rate of the receiver's cable, and the share of it that
  // goodput fills together with its headers and frames.
  std::optional<double> line_gbps, line_share;
  // Incast: Jain's fairness index over the flows while all of them send, and the same from 5 ms on.
  std::optional<double> fairness, fairness_settled;
  std::vector<Flow> flows;
};
inline constexpr Field kFlowRows[] = {
    field<&TrafficResult::Flow::from>("from", "Who sends; of a group: the node."),
    field<&TrafficResult::Flow::to>("to", "Who receives; empty in a group."),
    field<&TrafficResult::Flow::messages>("messages", "Messages delivered."),
    field<&TrafficResult::Flow::goodput_gbps>("goodput_gbps", "Goodput of the flow."),
};
inline constexpr FieldTable kFlowFields =
    fields_of<TrafficResult::Flow>("traffic.flows", kFlowRows);
inline constexpr Field kTrafficResultRows[] = {
    field<&TrafficResult::kind>("kind", "As in the cluster file."),
    field<&TrafficResult::message_bytes>("message_bytes", "Payload that a record stands for."),
    field<&TrafficResult::bytes>("bytes", "Payload delivered."),
    field<&TrafficResult::time>("time_us", "From the first send to the last completion."),
    field<&TrafficResult::bound>("bound_us",
                                 "What that cannot be below: latency of the shortest paths, and "
                                 "bytes over the rate of the cables; virtual time."),
    field<&TrafficResult::goodput_gbps>(
        "goodput_gbps", "Payload over the time from the first send to the last completion."),
    field<&TrafficResult::line_gbps>("line_gbps", "Rate of the receiver's cable."),
    field<&TrafficResult::line_share>(
        "line_share", "What goodput fills of it together with its headers and frames."),
    field<&TrafficResult::fairness>("fairness", "Jain's index over the flows while all send."),
    field<&TrafficResult::fairness_settled>("fairness_after_5ms", "The same from 5 ms on."),
    maps_field<&TrafficResult::flows, kFlowFields>("flows", "Each sender."),
};
inline constexpr FieldTable kTrafficResultFields =
    fields_of<TrafficResult>("traffic", kTrafficResultRows);

// One of several communication workloads.
struct WorkloadResult {
  std::string name, title;
  Duration start{};
  std::int64_t sent = 0;
  std::int64_t mismatched = 0;      // records whose bytes were not what was sent
  std::vector<Duration> latencies;  // of its completed records, ascending
  TrafficResult traffic;
};
inline constexpr Field kWorkloadResultRows[] = {
    field<&WorkloadResult::name>("name", "As in the cluster file."),
    field<&WorkloadResult::title>("title", "Its kind, and what distinguishes it."),
    field<&WorkloadResult::start>("start_us", "After the run's."),
    field<&WorkloadResult::sent>("sent", "Records that were begun."),
    field<&WorkloadResult::mismatched>("mismatched", "Records with other bytes than were sent."),
    described("latency_us", "As of the run, of its records, with `completed`, their number."),
    described("traffic", "As `traffic` of a run with one workload."),
};
inline constexpr FieldTable kWorkloadResultFields =
    fields_of<WorkloadResult>("workloads", kWorkloadResultRows);

// Traffic that was not measured.
struct BackgroundResult {
  std::uint64_t messages = 0, bytes = 0, damaged = 0;
};
inline constexpr Field kBackgroundRows[] = {
    field<&BackgroundResult::messages>("messages", "Messages that have arrived."),
    field<&BackgroundResult::bytes>("bytes", "Their payload."),
    field<&BackgroundResult::damaged>("damaged", "Of them, those that were not what was sent."),
};
inline constexpr FieldTable kBackgroundFields =
    fields_of<BackgroundResult>("background", kBackgroundRows);

// Sums for a run that still goes on, whose requests are in requests.csv already.
struct RunningStatistics {
  DurationHistogram latency;  // percentiles within 1.6 %
  double compute_ps = 0, network_ps = 0, queue_ps = 0, host_ps = 0;
};

// Requests by what became of them. Those completed are the ones with a latency.
struct RequestCounts {
  std::int64_t sent = 0, completed = 0, failed = 0, duplicated = 0;
};
inline constexpr Field kRequestCountRows[] = {
    field<&RequestCounts::sent>("sent", "Requests sent."),
    field<&RequestCounts::completed>("completed", "Of these, answered."),
    field<&RequestCounts::failed>("failed", "Of these, without an answer."),
    field<&RequestCounts::duplicated>("duplicated", "Answers that came twice."),
};
inline constexpr FieldTable kRequestCountFields =
    fields_of<RequestCounts>("requests", kRequestCountRows);

// How far the times of the devices in use can be trusted: as the least trustworthy one's.
struct CalibrationResult {
  std::string extent;                   // calibrated | partly | uncalibrated
  std::optional<double> error_percent;  // unset: not known
  std::string scope;
};
inline constexpr Field kCalibrationRows[] = {
    field<&CalibrationResult::extent>("class", "`calibrated`, `partly` or `uncalibrated`."),
    field<&CalibrationResult::error_percent>(
        "error_percent", "Bound of the error against published times; null where none is known."),
    field<&CalibrationResult::scope>("scope", "What these published times are of."),
};
inline constexpr FieldTable kCalibrationFields =
    fields_of<CalibrationResult>("calibration", kCalibrationRows);

struct RunResults {
  std::string version = "0.1.0";
  std::string name;
  std::uint64_t seed = 0;
  std::string time;                 // virtual | wall
  std::string fidelity = "packet";  // packet | message
  bool complete = true;
  std::string error;                         // why the run is incomplete, or ""
  std::vector<RequestRecord> requests;       // in order of RequestId
  std::optional<RunningStatistics> running;  // in place of `requests`
  std::int64_t sent = 0, failed = 0, duplicated = 0;
  std::int64_t warm_up = 0;  // answered requests that statistics leave out
  std::vector<ServiceResult> services;
  bool tells_of_services = false;  // files and summary say what became of each
  Instant first_sent{}, last_completed{};
  double operations_per_request = 0;  // mean over completed requests
  double peak_ops_per_second = 0;     // of the devices in use
  std::vector<NodeResult> nodes;
  PartitionSummary partition;
  std::optional<CalibrationResult> calibration;  // with a part of a model on devices
  std::optional<double> energy_uj;               // mean of a request, an estimate
  FabricCounters fabric;
  std::optional<std::vector<LinkResult>> links;  // busiest first; unset in wall time
  std::optional<SeriesResult> series;            // with trace.links in virtual time
  LtlCounters ltl;
  std::vector<FaultResult> faults;
  std::vector<ExpectResult> expectations;
  OutputSummary outputs;
  std::vector<RunWarning> warnings;       // add with warn()
  std::optional<TrafficResult> traffic;   // a run of one communication workload
  std::vector<WorkloadResult> workloads;  // of several, or beside a model
  std::optional<BackgroundResult> background;
  std::optional<PauseResult> pauses;        // virtual time, topology with pfc
  std::optional<RecoveryResult> recovery;   // with a resource manager
  std::optional<DurationHistogram> device;  // wall time: modelled device time per request
  WallSummary wall;
};

// Exact order statistics (nearest rank) of the completed requests' latencies.
struct LatencySummary {
  double min = 0, mean = 0, p50 = 0, p90 = 0, p99 = 0, p99_9 = 0, max = 0;  // us
};
LatencySummary latency_summary(const RunResults& results);
double throughput_rps(const RunResults& results);
double effective_tflops(const RunResults& results);
double utilization(const RunResults& results);  // effective / peak

// results.json as docs/results.md describes it, with keys in that order; without "wall" if
// `with_wall` is false. Ends with a newline.
std::string results_json(const RunResults& results, bool with_wall = true);
std::string requests_csv(const RunResults& results);
// A line for each of RunResults::links, with the columns of kLinkFields.
std::string links_csv(const RunResults& results);
// links_series.csv: a line for each interval and link in which something happened, by time, then in
// the order of the topology.
std::string links_series_csv(const SeriesResult& series);
struct SeriesRow {
  const SeriesResult& series;
  const SeriesResult::Link& link;
  std::size_t number = 0;  // of the interval

  const SeriesInterval& values() const { return link.intervals[number]; }
};
std::span<const CsvColumn<SeriesRow>> series_columns();
// The same with those that say whose a request is.
std::span<const CsvColumn<RequestRecord>> service_requests_columns();
// The columns of requests.csv, for a file that grows by lines (csv_head(), csv_line()).
std::span<const CsvColumn<RequestRecord>> requests_columns();
// Chrome trace-event JSON: one track per node, chains and requests as slices, messages as flow
// arrows, faults as instants, load and queue of the busiest links as counters.
struct TraceNames {
  std::vector<std::string> nodes;                // by NodeId
  std::vector<std::vector<std::string>> chains;  // by NodeId: labels of the program's chains
  std::vector<std::string> links;
  std::vector<std::string> fault_rules;
};
std::string trace_json(const std::vector<TraceEvent>& events, const TraceNames& names,
                       const SeriesResult* series = nullptr);

}  // namespace soliton
