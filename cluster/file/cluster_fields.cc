#include "cluster/file/cluster_fields.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <deque>

#include "cluster/file/parts.h"
#include "cluster/file/serve_options.h"
#include "fabric/faults/fault_kind.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

constexpr std::int64_t kElementsMost = 1 << 20;  // of a vector
constexpr std::int64_t kBatchMost = 4'096;
constexpr std::int64_t kWindowMost = 1 << 24;  // tiles: what an index of an instruction reaches
constexpr auto kNodesMost = static_cast<std::int64_t>(kNodesLimit);

// Rows of a kind of device from `first` on.
template <std::size_t first, std::size_t size>
constexpr auto device_rows(const Field (&rows)[size], const FieldTable& own) {
  std::array<Field, size - first> out{};
  for (std::size_t i = first; i < size; ++i) {
    out[i - first] = rows[i].from(own);
    // Its maps may use names that a device file does not know.
    if (rows[i].key == "formats")
      out[i - first] = out[i - first].as(FieldType::kMaps).of(kDeviceFormatFields);
  }
  return out;
}

// ---- Number formats

constexpr Field kOwnNameRow[] = {
    described("name", "A name that means nothing yet.", FieldType::kName).needed()};
constexpr Field kAnyNameRow[] = {
    described("name",
              "As in `soliton list formats`, a descriptor such as `e0m4,block=16,scale=8`, or "
              "a name of one's own beside `element`.",
              FieldType::kText)
        .naming("formats")
        .needed()};
constexpr Field kElementRows[] = {
    described("element",
              "`e0m4`: sign and 4 magnitude bits; `e4m3`: a minifloat of 4 exponent and 3 fraction "
              "bits.",
              FieldType::kText),
    described("block", "Values that share a scale, or `native`: a native vector.")
        .by_default("native"),
    described("scale_bits", "2 to 8 bits of shared exponent, `float` (an fp32 factor), or `none`.")
        .by_default("8"),
    described(
        "rounding",
        "`even`, `nearest` (half away from zero), `floor`, or `dither`, by the seed; of weights.")
        .by_default("even"),
    described("overflow", "What becomes of a block above the range: `poison` or `saturate`.")
        .by_default("poison"),
    described("flush", "Whether blocks of subnormals become zero: `yes` or `no`.").by_default("no"),
    described("seed", "Of `rounding: dither`.", FieldType::kUnsigned).by_default("1"),
    described(
        "beats_per_tile",
        "Cycles a tile takes on one engine; left out: those of each device's narrowest format "
        "whose element is as wide.",
        FieldType::kInteger)
        .between(1, 1 << 20),
};
constexpr auto kFormatRows = joined(kOwnNameRow, kElementRows);
constexpr auto kDeviceFormatRows = joined(kAnyNameRow, kElementRows);

// ---- Nodes and devices

constexpr Field kNodeRows[] = {
    described("name", "A name, or a range such as `fpga[0-3]`.", FieldType::kText).needed(),
    described(
        "device",
        "A built-in name (`soliton list devices`), a file, or the device written here as a map; "
        "`{base: bw-s10, lanes: 80}` changes another.",
        FieldType::kNamed)
        .of(kDeviceFields)
        .naming("devices")
        .needed(),
    field<&NodeSpec::at>("at", "A place from the top: `rack0`, `pod3/rack17`.")
        .by_default("the first with room"),
    field<&NodeSpec::forward>(
        "forward",
        "Whether the node passes on packets for others, in topologies of kind "
        "`explicit`; those of a ring and a torus always do.")
        .if_changed(),
};

constexpr Field kBaseRow[] = {
    described("base", "A built-in device or a file whose values hold where nothing else is said.",
              FieldType::kText)
        .naming("devices")};
constexpr std::size_t kSharedRows = 4;  // that devices of both kinds begin with
constexpr auto kDeviceRows = joined(kBaseRow, device_rows<0>(kNpuRows, kNpuFields),
                                    device_rows<kSharedRows>(kCpuRows, kCpuFields));
static_assert(kNpuRows[kSharedRows - 1].key == kCpuRows[kSharedRows - 1].key);

// ---- Model, partition, service

void check_rnn(void* object, FieldCheck& check) {
  const auto& rnn = *static_cast<RnnOptions*>(object);
  if (rnn.reset_after && rnn.cell != Cell::kGru)
    check.error("reset_after", "only a GRU has a reset gate");
}

constexpr Field kRnnRows[] = {
    field<&RnnOptions::cell>("cell", "Vanilla `rnn`: h = tanh(W x + R h + b).")
        .spelled(kCells)
        .needed(),
    field<&RnnOptions::hidden>("hidden", "Size of the state.")
        .between<std::int64_t>(1, kElementsMost)
        .needed(),
    field<&RnnOptions::steps>("steps", "Steps of every request.")
        .between<std::int64_t>(1, kMaxSteps)
        .needed(),
    field<&RnnOptions::layers>("layers", "Layers on top of each other.")
        .between<std::int64_t>(1, static_cast<std::int64_t>(kMaxLayers)),
    field<&RnnOptions::input>("input", "Size of the input; 0: that of the state.")
        .between<std::int64_t>(0, kElementsMost),
    field<&RnnOptions::bidirectional>("bidirectional", "Two directions a layer."),
    field<&RnnOptions::reset_after>("reset_after",
                                    "GRU: the reset gate acts on the recurrent product."),
    field<&RnnOptions::count_as_hidden>("count_as_hidden",
                                        "Operations are counted at this size, for published rows "
                                        "that were mapped padded or cut; 0: "
                                        "`hidden`.")
        .between<std::int64_t>(0, kElementsMost),
};

void check_model(void* object, FieldCheck& check) {
  const auto& model = *static_cast<ModelSpec*>(object);
  const bool in_dram = model.in_dram || std::any_of(model.places.begin(), model.places.end(),
                                                    [](const LayerPlace& p) { return p.in_dram; });
  if (model.window > 0 && !in_dram)
    check.error("window", "belongs to weights in DRAM, but none are: write place: dram");
}

constexpr FieldWord kStateModes[] = {word("carry", false), word("zero", true)};
constexpr Field kModelRows[] = {
    map_field<&ModelSpec::rnn, kRnnFields>("rnn", "A recurrent model with weights from the seed."),
    field<&ModelSpec::onnx>("onnx", "An ONNX file.").as(FieldType::kPath).if_changed(),
    field<&ModelSpec::output>("output",
                              "The output to return, of a file with several that are not state.")
        .if_changed(),
    field<&ModelSpec::zero_state>(
        "state",
        "State that is input and output of the file: `carry` keeps it from "
        "request to request, `zero` begins each with zeros.")
        .spelled(kStateModes),
    described("inputs",
              "Inputs that are the same in every request: the shape of one that the file leaves "
              "open, `x: [1, 80]`, or a `.npy` file with its value.")
        .by_default("none"),
    field<&ModelSpec::precision>("precision", "Number format of the products.")
        .naming("formats")
        .by_default("each device's native one")
        .if_changed(),
    described(
        "place",
        "Where weights lie: `mrf`, pinned on chip, or `dram`, streamed for every product; or a "
        "place for each named layer.",
        FieldType::kChoices)
        .spelled(kWeightPlaces)
        .by_default("mrf"),
    field<&ModelSpec::window>(
        "window",
        "Tiles of the matrix register file that weights in DRAM stream through; "
        "0: all that is left.")
        .between<std::int64_t>(0, kWindowMost)
        .in("tiles")
        .trade("the stream runs less far ahead and stalls sooner", "less room for pinned weights")
        .if_changed(),
};
constexpr FieldGroup kModelGroups[] = {
    {FieldGroup::Kind::kOneOf, {"rnn", "onnx"}},
    {FieldGroup::Kind::kNeeds, {"output", "onnx"}},
    {FieldGroup::Kind::kNeeds, {"state", "onnx"}},
};

void check_partition(void* object, FieldCheck& check) {
  const auto& it = *static_cast<PartitionSpec*>(object);
  if (it.max_nodes > 0 && it.max_nodes < it.min_nodes)
    check.error("max_nodes", fmt::format("{} is below min_nodes, {}", it.max_nodes, it.min_nodes));
}

constexpr FieldWord kObjectives[] = {{"latency"}, {"throughput"}, {"nodes"}};
constexpr Field kPartitionRows[] = {
    field<&PartitionSpec::objective>(
        "objective", "`nodes`: the fewest that hold the weights and meet `service.sla`.")
        .spelled(kObjectives),
    field<&PartitionSpec::min_nodes>("min_nodes", "Fewest NPUs to use.")
        .between<std::int64_t>(1, kNodesMost),
    field<&PartitionSpec::max_nodes>("max_nodes", "Most NPUs to use; 0: all.")
        .between<std::int64_t>(0, kNodesMost),
    described("forbid", "Nodes that no plan uses: `[fpga3]`, names, ranges or globs.")
        .by_default("none"),
    described("colocate",
              "Lists of operators, by name as in `placement`, whose layers share a stage and its "
              "nodes, with all that lie between: `[[a, b]]`.")
        .by_default("none"),
    field<&PartitionSpec::plan>("plan",
                                "A `plan.json` of `soliton plan --out`: that plan is used, and "
                                "none is searched for.")
        .as(FieldType::kPath)
        .by_default("none")
        .if_changed(),
};

constexpr Field kServiceSlaRows[] = {
    field<&ServiceSpec::sla_p99>("p99", "A run that misses it ends with status 1.")
        .between(Duration{1}, kLongestTime)
        .by_default("none")
        .if_changed(),
    field<&ServiceSpec::sla_p50>("p50", "The median latency, in the same way.")
        .between(Duration{1}, kLongestTime)
        .by_default("none")
        .if_changed(),
    field<&ServiceSpec::sla_p90>("p90", "The 90th percentile.")
        .between(Duration{1}, kLongestTime)
        .by_default("none")
        .if_changed(),
    field<&ServiceSpec::sla_p99_9>("p99_9", "The 99.9th percentile.")
        .between(Duration{1}, kLongestTime)
        .by_default("none")
        .if_changed(),
    field<&ServiceSpec::sla_max>("max", "The longest latency.")
        .between(Duration{1}, kLongestTime)
        .by_default("none")
        .if_changed(),
    field<&ServiceSpec::sla_throughput>("throughput", "Requests a second, at least.")
        .between(EventRate{1}, EventRate{1'000'000'000})
        .by_default("none")
        .if_changed(),
    field<&ServiceSpec::sla_refused>("refused", "Share of the requests that is refused, at most.")
        .by_default("none")
        .if_changed(),
};
constexpr Field kReplicaRows[] = {
    field<&ServiceSpec::replicas>(
        "replicas", "Copies of the model, on devices of their own (docs/services.md).")
        .between<std::int64_t>(1, 1'024),
    field<&ServiceSpec::balance>(
        "balance",
        "Which copy a batch goes to: each in turn, the one at which the host has fewest requests "
        "open, or of two that are drawn the one with fewer.")
        .spelled(kBalances)
        .if_changed(),
};
constexpr Field kSparesRow[] = {
    field<&ServiceSpec::spares>(
        "spares",
        "NPUs kept in reserve, the last of the file: each can take the place "
        "of one with the same device that fails (docs/recovery.md).")
        .between<std::int64_t>(0, kNodesMost),
};
constexpr Field kPromiseRows[] = {
    field<&ServiceSpec::batch>("batch", "Requests that run through the program together.")
        .between<std::int64_t>(1, kBatchMost)
        .in("requests")
        .trade("devices are less full", "longer waits"),
    field<&ServiceSpec::batch_wait>("batch_wait",
                                    "Most that the first request of a batch waits for the others.")
        .between(Duration{0}, kLongestTime)
        .trade("batches leave half empty", "longer waits"),
    field<&ServiceSpec::queue_limit>(
        "queue_limit",
        "Most requests that a host with clients has open; one more is refused. 0: any number.")
        .between<std::int64_t>(0, 100'000'000)
        .in("requests")
        .trade("more are refused", "longer waits")
        .if_changed(),
    section<kServiceSlaFields>("sla", "What is promised to clients.").if_changed(),
};
constexpr auto kServiceRows = joined(joined(kReplicaRows, kSparesRow), kPromiseRows);

// Beside the keys of a service those of the file that are about one model.
constexpr Field kServicesOwnRows[] = {
    described("name", "In results.", FieldType::kName).needed(),
    described("nodes", "Nodes that its model may use: names, ranges or globs.").by_default("all"),
    field<&ServiceSpec::share>(
        "share",
        "Whether it may use devices of the services before it, as far as these leave memory; its "
        "model then has one device a copy.")
        .if_changed(),
    described("model", "What it runs.", FieldType::kMap).of(kModelFields).needed(),
    described("placement", "Where its operators run, as in the file without services.")
        .by_default("none"),
    described("partition", "How its model is cut.", FieldType::kMap).of(kPartitionFields),
    described("workload", "Who sends what to it.", FieldType::kMap).of(kWorkloadFields),
};
constexpr auto kServicesRows = joined(joined(kServicesOwnRows, kReplicaRows), kPromiseRows);

// ---- Workload

void check_workload(void* object, FieldCheck& check) {
  const std::string& arrival = static_cast<WorkloadSpec*>(object)->arrival;
  const bool closed = arrival == "closed", bursty = arrival == "bursty", trace = arrival == "trace";
  const bool random = arrival == "poisson" || bursty;
  if (random && !check.has("rate"))
    check.error("arrival",
                fmt::format("{} needs workload.rate, requests a second: rate: 20 k/s", arrival));
  if (!random && check.has("rate"))
    check.error("rate", trace
                            ? "belongs to arrival: poisson or bursty; a trace says when"
                            : "belongs to arrival: poisson; closed clients send when they have an "
                              "answer");
  if (!closed && check.has("think"))
    check.error(
        "think",
        fmt::format("belongs to arrival: closed; {} requests do not wait for answers", arrival));
  if (!bursty && check.has("burst")) check.error("burst", "belongs to arrival: bursty");
  if (trace && !check.has("instants"))
    check.error("arrival", "trace needs workload.instants, a file with an instant a line");
  if (!trace && check.has("instants")) check.error("instants", "belongs to arrival: trace");
}

constexpr FieldWord kArrivalWords[] = {{"closed"}, {"poisson"}, {"bursty"}, {"trace"}};
constexpr Field kRequestRows[] = {
    field<&WorkloadSpec::clients>("clients", "Each has one request open.")
        .between<std::int64_t>(1, 65'536),
    described("hosts",
              "CPU hosts over which the clients are spread: `all`, or names, ranges or globs.")
        .by_default("the first"),
    field<&WorkloadSpec::arrival>(
        "arrival",
        "`closed`: a client sends when it has its answer; `poisson`: at "
        "random instants, by the seed; `bursty`: several at once, at such "
        "instants; `trace`: at the instants of a file.")
        .spelled(kArrivalWords),
    field<&WorkloadSpec::requests>("requests", "Requests in all.")
        .between<std::int64_t>(1, 100'000'000),
    field<&WorkloadSpec::rate>("rate", "Requests a second, of `poisson` and `bursty`.")
        .between(EventRate{1}, EventRate{1'000'000'000})
        .by_default("none")
        .if_changed(),
    field<&WorkloadSpec::burst>("burst", "Requests that begin at once, of `bursty`.")
        .between<std::int64_t>(1, 1'000'000)
        .if_changed(),
    field<&WorkloadSpec::instants>(
        "instants",
        "Of `trace`: a file whose first line is `at`, and each other an instant after the start, "
        "`3 us`, not before that of the line above.")
        .as(FieldType::kPath)
        .if_changed(),
    field<&WorkloadSpec::warm_up>(
        "warm_up", "Share of the requests, the first ones, that statistics leave out.")
        .between(Probability{0}, Probability{900'000'000})
        .if_changed(),
    field<&WorkloadSpec::think>("think",
                                "Pause between an answer and the next request of `closed`.")
        .between(Duration{0}, kLongestTime),
    described("input",
              "`random`, a `.npy` file with requests along its first axis, or such a file for each "
              "input of the model, `{x: x.npy, sr: sr.npy}`.")
        .by_default("random"),
    field<&WorkloadSpec::lengths>("lengths", "`.npy`: valid steps of each request.")
        .as(FieldType::kPath)
        .if_changed(),
    field<&WorkloadSpec::labels>("labels", "`.npy`: the class of each request, or of each step.")
        .as(FieldType::kPath)
        .if_changed(),
    described("golden",
              "`.npy`: fp32 outputs of the original model; of several outputs a file each, by "
              "name.")
        .by_default("none"),
};

// A word that several kinds have under one key is one of its words.
void add_words(const Field& more, Field& known) {
  static std::deque<std::vector<FieldWord>> merged;
  std::vector<FieldWord> words(known.words.begin(), known.words.end());
  for (const FieldWord& word : more.words)
    if (std::none_of(words.begin(), words.end(),
                     [&](const FieldWord& had) { return had.spelling == word.spelling; }))
      words.push_back(word);
  if (words.size() > known.words.size()) known.words = merged.emplace_back(std::move(words));
}

// The kinds of communication, and the keys of all of them.
void add_traffic_rows(std::vector<Field>& rows) {
  static const std::vector<FieldWord> kinds = [] {
    std::vector<FieldWord> out;
    for (const TrafficKind* kind : traffic_kinds()) out.push_back({kind->name, 0});
    return out;
  }();
  rows.push_back(described("kind", "Communication without a model, in place of the keys above.",
                           FieldType::kText)
                     .spelled(kinds));
  for (const TrafficKind* kind : traffic_kinds())
    for (const FieldTable* table : {&kind->fields, &kind->own})
      for (const Field& row : table->fields) {
        const auto known = std::find_if(rows.begin(), rows.end(),
                                        [&](const Field& had) { return had.key == row.key; });
        if (known == rows.end())
          rows.push_back(row.from(*table));
        else
          add_words(row, *known);
      }
}

// Keys of requests to a model, then those of all kinds of communication.
FieldTable workload_fields() {
  static std::vector<Field> rows(std::begin(kRequestRows), std::end(kRequestRows));
  add_traffic_rows(rows);
  return fields_of<WorkloadSpec>("workload", rows);
}

constexpr Field kWorkloadsRows[] = {
    field<&NamedTraffic::name>("name", "In results.").as(FieldType::kName).by_default("its kind"),
    field<&NamedTraffic::start>("start", "After the run's.").between(Duration{0}, kLongestTime),
};
FieldTable workloads_fields() {
  static std::vector<Field> rows(std::begin(kWorkloadsRows), std::end(kWorkloadsRows));
  add_traffic_rows(rows);
  for (Field& row : rows)
    if (row.key == "kind") row.required = true, row.meaning = "What it is.";
  return fields_of<NamedTraffic>("workloads", rows);
}

// ---- Wall time, limits, what is kept

constexpr Field kListenRows[] = {
    described("listen", "IPv4 address of this host for the sockets of all nodes.", FieldType::kText)
        .by_default("127.0.0.1"),
    described("key_file",
              "File with the run's key, 64 hexadecimal digits, which only its owner may read.",
              FieldType::kText),
};
// In a file, the address is text.
constexpr auto kWallKeyRows = joined(kWallPacketRows, kListenRows);

constexpr Field kLimitsRows[] = {
    field<&ClusterSpec::time_limit>("time",
                                    "Of the run's own time; a run that lasts longer is given up.")
        .between(microseconds(1), kLongestTime),
    field<&ClusterSpec::silence>(
        "silence",
        "Of wall time: a node process that is stopped, or has work and does nothing, ends the run.")
        .between(milliseconds(100), kLongestTime),
};
constexpr Field kTraceRows[] = {
    field<&ClusterSpec::trace_requests>("requests", "First requests that `trace.json` shows.")
        .between<std::int64_t>(0, 1'000'000),
    field<&ClusterSpec::trace_links>("links",
                                     "Interval at which load and queue of each direction of a "
                                     "cable are sampled for `links_series.csv`; virtual time.")
        .between(nanoseconds(1), kLongestTime)
        .by_default("not sampled")
        .if_changed(),
};
constexpr FieldWord kSaves[] = {word("none", false), word("all", true)};
constexpr Field kOutputsRows[] = {
    field<&ClusterSpec::save_outputs>(
        "save", "`all`: the answers of all requests in `outputs.npy` of the run folder.")
        .spelled(kSaves),
};

// ---- The file

constexpr Field kClusterRows[] = {
    field<&ClusterSpec::name>("name", "Name of the run and of its folder.")
        .as(FieldType::kName)
        .by_default("the file's name"),
    field<&ClusterSpec::seed>("seed", "The only source of chance."),
    field<&ClusterSpec::time>("time",
                              "`virtual`: deterministic emulated time; `wall`: real time, real "
                              "sockets.")
        .spelled(kTimeModes),
    field<&ClusterSpec::processes>(
        "processes", "`per-node`: a process for each node; `packed`: all nodes in one.")
        .spelled(kProcessModes),
    field<&ClusterSpec::fidelity>(
        "fidelity",
        "`packet`: every packet of LTL is emulated; `message`: messages as trains of packets, "
        "much faster, on a network that loses nothing (docs/network.md).")
        .spelled(kFidelities),
    described("topology", "A built-in name (`soliton list topologies`), a file, or a map.",
              FieldType::kNamed)
        .of(kTopologyFields)
        .naming("topologies")
        .by_default("rack"),
    described("formats", "Number formats of your own.", FieldType::kMaps).of(kFormatFields),
    described("nodes", "The cluster's nodes.", FieldType::kMaps).of(kNodeFields).needed(),
    map_field<&ClusterSpec::model, kModelFields>("model", "What the cluster runs."),
    described("placement",
              "Where operators run, by name (`*` stands for any text): `{\"*\": cpu}`, or nodes.")
        .by_default("none"),
    map_field<&ClusterSpec::partition, kPartitionFields>("partition", "How the model is cut."),
    map_field<&ClusterSpec::service, kServiceFields>("service", "What is promised to clients."),
    map_field<&ClusterSpec::workload, kRequestFields>("workload", "Who sends what.")
        .of(kWorkloadFields),
    described("services",
              "Several services on one pool of nodes, in place of `model`, `placement`, "
              "`partition`, `service` and `workload` (docs/services.md).",
              FieldType::kMaps)
        .of(kServicesFields)
        .by_default("one, of those"),
    described("workloads", "Several kinds of communication at once, also beside a model.",
              FieldType::kMaps)
        .of(kWorkloadsFields)
        .by_default("none"),
    field<&ClusterSpec::compute>(
        "compute",
        "`functional`: every output is computed; `timing`: times only; `sampled`: every "
        "`sample_every`-th request is computed.")
        .spelled(kComputeKinds),
    field<&ClusterSpec::sample_every>("sample_every", "For `compute: sampled`.")
        .between<std::int64_t>(1, 100'000'000),
    map_field<&ClusterSpec::ltl, kClusterLtlFields>("ltl", "The transport."),
    map_field<&ClusterSpec::wall, kWallKeyFields>("wall",
                                                  "Wall time: how packets go and how nodes wait."),
    described("manager", "The resource manager of a run that recovers (docs/recovery.md).",
              FieldType::kMap)
        .of(kManagerFields)
        .by_default("none, or its defaults where spares or a fault need it"),
    described("serve", "How `soliton serve` answers clients (docs/serving.md).", FieldType::kMap)
        .of(kServeFields)
        .by_default("its defaults"),
    described("faults", "What goes wrong.", FieldType::kMaps).of(kFaultFields),
    described("expect", "What the run must fulfil, or else it ends with status 1.", FieldType::kMap)
        .of(kExpectFields),
    section<kLimitsFields>("limits", "When a run is given up."),
    section<kTraceFields>("trace", "What `trace.json` holds."),
    section<kOutputsFields>("outputs", "What is kept of the answers."),
    refused("expect", "expectations are not supported in this version"),
};

constexpr auto kManagerKeyRows =
    joined(std::to_array<Field>(
               {described("at", "Its node.", FieldType::kText).by_default("the first CPU host")}),
           kManagerRows);

constexpr FieldTable cluster_ltl_fields() {
  FieldTable out = kLtlFields;
  out.defaults = []() -> const void* {
    static const ClusterSpec spec;
    return &spec.ltl;
  };
  return out;
}

}  // namespace

constexpr FieldTable kClusterFields = fields_of<ClusterSpec>("cluster", kClusterRows);
constexpr FieldTable kFormatFields = fields_of<NpuFormat>("format", kFormatRows);
constexpr FieldTable kDeviceFormatFields = fields_of<NpuFormat>("device_format", kDeviceFormatRows);
constexpr FieldTable kNodeFields = fields_of<NodeSpec>("node", kNodeRows);
constexpr FieldTable kDeviceFields = fields_of<Device>("device", kDeviceRows);
constexpr FieldTable kModelFields =
    fields_of<ModelSpec>("model", kModelRows).with(kModelGroups).ruled(&check_model);
constexpr FieldTable kRnnFields = fields_of<RnnOptions>("rnn", kRnnRows).ruled(&check_rnn);
constexpr FieldTable kPartitionFields =
    fields_of<PartitionSpec>("partition", kPartitionRows).ruled(&check_partition);
constexpr FieldTable kServiceFields = fields_of<ServiceSpec>("service", kServiceRows);
constexpr FieldTable kServicesFields = fields_of<ServiceSpec>("services", kServicesRows);
constexpr FieldTable kServiceSlaFields = fields_of<ServiceSpec>("sla", kServiceSlaRows);
constexpr FieldTable kRequestFields =
    fields_of<WorkloadSpec>("workload", kRequestRows).ruled(&check_workload);
const FieldTable kWorkloadFields = workload_fields();
const FieldTable kWorkloadsFields = workloads_fields();
constexpr FieldTable kClusterLtlFields = cluster_ltl_fields();
constexpr FieldTable kWallKeyFields = fields_of<WallOptions>("wall", kWallKeyRows);
constexpr FieldTable kManagerFields =
    fields_of<ManagerOptions>("manager", kManagerKeyRows).ruled(&check_manager_keys);
constexpr FieldTable kLimitsFields = fields_of<ClusterSpec>("limits", kLimitsRows);
constexpr FieldTable kTraceFields = fields_of<ClusterSpec>("trace", kTraceRows);
constexpr FieldTable kOutputsFields = fields_of<ClusterSpec>("outputs", kOutputsRows);

}  // namespace soliton
