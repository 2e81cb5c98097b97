#include "cluster/bench/layer_bench.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "cluster/bench/onnxruntime_peer.h"
#include "node/npu/npu.h"
#include "partition/lower/lower.h"
#include "partition/region/split_rnn.h"
#include "protocol/base/check.h"
#include "protocol/base/rng.h"

namespace soliton {
namespace {

constexpr int kHidden = 1024;
constexpr int kSteps = 25;

// Room for any format: what is measured is this machine, not a device.
NpuDevice bench_device(const std::string& format) {
  NpuDevice device;
  device.name = "bench";
  device.native_dim = 128;
  device.matrix_rf_tiles = 1 << 20;
  device.formats = {{parse_format(format).value(), 10}};
  return device;
}

// The layer as one shard, without a host's part.
Shard layer_shard(Cell cell, const std::string& format, bool with_weights) {
  RnnOptions options;
  options.cell = cell;
  options.hidden = kHidden;
  options.steps = kSteps;
  options.with_weights = with_weights;
  const SplitModel split = split_rnn(options);
  LowerRequest request;
  request.model = &split.fpga;
  request.nodes = {{"npu", bench_device(format)}};
  request.stages = {{0, split.fpga.layers.size(), {0}}};
  request.host = "host";
  request.with_weights = with_weights;
  Result<Lowered> lowered = lower(request);
  SOLITON_CHECK_MSG(lowered.has_value(), "{}", lowered.error().message);
  return std::move(lowered->shards.front());
}

Payload random_step(std::uint64_t step) {
  const Random random(step, "bench step");
  std::vector<Half> values;
  for (std::uint64_t i = 0; i < kHidden; ++i)
    values.push_back(to_half(static_cast<float>(random.normal(i))));
  Payload out;
  out.append(std::as_bytes(std::span<const Half>(values)));
  return out;
}

// One request after the other; all steps of a request are there when it begins.
class LayerRun {
 public:
  LayerRun(Cell cell, const std::string& format)
      : shard_(layer_shard(cell, format, true)), npu_(shard_, ComputeMode::kFunctional) {
    for (std::uint64_t step = 0; step < kSteps; ++step) inputs_.push_back(random_step(step));
  }

  void run() {
    Arrival start;
    start.at = npu_.free_at();
    npu_.begin(RequestId{next_++}, kSteps, start);
    for (const Payload& input : inputs_) npu_.deliver(0, input, start);
    while (npu_.poll_output()) {
    }
    SOLITON_CHECK(npu_.finished());
  }

 private:
  Shard shard_;
  Npu npu_;
  std::vector<Payload> inputs_;
  std::uint32_t next_ = 0;
};

struct LayerRow {
  const char* name;
  Cell cell;
  const char* format;
  const char* peer;  // cell and kind, as onnxruntime_peer takes them
  const char* peer_name;
  double goal;  // 0: for information
};

constexpr LayerRow kRows[] = {
    {"LSTM 1024 int8 b16", Cell::kLstm, "msfp16", "lstm fp32", "ONNX Runtime fp32", 4},
    {"LSTM 1024 int8 b16", Cell::kLstm, "msfp16", "lstm int8", "ONNX Runtime int8", 1 / 1.2},
    {"LSTM 1024 4-bit b16", Cell::kLstm, "msfp12", "lstm fp32", "ONNX Runtime fp32", 4},
    {"LSTM 1024 4-bit b16", Cell::kLstm, "msfp12", "lstm int8", "ONNX Runtime int8", 0},
    {"LSTM 1024 ms-fp9 b128", Cell::kLstm, "ms-fp9", "lstm fp32", "ONNX Runtime fp32", 4},
    {"GRU 1024 int8 b16", Cell::kGru, "msfp16", "gru fp32", "ONNX Runtime fp32", 4},
    {"GRU 1024 4-bit b16", Cell::kGru, "msfp12", "gru fp32", "ONNX Runtime fp32", 4},
};

// The same layer in other formats, for comparison.
constexpr const char* kUsualFormat = "ms-fp9";
constexpr const char* kOtherFormats[] = {"mxfp8-e4m3", "mxfp8-e5m2", "mxfp6-e3m2", "mxfp6-e2m3",
                                         "int16",      "int8",       "fp32"};
constexpr double kFormatsGoal = 1.0 / 8;

std::string layer_in(const char* format) { return fmt::format("GRU 1024 {}", format); }

class LayerContest {
 public:
  explicit LayerContest(OnnxRuntimePeer* peer) : peer_(peer) {
    for (const LayerRow& row : kRows) {
      add_own(row);
      add_peer(row.peer);
    }
    add_own({"", Cell::kGru, kUsualFormat, "", "", 0}, layer_in(kUsualFormat));
    for (const char* format : kOtherFormats)
      add_own({"", Cell::kGru, format, "", "", 0}, layer_in(format));
  }

  // Turns alternate; a peer's turn happens in its own process, on the same core.
  Status hold(const ContestOptions& options) {
    for (int round = 0; round < options.rounds; ++round) {
      ContestOptions turn = options;
      turn.rounds = 1;
      std::vector<Contestant> own = own_;
      hold_contest(own, turn);
      for (std::size_t i = 0; i < own.size(); ++i)
        own_[i].least_us =
            round == 0 ? own[i].least_us : std::min(own_[i].least_us, own[i].least_us);
      if (Status peers = peer_turns(); !peers) return peers;
    }
    return {};
  }

  void report(BenchReport& report) const {
    for (const LayerRow& row : kRows) {
      const double ours = least_us(own_, row.name) / kSteps;
      const auto peer = std::ranges::find(peers_, row.peer, &PeerTime::what);
      if (!peer->least_us) continue;
      report.rows.push_back({.name = fmt::format("{}, a step", row.name),
                             .ours = ours,
                             .peer = row.peer_name,
                             .peer_value = *peer->least_us,
                             .unit = "us",
                             .goal = row.goal > 0 ? std::optional(row.goal) : std::nullopt});
    }
    const double usual = least_us(own_, layer_in(kUsualFormat)) / kSteps;
    for (const char* format : kOtherFormats)
      report.rows.push_back({.name = layer_in(format) + ", a step",
                             .ours = least_us(own_, layer_in(format)) / kSteps,
                             .peer = fmt::format("{} on the same layer", kUsualFormat),
                             .peer_value = usual,
                             .unit = "us",
                             .goal = kFormatsGoal});
  }

 private:
  struct PeerTime {
    std::string what;
    std::optional<double> least_us;
  };

  void add_own(const LayerRow& row) { add_own(row, row.name); }
  void add_own(const LayerRow& row, const std::string& name) {
    if (std::ranges::find(own_, name, &Contestant::name) != own_.end()) return;
    LayerRun& run = *runs_.emplace_back(std::make_unique<LayerRun>(row.cell, row.format));
    own_.push_back({name, [&run] { run.run(); }});
  }
  void add_peer(const char* what) {
    if (std::ranges::find(peers_, what, &PeerTime::what) == peers_.end())
      peers_.push_back({what, std::nullopt});
  }

  Status peer_turns() {
    constexpr int kCalls = 6;
    if (peer_ == nullptr) return {};
    for (PeerTime& peer : peers_) {
      const Result<double> us = peer_->step_us(peer.what, kHidden, kSteps, kCalls);
      if (!us) return tl::unexpected<Error>(us.error());
      peer.least_us = std::min(peer.least_us.value_or(*us), *us);
    }
    return {};
  }

  OnnxRuntimePeer* peer_;
  std::vector<std::unique_ptr<LayerRun>> runs_;
  std::vector<Contestant> own_;
  std::vector<PeerTime> peers_;
};

}  // namespace

void bench_layers(const std::string& peers_folder, const ContestOptions& options,
                  BenchReport& report) {
  Result<std::unique_ptr<OnnxRuntimePeer>> peer = OnnxRuntimePeer::start(peers_folder);
  if (!peer) report.notes.push_back(peer.error().message);
  LayerContest contest(peer ? peer->get() : nullptr);
  if (const Status held = contest.hold(options); !held)
    report.notes.push_back(held.error().message);
  contest.report(report);
}

void bench_chains(const ContestOptions& options, BenchReport& report) {
  constexpr std::int64_t kManySteps = 2'000;
  constexpr double kGoal = 2e6;
  const Shard shard = layer_shard(Cell::kLstm, "ms-fp9", false);
  Npu npu(shard, ComputeMode::kTiming);
  std::uint32_t request = 0;
  const auto run = [&] {
    Arrival start;
    start.at = npu.free_at();
    npu.begin(RequestId{request++}, kManySteps, start);
    for (std::int64_t step = 0; step < kManySteps; ++step)
      npu.deliver(0, Payload{{}, kHidden * sizeof(Half)}, start);
    while (npu.poll_output()) {
    }
  };
  std::vector<Contestant> contestants{{"chains", run}};
  hold_contest(contestants, options);
  const double chains = static_cast<double>(npu.stats().chains) / request;
  report.rows.push_back({.name = "chains simulated, compute: timing",
                         .ours = chains / least_us(contestants, "chains"),
                         .peer = "goal",
                         .peer_value = kGoal / 1e6,
                         .unit = "M/s",
                         .higher_is_better = true,
                         .goal = 1});
}

}  // namespace soliton
