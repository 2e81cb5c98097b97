#include "tests/fuzz/legal/cluster_text.h"

#include <fmt/format.h>

#include "tests/fuzz/legal/dice.h"

namespace soliton {
namespace {

// `{a: 1, b: 2}`, of what was added.
class FlowText {
 public:
  FlowText& add(const std::string& key, const std::string& value) {
    text_ += fmt::format("{}{}: {}", text_.empty() ? "" : ", ", key, value);
    return *this;
  }
  FlowText& add(const std::string& key, std::int64_t value) {
    return add(key, std::to_string(value));
  }
  bool empty() const { return text_.empty(); }
  std::string text() const { return "{" + text_ + "}"; }

 private:
  std::string text_;
};

// A file while it is made.
struct Draft {
  Dice dice;
  std::string text;
  std::int64_t devices = 1;
  bool outputs = false;  // all of them are computed
  bool faulty = false;
  std::string switches;   // a glob that names some; empty where there may be none
  bool messages = false;  // fidelity: message, which refuses what needs packets
  // Emulated hours and days. What repeats itself by short timers is left out: its events would cost
  // the machine hours as well.
  bool lasting = false;

  void line(const std::string& more) { text += more + "\n"; }
};

const char* rate(Draft& d) {
  return d.dice.word({"1 kb/s", "100 kb/s", "1 Mb/s", "1 Gb/s", "40 Gb/s", "40 Gb/s", "100 Tb/s"});
}

const char* short_time(Draft& d) {
  return d.dice.word({"0 s", "0 s", "1 ps", "1 ns", "1 us", "1 ms", "1 s"});
}

const char* any_time(Draft& d) {
  return d.dice.word({"0 s", "1 ps", "1 us", "1 ms", "1 s", "1 h", "1 d", "49 d", "50 d"});
}

void maybe(Draft& d, FlowText& out, const char* key, std::initializer_list<std::int64_t> numbers) {
  if (d.dice.chance(20)) out.add(key, d.dice.number(numbers));
}

// `with_buffer`: not beside pauses.
void queues(Draft& d, FlowText& out, bool with_buffer) {
  // Room for the largest packet, with a share of the buffer.
  if (with_buffer && d.dice.chance(70))
    out.add("buffer", d.dice.word({"64 KiB, alpha: 0.5", "64 KiB", "16 MiB, alpha: 0.0078125",
                                   "16 MiB, alpha: 128", "1 TiB, alpha: 8"}));
  if (out.empty() || d.dice.chance(70))
    out.add("classes",
            d.dice.word({"[{name: all}]", "[{name: a}, {name: b, strict: true, channels: [1]}]",
                         "[{name: a, weight: 1000}, {name: b, channels: [2, 255]}]",
                         "[{name: a, strict: true}, {name: b, strict: true, channels: [1]}]"}));
}

std::string switches(Draft& d, bool with_buffer) {
  FlowText out;
  queues(d, out, with_buffer);
  return out.text();
}

std::string rack(Draft& d) {
  FlowText out;
  out.add("kind", "rack").add("bandwidth", rate(d));
  if (!d.messages && d.dice.chance(40))
    out.add("ecn", d.dice.word({"false", "{kmin: 0 B, kmax: 1 B, probability: 100 %}",
                                "{kmin: 1 B, kmax: 2 B, probability: 0 %}",
                                "{kmin: 5 kB, kmax: 200 kB, probability: 1 %}"}));
  const bool pauses = !d.messages && !d.lasting && d.dice.chance(30);
  if (!d.messages && d.dice.chance(30)) out.add("switches", switches(d, !pauses));
  if (pauses)
    out.add("pfc", d.dice.word({"true", "{xoff: 300 KiB, xon: 1 B}",
                                "{xoff: 256 KiB, watchdog: {poll: 1 us, polls: 1, restore: 1 us}}",
                                "{watchdog: false}"}));
  return out.text();
}

void ways(Draft& d, FlowText& out) {
  out.add("routing",
          d.messages ? d.dice.word({"ecmp", "fixed"}) : d.dice.word({"ecmp", "spray", "fixed"}));
  if (d.dice.chance(50)) out.add("reroute", d.dice.word({"0 s", "1 ps", "10 us", "60 s", "never"}));
  if (d.dice.chance(20)) out.add("hash_seed", d.dice.word({"0", "1", "18446744073709551615"}));
}

std::string datacenter(Draft& d) {
  FlowText out;
  out.add("kind", "datacenter").add("quiet", d.dice.word({"true", "false"}));
  out.add("racks_per_pod", d.dice.number({1, 2, 40})).add("pods", d.dice.number({1, 2, 260}));
  if (d.dice.chance(50)) ways(d, out);
  return out.add("hosts_per_rack", d.dice.number({1, 2, 3, 24})).text();
}

void link(Draft& d, const std::string& from, const std::string& to) {
  FlowText out;
  out.add("between", fmt::format("[{}, {}]", from, to));
  out.add("latency", d.dice.word({"0 s", "1 ps", "1 ns", "1 us", "1 ms", "10 s", "1 h"}));
  if (d.dice.chance(30)) out.add("bandwidth", rate(d));
  if (!d.messages && d.dice.chance(30))
    out.add("queue", d.dice.word({"2 KiB", "3 KiB", "9000 B", "64 KiB", "1 GiB", "1 TiB"}));
  if (d.dice.chance(15))
    out.add("other_traffic",
            fmt::format("{{busy: {}, {}}}", d.dice.word({"1 %", "50 %", "99 %"}),
                        d.dice.word({"longest: 1 ns", "longest: 1 us", "longest: 1 ms",
                                     "longest: 1 s", "lengths: exponential, mean: 1 us",
                                     "lengths: exponential, mean: 1 s, longest: 1 ps",
                                     "lengths: pareto, mean: 1 ps, shape: 1.001",
                                     "lengths: pareto, mean: 1 ms, shape: 100",
                                     "lengths: listed, listed: [{length: 1 ps, share: 1000000}, "
                                     "{length: 1 s}]"})));
  d.line("    - " + out.text());
}

void explicit_graph(Draft& d) {
  const std::int64_t switches = d.dice.number({1, 2, 3});
  d.line("topology:\n  kind: explicit");
  d.line(fmt::format("  bandwidth: {}\n  switches:", rate(d)));
  for (std::int64_t i = 0; i < switches; ++i) {
    FlowText out;
    out.add("name", fmt::format("s{}", i));
    if (d.dice.chance(40)) out.add("forwarding", short_time(d));
    if (d.dice.chance(40)) out.add("store_and_forward", "true");
    if (d.dice.chance(30)) queues(d, out, true);
    d.line("    - " + out.text());
  }
  d.line("  links:");
  for (std::int64_t i = 1; i < switches; ++i)
    link(d, fmt::format("s{}", i - 1), fmt::format("s{}", i));
  const auto any_switch = [&] {
    return fmt::format("s{}", d.dice.below(static_cast<std::uint64_t>(switches)));
  };
  for (std::int64_t i = 0; i < d.devices; ++i) link(d, fmt::format("fpga{}", i), any_switch());
  link(d, "host0", any_switch());
}

// A cable's keys, as an entry that changes cables.
std::string changed_cables(Draft& d) {
  FlowText out;
  out.add("link", "\"*\"");
  out.add("latency", d.dice.word({"0 s", "1 ps", "1 us", "1 ms", "10 s"}));
  if (d.dice.chance(50)) out.add("bandwidth", rate(d));
  if (!d.messages && d.dice.chance(30)) out.add("queue", d.dice.word({"2 KiB", "9000 B", "1 TiB"}));
  return "[" + out.text() + "]";
}

// A kind whose switches, or routers of nodes, are joined in several ways.
std::string meshed(Draft& d) {
  FlowText out;
  const std::string kind =
      d.dice.word({"leaf-spine", "fat-tree", "clos", "dragonfly", "torus", "ring", "full-mesh"});
  out.add("kind", kind).add("bandwidth", rate(d));
  ways(d, out);
  if (kind == "leaf-spine")
    out.add("leaves", d.dice.number({3, 9}))
        .add("spines", d.dice.number({1, 4}))
        .add("hosts_per_leaf", d.dice.number({3, 9}));
  if (kind == "fat-tree") out.add("k", d.dice.number({4, 6, 64}));
  if (kind == "clos") out.add("arity", 3).add("levels", d.dice.number({2, 3}));
  if (kind == "dragonfly")
    out.add("groups", d.dice.number({3, 9}))
        .add("routers", 3)
        .add("hosts_per_router", d.dice.number({1, 4}));
  if (kind == "torus")
    out.add("dims", d.dice.chance(50) ? fmt::format("[{}]", d.devices + 1)
                                      : fmt::format("[1, {}, 1]", d.devices + 1));
  if (d.dice.chance(30)) out.add("switches", switches(d, true));
  if (d.dice.chance(40)) out.add("latency", d.dice.word({"1 ns", "1 us", "1 ms", "10 s", "1 h"}));
  if ((kind == "torus" || kind == "ring") && d.dice.chance(40))
    out.add("forwarding", short_time(d));
  if (d.dice.chance(30)) out.add("links", changed_cables(d));
  return out.text();
}

void topology(Draft& d) {
  const std::uint64_t kind = d.dice.below(100);
  // Others have none, or only as the nodes need them.
  d.switches = kind < 40 ? "tor0" : kind < 75 ? "" : "s0";
  if (kind < 30) return d.line("topology: " + rack(d));
  if (kind < 40) return d.line("topology: " + datacenter(d));
  if (kind < 65) return d.line("topology: " + meshed(d));
  if (kind < 75) return d.line("topology: local");
  explicit_graph(d);
}

void timing(Draft& d, FlowText& device) {
  FlowText out;
  for (const char* key : {"dispatch_cycles", "slot_overhead_cycles", "request_cycles"})
    maybe(d, out, key, {0, 1, 1000, 1'000'000'000});
  for (const char* key : {"depth_cycles", "vector_cycles"})
    maybe(d, out, key, {1, 1000, 1'000'000'000});
  for (const char* key : {"depth_cycles_per_vector", "vector_cycles_per_vector"})
    maybe(d, out, key, {0, 1, 1000});
  if (!out.empty()) device.add("timing", out.text());
}

std::string device(Draft& d) {
  const char* base =
      d.dice.word({"bw-s10", "bw-s10", "bw-pocket", "bw-a10", "bw-s5", "intel-npu-s10",
                   "bw-s10-product", "bw-cnn-a10", "bw-next", "custom"});
  FlowText out;
  out.add("base", base);
  if (d.dice.chance(50)) return base;
  maybe(d, out, "lanes", {1, 2, 3, 10, 40});
  // Small ones make very many tiles, which costs the machine.
  maybe(d, out, "native_dimension", {7, 10, 40, 100, 400, 1040});
  maybe(d, out, "tile_engines", {1, 2, 3, 7, 1024});
  maybe(d, out, "batch_lanes", {1, 2, 8, 1024});
  maybe(d, out, "multifunction_units", {1, 2, 4, 16});
  maybe(d, out, "matrix_registers", {1, 5, 20, 306, 1'000'000});
  maybe(d, out, "instruction_words", {50, 200, 16384, 1 << 30});
  if (d.dice.chance(20)) out.add("network_bandwidth", rate(d));
  if (d.dice.chance(20)) out.add("clock", d.dice.word({"1 MHz", "250 MHz", "10 GHz"}));
  if (d.dice.chance(20)) out.add("cell_programs", d.dice.word({"fused", "stepwise"}));
  if (d.dice.chance(10))
    out.add("functions", d.dice.word({"[relu, sigmoid, tanh, add, subtract, multiply]",
                                      "[sigmoid, tanh, add, multiply, min, exp, row_reduce]",
                                      "[add, sigmoid]", "[]"}));
  if (d.dice.chance(20)) {
    FlowText files;
    for (const char* key : {"initial", "add_sub_0", "add_sub_1", "multiply"})
      files.add(key, d.dice.number({1, 2, 8, 30, 512, 100'000}));
    out.add("vector_registers", files.text());
  }
  if (d.dice.chance(30)) {
    out.add("dram", d.dice.word({"1 KiB", "1 MiB", "8 GiB", "16 TiB"}));
    out.add("dram_bandwidth", d.dice.word({"1 kb/s", "1 kB/s", "1 GB/s", "12 TB/s"}));
  }
  if (d.dice.chance(25)) timing(d, out);
  return out.text();
}

void nodes(Draft& d) {
  d.line("nodes:");
  d.line(fmt::format("  - {{name: \"fpga[0-{}]\", device: {}}}", d.devices - 1, device(d)));
  FlowText cpu;
  cpu.add("base", "cpu").add("operator_overhead", d.dice.word({"0 s", "1 ps", "1 s"}));
  cpu.add("memory_bandwidth", d.dice.word({"1 kb/s", "1 kB/s", "1 GB/s", "12 TB/s"}));
  d.line("  - {name: host0, device: " + (d.dice.chance(75) ? "cpu" : cpu.text()) + "}");
}

// A workload's keys, as those of a flow map.
FlowText traffic_keys(Draft& d) {
  FlowText out;
  const bool two = d.devices == 1;
  const std::string kind =
      two ? d.dice.word({"ping", "stream", "pipeline", "token", "broadcast"})
          : d.dice.word({"ping", "stream", "incast", "permutation", "all-gather", "all-to-all",
                         "all-reduce", "reduce-scatter", "broadcast", "pipeline", "token"});
  const bool power = (d.devices & (d.devices - 1)) == 0;
  const std::string all = two ? "[fpga0, host0]" : fmt::format("\"fpga[0-{}]\"", d.devices - 1);
  out.add("kind", kind);
  if (kind == "ping" || kind == "stream") {
    out.add("from", "fpga0").add("to", two ? "host0" : "fpga1");
  } else if (kind == "incast") {
    out.add("from", fmt::format("\"fpga[1-{}]\"", d.devices - 1)).add("to", "fpga0");
  } else {
    if (kind == "broadcast") out.add("from", "fpga0");
    out.add("nodes", all);
  }
  if (kind == "all-gather")
    out.add("schedule",
            power ? d.dice.word({"direct", "ring", "doubling"}) : d.dice.word({"direct", "ring"}));
  if (kind == "all-to-all") out.add("schedule", d.dice.word({"direct", "pairwise"}));
  if (kind == "all-reduce" || kind == "reduce-scatter")
    out.add("schedule", power ? d.dice.word({"ring", "halving-doubling", "tree"})
                              : d.dice.word({"ring", "tree"}));
  if (kind == "broadcast") out.add("schedule", d.dice.word({"ring", "tree"}));
  if (kind == "permutation" && d.dice.chance(50)) out.add("shift", 1);
  out.add("bytes", d.dice.word({"1 B", "64 B", "1408 B", "1409 B", "64 KiB"}));
  return std::move(out.add("count", d.dice.number({1, 2, 5, 20})));
}

// Load of others on the network, which has no end of its own.
std::string background(Draft& d) {
  FlowText out;
  out.add("kind", "background");
  out.add("nodes",
          d.devices == 1 ? "[fpga0, host0]" : fmt::format("\"fpga[0-{}]\"", d.devices - 1));
  out.add("busy", d.dice.word({"0.001 %", "1 %", "30 %"}));
  out.add("sizes",
          d.dice.word({"fixed", "uniform", "exponential", "lognormal", "websearch", "hadoop"}));
  if (d.dice.chance(40)) out.add("peers", d.dice.number({1, 2, 16'384}));
  return out.add("bytes", d.dice.word({"1 B", "1 kB", "1 MiB"})).text();
}

void traffic(Draft& d) {
  if (d.dice.chance(60)) return d.line("workload: " + traffic_keys(d).text());
  d.line("workloads:");
  for (std::int64_t more = d.dice.number({1, 1, 2, 5}); more > 0; --more)
    d.line("  - " +
           traffic_keys(d).add("start", d.dice.word({"0 s", "1 ps", "1 us", "1 ms"})).text());
  // It would fill hours with messages.
  if (!d.lasting && d.dice.chance(30)) d.line("  - " + background(d));
}

void service(Draft& d) {
  FlowText partition;
  partition.add("objective", d.dice.word({"latency", "throughput", "nodes"}));
  partition.add("min_nodes", d.dice.number({1, 1, d.devices}));
  d.line("partition: " + partition.add("max_nodes", d.dice.number({0, 0, d.devices})).text());
  FlowText service;
  service.add("batch", d.dice.number({1, 1, 1, 2, 3, 8, 64}));
  service.add("batch_wait", any_time(d));
  if (d.dice.chance(10))
    service.add("sla", fmt::format("{{p99: {}}}", d.dice.word({"1 ps", "1 s", "50 d"})));
  d.line("service: " + service.text());
  FlowText workload;
  workload.add("clients", d.dice.number({1, 2, 3, 8, 64}));
  workload.add("requests", d.dice.number({1, 2, 3, 7, 20}));
  const bool poisson = d.dice.chance(33);
  workload.add("arrival", poisson ? "poisson" : "closed");
  if (poisson) workload.add("rate", d.dice.word({"1 /s", "10 k/s", "100 M/s"}));
  if (!poisson && d.dice.chance(30)) workload.add("think", any_time(d));
  d.line("workload: " + workload.text());
}

void model(Draft& d) {
  const char* const compute = d.dice.word({"functional", "functional", "timing", "sampled"});
  const bool only_times = compute == std::string("timing");
  d.outputs = compute == std::string("functional");
  const char* cell = d.dice.word({"gru", "lstm", "rnn"});
  FlowText rnn;
  rnn.add("cell", cell);
  rnn.add("hidden", only_times ? d.dice.number({1, 64, 401, 2000, 1 << 20})
                               : d.dice.number({1, 2, 7, 16, 64, 100, 256, 400, 401, 512, 800}));
  rnn.add("steps",
          only_times ? d.dice.number({1, 2, 100, 1000, 65'535}) : d.dice.number({1, 1, 2, 3, 8}));
  rnn.add("layers", d.dice.number({1, 1, 1, 2, 3}));
  if (d.dice.chance(30)) rnn.add("bidirectional", "true");
  if (d.dice.chance(60)) rnn.add("input", d.dice.number({1, 3, 16, 100, 500}));
  if (cell == std::string("gru") && d.dice.chance(30)) rnn.add("reset_after", "true");
  d.line("model:\n  rnn: " + rnn.text());
  if (d.dice.chance(30))
    d.line(fmt::format(
        "  precision: {}",
        d.dice.word({"ms-fp8", "ms-fp9", "msfp12", "int8", "int16", "float16", "bfloat16", "fp32",
                     "mxint8", "mxfp4", "1s5e5m", "\"e0m4,block=16,scale=8\""})));
  if (d.dice.chance(35)) d.line(fmt::format("  place: {}", d.dice.word({"mrf", "dram"})));
  d.line(fmt::format("compute: {}", compute));
  if (d.dice.chance(30)) d.line(fmt::format("sample_every: {}", d.dice.number({1, 2, 3, 100})));
  service(d);
}

void limits(Draft& d) {
  const char* time = d.lasting ? d.dice.word({"1 h", "1 d", "49 d", "50 d"})
                               : d.dice.word({"1 us", "10 us", "1 ms", "100 ms", "1 s"});
  d.line(fmt::format("limits: {{time: {}}}", time));
  if (d.dice.chance(25))
    d.line(fmt::format("trace: {{links: {}}}",
                       d.dice.word({"1 ns", "33 ns", "1 us", "10 us", "1 ms", "1 h", "50 d"})));
}

void ltl(Draft& d) {
  FlowText out;
  const auto words = [&](const char* key, std::initializer_list<const char*> choices) {
    if (d.dice.chance(12)) out.add(key, d.dice.word(choices));
  };
  words("mtu", {"64 B", "65 B", "100 B", "1408 B", "8 KiB"});
  if (d.messages) {
    if (!out.empty()) d.line("ltl: " + out.text());
    return;
  }
  words("window", {"4", "16", "128", "256"});
  words("credit", {"256 B", "1 KiB", "1500 B", "4 KiB", "1 MiB", "1 GiB"});
  if (d.lasting)
    out.add("timeout", "60 s").add("timeout_max", "3600 s");
  else
    words("timeout", {"1 us", "2 us", "10 us", "50 us", "1 ms"});
  words("timeout_rtts", {"0", "1", "4", "1000"});
  words("sample_every", {"1", "16", "1000"});
  words("reorder_tolerance", {"0 s", "1 ns", "10 us", "60 s"});
  words("ack_every", {"1", "2"});
  words("ack_delay", {"0 s", "1 ns", "4 us", "1 ms", "60 s"});
  words("queue_limit", {"1 B", "64 B", "10 KiB", "2 GiB"});
  words("credit_overhead", {"0 B", "32 B", "1 KiB"});
  words("recovery", {"selective", "go-back-n"});
  words("first_sequence", {"0", "4294967295", "4294967293", "2147483648"});
  words("packing", {"0 B", "100 B", "1408 B"});
  words("crc", {"true", "false"});
  words("auth", {"none", "header"});
  words("handshake", {"true", "false"});
  words("misses", {"off", "auto", "1", "3"});
  words("silence_min", {"0 s", "1 us", "1 ms", "3600 s"});
  words("store", {"8 KiB", "10 KiB", "64 KiB", "64 MiB"});
  if (!d.lasting)
    words("congestion",
          {"{enabled: false}",
           "{rate_min: 1 kb/s, alpha_timer: 1 ns, rate_timer: 1 ns, cnp_interval: 1 ns}",
           "{line_rate: 1 Mb/s, rate_min: 1 Mb/s}",
           "{byte_counter: 1 B, recovery_steps: 1, additive_step: 1 kb/s, alpha_gain: 1}"});
  if (!out.empty()) d.line("ltl: " + out.text());
}

std::string window_text(const FlowText& window) {
  if (window.empty()) return "";
  const std::string text = window.text();
  return text.substr(1, text.size() - 2) + ", ";
}

const char* packet_fault(Draft& d) {
  return d.dice.word({"loss: 0 %",
                      "loss: 1 %",
                      "loss: 10 %",
                      "loss: 50 %",
                      "loss: 100 %",
                      "loss: 30 %, max_burst: 1",
                      "loss: 100 %, max_burst: 3",
                      "delay: 1 ps",
                      "delay: 1 us",
                      "delay: 1 ms, jitter: 1 ms",
                      "delay: 3600 s, jitter: 3600 s",
                      "jitter: 1 us, distribution: pareto, correlation: 50 %",
                      "jitter: 1 us, distribution: normal",
                      "duplicate: 1 %",
                      "duplicate: 100 %, copies: 3, lag: 1 us",
                      "replay: 10 %, age: 1 ms",
                      "replay: 1 %, age: 3600 s",
                      "reorder: 25 %, gap: 5",
                      "reorder: 100 %, gap: 10000",
                      "corrupt: 1 %",
                      "corrupt: 50 %, bits: 64",
                      "corrupt: 10 %, region: header",
                      "ber: 0.000001",
                      "truncate: 10 %, bytes: 9000 B",
                      "truncate: 10 %, bytes: 1 B, pad: true",
                      "rate: 1 kb/s",
                      "rate: 1 Gb/s, burst: 1 B, queue: 1 B",
                      "rate: 1 Gb/s, peak: 40 Gb/s",
                      "slot: 1 s",
                      "slot: 1 us, packets: 1",
                      "mtu: 32 B",
                      "mtu: 65535 B",
                      "ecn: 100 %",
                      "ecn: 100 %, change: strip",
                      "clog: true",
                      "misroute: 10 %",
                      "misroute: 100 %"});
}

void faults(Draft& d) {
  if (d.dice.chance(50)) return;
  d.line("faults:");
  const std::int64_t rules = d.dice.number({1, 1, 2, 4});
  for (std::int64_t i = 0; i < rules; ++i) {
    FlowText out;
    if (d.dice.chance(40)) out.add("at", d.dice.word({"0 s", "1 us", "100 us", "1 ms"}));
    const bool heals = d.dice.chance(60);
    const bool repeats = heals && !d.messages && d.dice.chance(30);
    if (repeats) out.add("every", "1 ms");
    if (heals)
      out.add("for", repeats ? d.dice.word({"1 ps", "1 us", "100 us", "1 ms"})
                             : d.dice.word({"1 ps", "1 us", "100 us", "1 ms", "1 s", "50 d"}));
    const bool cut = !d.messages && !repeats && d.dice.chance(15);
    const char* what =
        d.messages ? d.dice.word({"delay: 1 ps", "delay: 1 us", "link_down: true",
                                  "delay: 1 ms, jitter: 1 ms", "delay: 3600 s, jitter: 3600 s"})
        : cut      ? "link_down: true"
                   : packet_fault(d);
    d.faulty = true;
    const std::string where = !repeats && !d.switches.empty() && d.dice.chance(25)
                                  ? fmt::format("switch: \"{}\", switch_down: true", d.switches)
                                  : fmt::format("link: \"*\", {}", what);
    d.line(fmt::format("  - {{{}{}}}", window_text(out), where));
  }
}

}  // namespace

LegalCase legal_case(std::uint64_t seed) {
  constexpr std::int64_t kMost = 9'223'372'036'854'775'807;
  Draft d{Dice(seed)};
  d.devices = d.dice.number({1, 1, 2, 2, 3, 4, 5, 8});
  d.line(fmt::format("seed: {}", d.dice.number({0, 1, std::int64_t{1} << 40, kMost})));
  d.lasting = d.dice.chance(30);
  d.messages = d.dice.chance(20);
  if (d.messages) d.line("fidelity: message");
  topology(d);
  nodes(d);
  if (d.dice.chance(30))
    traffic(d);
  else
    model(d);
  limits(d);
  ltl(d);
  faults(d);
  // In wall time a fault of an hour lasts an hour.
  return {d.text, d.outputs && !d.faulty && !d.messages, d.messages};
}

}  // namespace soliton
