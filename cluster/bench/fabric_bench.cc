#include "cluster/bench/fabric_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "cluster/bench/fabric_agreement.h"
#include "cluster/bench/fabric_contestants.h"
#include "cluster/engine/launch_bench.h"

namespace soliton {
namespace {

constexpr std::int64_t kBytes = 1'024;
constexpr std::uint32_t kIdleNodes = 16'384;
constexpr int kProcesses = 1'024;
constexpr int kSeeds = 20;  // of ns-3's random ways

// In a ring, as peers play it, and over one switch, as ours are wired.
struct RateCase {
  std::string name;
  std::string workload;  // as peers call it: token | all-gather
  std::uint32_t nodes = 0;
  std::string yaml;
  std::uint64_t messages = 0;  // of ours; one packet each
  std::optional<double> goal;  // M messages/s
  std::optional<double> ns3_raw_goal, ns3_udp_goal;
  std::optional<double> remembered;  // M messages/s of ASTRA-sim's analytical back end
  bool peers = true;
};

std::string switch_text(std::uint32_t nodes) {
  return fmt::format(
      "{{kind: explicit, switches: [{{name: s, forwarding: 450 ns}}], links: [{{between: "
      "[\"f[0-{}]\", s], latency: 200 ns, bandwidth: 40 Gb/s}}]}}",
      nodes - 1);
}

std::string cluster_text(std::uint32_t nodes, const std::string& topology,
                         const std::string& workload, const std::string& more = "") {
  return fmt::format(
      "name: bench\nprocesses: packed\ntrace: {{requests: 0}}\nlimits: {{time: 1 h}}\ntopology: "
      "{}\nnodes: [{{name: \"f[0-{}]\", device: cpu}}]\nworkload: {}\n{}",
      topology, nodes - 1, workload, more);
}

std::string gather_text(std::uint32_t nodes, std::uint64_t rounds) {
  return fmt::format(
      "{{kind: all-gather, nodes: \"f[0-{}]\", bytes: {} B, count: {}, schedule: ring}}", nodes - 1,
      kBytes, rounds);
}

// 64 KiB from each node to another one.
std::string permutation_text(std::uint32_t nodes, int count) {
  return fmt::format("{{kind: permutation, nodes: \"f[0-{}]\", bytes: 64 KiB, count: {}}}",
                     nodes - 1, count);
}

// One message goes round: nothing is at work but what it meets.
std::string token_text(std::uint32_t nodes, std::uint64_t laps) {
  return fmt::format("{{kind: token, nodes: \"f[0-{}]\", bytes: {} B, count: {}}}", nodes - 1,
                     kBytes, laps);
}

// Sizes without bytes, as peers send them.
constexpr const char* kMessages = "fidelity: message\ncompute: timing\n";

RateCase gather(std::uint32_t nodes, std::uint64_t rounds) {
  return {.name = fmt::format("all-gather, {} nodes, one switch", nodes),
          .workload = "all-gather",
          .nodes = nodes,
          .yaml = cluster_text(nodes, switch_text(nodes), gather_text(nodes, rounds)),
          .messages = rounds * nodes * (nodes - 1)};
}

// Whole messages in place of packets.
std::vector<RateCase> message_cases() {
  RateCase token{
      .name = "token, 1024 nodes, messages",
      .workload = "token",
      .nodes = 1'024,
      .yaml = cluster_text(1'024, switch_text(1'024), token_text(1'024, 1'000), kMessages),
      .messages = std::uint64_t{1'000} * 1'024,
      .goal = 6};
  RateCase large = gather(1'024, 2), huge = gather(16'384, 0);
  large.name = "all-gather, 1024 nodes, messages";
  large.yaml += kMessages;
  large.goal = 10;
  // A round of so many nodes has 268 M messages: the token shows what their number costs.
  huge.name = "token, 16384 nodes, messages";
  huge.workload = "token";
  huge.yaml = cluster_text(16'384, switch_text(16'384), token_text(16'384, 64), kMessages);
  huge.messages = std::uint64_t{64} * 16'384;
  huge.goal = 4.5;
  huge.peers = false;
  return {std::move(token), std::move(large), std::move(huge)};
}

std::vector<RateCase> rate_cases() {
  RateCase small = gather(16, 4'000), middle = gather(256, 12), large = gather(1'024, 1);
  small.goal = 1.5;
  small.ns3_raw_goal = 1.6;
  small.ns3_udp_goal = 15;
  small.remembered = 8.07;
  middle.remembered = 5.44;
  large.goal = 1;
  large.ns3_raw_goal = 2;
  large.remembered = 6.32;
  RateCase tree = gather(1'024, 1);
  tree.name = "all-gather, 1024 nodes, fat tree";
  tree.yaml = cluster_text(1'024, "{kind: fat-tree, k: 16}", gather_text(1'024, 1));
  tree.goal = 0.4;
  tree.peers = false;
  std::vector<RateCase> out{std::move(small), std::move(middle), std::move(large), std::move(tree)};
  for (RateCase& it : message_cases()) out.push_back(std::move(it));
  return out;
}

// M messages a CPU second that a peer's program prints as messages and seconds; 0: not installed.
double peer_rate(const std::string& program, const std::vector<std::string>& arguments) {
  const auto numbers = run_peer(program, arguments);
  if (!numbers || numbers->size() < 2 || !((*numbers)[1] > 0)) return 0;
  return (*numbers)[0] / (*numbers)[1] * 1e-6;
}

// Completion in picoseconds and longest queue in bytes, mean over seeds; nullopt: not installed.
std::optional<std::vector<double>> ns3_flows(const std::string& ns3, const AgreementCase& it,
                                             int seeds) {
  const std::string text = flows_text(it, Routes(it.topology));
  std::vector<double> mean(2);
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto numbers = run_peer(ns3, {"flows", std::to_string(seed)}, text);
    if (!numbers || numbers->size() < 3 || (*numbers)[2] != 0) return std::nullopt;
    for (std::size_t i = 0; i < mean.size(); ++i) mean[i] += (*numbers)[i] / seeds;
  }
  return mean;
}

struct IdleCost {
  double seconds = 0, mib = 0;  // CPU; peak
};

// Two nodes exchange one message, the others do nothing.
Result<IdleCost> idle_cost(const FabricBenchOptions& options) {
  const std::string text =
      cluster_text(kIdleNodes, "datacenter", "{kind: ping, from: f0, to: f1, count: 1, bytes: 64}");
  std::vector<double> seconds, memory;
  for (int round = 0; round < options.rounds; ++round) {
    const Result<OwnRun> run = play_own(text, options.data);
    if (!run) return tl::unexpected<Error>(run.error());
    seconds.push_back(run->cpu_seconds);
    memory.push_back(run->peak_mib);
  }
  return IdleCost{median(seconds), median(memory)};
}

class Bench {
 public:
  explicit Bench(const FabricBenchOptions& options) : options_(options) {}

  Result<BenchReport> all() {
    for (const RateCase& it : rate_cases())
      if (Status done = rate(it); !done) return tl::unexpected(done.error());
    if (Status done = threads(); !done) return tl::unexpected(done.error());
    if (Status done = idle(); !done) return tl::unexpected(done.error());
    if (Status done = processes(); !done) return tl::unexpected(done.error());
    for (const AgreementCase& it : agreement_cases()) agree(it);
    add_notes();
    return std::move(report_);
  }

 private:
  void row(std::string name, double ours, std::string peer, std::optional<double> theirs,
           std::string unit, std::optional<double> goal, bool higher_is_better) {
    report_.rows.push_back({.name = std::move(name),
                            .ours = ours,
                            .peer = std::move(peer),
                            .peer_value = theirs,
                            .unit = std::move(unit),
                            .higher_is_better = higher_is_better,
                            .goal = goal});
  }
  void rate_row(const RateCase& it, double ours, std::string peer, std::optional<double> theirs,
                std::optional<double> goal) {
    row(it.name, ours, std::move(peer), theirs, "M/s", goal, true);
  }

  double ns3_rate(const RateCase& it, const char* stack, std::uint64_t messages) const {
    return peer_rate(ns3(), {"rate", it.workload, stack, std::to_string(it.nodes),
                             std::to_string(messages), std::to_string(kBytes)});
  }
  double simgrid_rate(const RateCase& it, std::uint64_t messages) const {
    return peer_rate(
        options_.peers_folder + "/soliton_simgrid_network",
        {it.workload, std::to_string(it.nodes), std::to_string(messages), std::to_string(kBytes)});
  }
  std::string ns3() const { return options_.peers_folder + "/soliton_ns3_network"; }

  // Contestants take turns; medians count.
  Status rate(const RateCase& it) {
    std::vector<double> ours, raw, udp, simgrid;
    for (int round = 0; round < options_.rounds; ++round) {
      const Result<OwnRun> run = play_own(it.yaml, options_.data);
      if (!run) return tl::unexpected<Error>(run.error());
      ours.push_back(static_cast<double>(it.messages) / run->cpu_seconds * 1e-6);
      if (!it.peers) continue;
      raw.push_back(ns3_rate(it, "raw", 400'000));
      udp.push_back(ns3_rate(it, "udp", 100'000));
      simgrid.push_back(simgrid_rate(it, 100'000));
    }
    const double own = median(ours);
    if (it.goal) rate_row(it, own, "goal", *it.goal, 1);
    if (!it.peers) return {};
    peer_row(it, own, "ns-3, frames", median(raw), it.ns3_raw_goal, ns3_missing_);
    peer_row(it, own, "ns-3, UDP", median(udp), it.ns3_udp_goal, ns3_missing_);
    peer_row(it, own, "SimGrid", median(simgrid), std::nullopt, simgrid_missing_);
    if (it.remembered)
      rate_row(it, own, "ASTRA-sim analytical, remembered", it.remembered, std::nullopt);
    return {};
  }

  void peer_row(const RateCase& it, double ours, const char* peer, double theirs,
                std::optional<double> goal, bool& missing) {
    if (theirs > 0) return rate_row(it, ours, peer, theirs, goal);
    missing = true;
    rate_row(it, ours, fmt::format("{}, not installed", peer), std::nullopt, std::nullopt);
  }

  // Two threads beside two copies of the run at once, which is what two cores can give.
  Status threads() {
    const std::string text =
        cluster_text(1'024, "{kind: fat-tree, k: 16}", permutation_text(1'024, 8));
    std::vector<double> one, two, copies;
    for (int round = 0; round < options_.rounds; ++round) {
      const auto alone = play_own(text, options_.data);
      const auto both = play_own(text, options_.data, 2);
      const auto twice = play_copies(text, options_.data, 1, 2);
      for (const Error* error : {alone ? nullptr : &alone.error(), both ? nullptr : &both.error(),
                                 twice ? nullptr : &twice.error()})
        if (error != nullptr) return tl::unexpected<Error>(*error);
      const auto packets = static_cast<double>(alone->packets) * 1e-6;
      one.push_back(packets / alone->wall_seconds);
      two.push_back(packets / both->wall_seconds);
      copies.push_back(packets / (*twice)[0].wall_seconds + packets / (*twice)[1].wall_seconds);
    }
    const std::string name = "permutation of 64 KiB, fat tree of 1024, all packets, two threads";
    row(name, median(two), "one thread", median(one), "M/s", std::nullopt, true);
    row(name, median(two), "two copies", median(copies), "M/s", 0.85, true);
    return {};
  }

  Status idle() {
    const Result<IdleCost> cost = idle_cost(options_);
    if (!cost) return tl::unexpected<Error>(cost.error());
    const std::string name = fmt::format("{} packed idle nodes", kIdleNodes);
    row(name + ", memory", cost->mib, "goal", 256, "MiB", 1, false);
    row(name + ", up and down", cost->seconds, "goal", 0.5, "s", 1, false);
    return {};
  }

  Status processes() {
    const Result<LaunchFigures> figures = measure_launch(options_.node_program, kProcesses);
    if (!figures) return tl::unexpected<Error>(figures.error());
    row(fmt::format("{} processes ready", kProcesses), figures->ready_seconds, "goal", 2, "s", 1,
        false);
    return {};
  }

  // Rows of how far the two are apart, in percent.
  void agree(const AgreementCase& it) {
    const FlowsPlayed ours = play_flows(it);
    const bool sprayed = it.topology.routing == Routing::kSpray;
    const auto theirs = ns3_flows(ns3(), it, sprayed ? kSeeds : 1);
    const bool known = theirs.has_value();
    if (!known) ns3_missing_ = true;
    const auto rows = [&](const char* what, double own, std::size_t number, double scale,
                          const char* unit, double most) {
      const std::string name = fmt::format("{}, {}", it.name, what);
      if (!known)
        return row(name, own, "ns-3, not installed", std::nullopt, unit, std::nullopt, false);
      const double other = (*theirs)[number] * scale;
      row(name, own, sprayed ? "ns-3, mean of 20 seeds" : "ns-3", other, unit, std::nullopt, false);
      row(name + ", apart", 100 * std::abs(own / other - 1), "goal", most, "%", 1, false);
    };
    rows("completion", in_us(ours.completion), 0, 1e-6, "us", sprayed ? 5 : 1);
    // Where each of them draws lots for each packet, no two queues are the same.
    if (!sprayed)
      rows("longest queue", static_cast<double>(ours.queue_max.count) / 1024, 1, 1.0 / 1024, "KiB",
           2);
  }

  void add_notes() {
    for (const auto& [name, missing] :
         {std::pair{"ns-3", ns3_missing_}, {"SimGrid", simgrid_missing_}})
      if (missing)
        report_.notes.push_back(
            fmt::format("{} is not installed: ./dev bench fabric installs it", name));
    report_.notes.push_back(
        "ASTRA-sim's figures are remembered from another day and machine: they are no contest");
  }

  const FabricBenchOptions& options_;
  BenchReport report_;
  bool ns3_missing_ = false, simgrid_missing_ = false;
};

}  // namespace

Result<BenchReport> bench_fabric(const FabricBenchOptions& options) { return Bench(options).all(); }

}  // namespace soliton
