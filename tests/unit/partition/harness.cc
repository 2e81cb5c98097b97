#include "tests/unit/partition/harness.h"

#include <algorithm>
#include <cstring>
#include <deque>
#include <map>
#include <memory>

#include "node/npu/npu.h"
#include "partition/region/split_rnn.h"
#include "protocol/base/check.h"
#include "protocol/base/rng.h"

namespace soliton::test {
namespace {

std::shared_ptr<const std::vector<float>> seeded(std::int64_t count, double scale,
                                                 const std::string& name) {
  const Random random(5, name);
  auto out = std::make_shared<std::vector<float>>();
  for (std::int64_t i = 0; i < count; ++i) {
    out->push_back(
        static_cast<float>(scale * (2 * random.unit(static_cast<std::uint64_t>(i)) - 1)));
  }
  return out;
}

std::vector<NpuFormat> formats(std::int64_t beats) {
  std::vector<NpuFormat> out;
  for (const char* name : {"ms-fp8", "ms-fp9", "msfp12", "mxint8"})
    out.push_back({parse_format(name).value(), beats});
  return out;
}

Payload payload(const std::vector<Half>& values, std::int64_t first, std::int64_t count) {
  Payload out;
  out.append(std::as_bytes(
      std::span(values).subspan(static_cast<std::size_t>(first), static_cast<std::size_t>(count))));
  return out;
}

// Messages in the order they are sent; per port that is the order they are made.
class Router {
 public:
  Router(const std::vector<Shard>& shards, const HostPorts& host, std::int64_t steps)
      : shards_(shards),
        host_(host),
        steps_(steps),
        replies_(host.takes.size()),
        begun_(shards.size()) {
    for (std::size_t i = 0; i < shards.size(); ++i) {
      npus_.push_back(std::make_unique<Npu>(shards[i], ComputeMode::kFunctional));
      number_[shards[i].node] = i;
    }
  }

  void send(const OutPort::Destination& to, const Payload& vectors) {
    queue_.push_back({to, vectors});
  }

  void run() {
    while (!queue_.empty()) {
      const auto [to, vectors] = std::move(queue_.front());
      queue_.pop_front();
      if (to.peer == host_.takes.front().host) {
        replies_.at(to.port).push_back(vectors);
        continue;
      }
      const std::size_t node = number_.at(to.peer);
      Arrival start;
      start.at = begun_[node] ? starts_[node] : npus_[node]->free_at();
      if (!begun_[node]) npus_[node]->begin(RequestId{requests_}, steps_, start);
      begun_[node] = true;
      starts_[node] = start.at;
      npus_[node]->deliver(to.port, vectors, start);
      while (auto out = npus_[node]->poll_output()) {
        for (const auto& next : shards_[node].out_ports[out->port].destinations)
          send(next, out->vectors);
      }
    }
    for (std::size_t i = 0; i < npus_.size(); ++i) {
      SOLITON_CHECK_MSG(begun_[i] && npus_[i]->finished(), "{} waits for {}", shards_[i].node,
                        npus_[i]->waiting_for());
    }
  }

  // For another request on the same devices.
  void next() {
    ++requests_;
    begun_.assign(begun_.size(), false);
    replies_.assign(replies_.size(), {});
  }

  std::vector<Half> output() const {
    const std::int64_t tokens = host_.takes.front().tokens;
    const auto vectors = static_cast<std::size_t>(tokens == 0 ? steps_ : tokens);
    std::size_t width = 0;
    for (const HostPorts::Take& take : host_.takes)
      if (take.reader == 0) width += static_cast<std::size_t>(take.elements);
    std::vector<Half> out(vectors * width);
    for (const HostPorts::Take& take : host_.takes) {
      if (take.reader > 0) continue;
      const std::vector<Payload>& replies = replies_.at(take.port);
      SOLITON_CHECK_MSG(replies.size() == vectors, "{} replies", replies.size());
      for (std::size_t i = 0; i < vectors; ++i) {
        const std::size_t step = take.reversed ? vectors - 1 - i : i;
        const auto bytes = 2 * static_cast<std::size_t>(take.elements);
        SOLITON_CHECK(replies[i].bytes.size() == bytes);
        std::memcpy(out.data() + step * width + static_cast<std::size_t>(take.offset),
                    replies[i].bytes.data(), bytes);
      }
    }
    return out;
  }

 private:
  const std::vector<Shard>& shards_;
  const HostPorts& host_;
  std::int64_t steps_;
  std::vector<std::vector<Payload>> replies_;
  std::vector<bool> begun_;
  std::vector<Instant> starts_ = std::vector<Instant>(begun_.size());
  std::uint32_t requests_ = 0;
  std::vector<std::unique_ptr<Npu>> npus_;
  std::map<std::string, std::size_t> number_;
  std::deque<std::pair<OutPort::Destination, Payload>> queue_;
};

}  // namespace

NpuDevice bw_s10() {
  NpuDevice device;
  device.name = "bw-s10";
  device.formats = formats(10);
  device.timing.calibrated = true;
  return device;
}

NpuDevice bw_s5() {
  NpuDevice device = bw_s10();
  device.name = "bw-s5";
  device.clock = Frequency{200'000'000};
  device.lanes = 10;
  device.native_dim = 100;
  return device;
}

NpuDevice pocket(int native_dim, std::int64_t tiles) {
  NpuDevice device = bw_s10();
  device.name = "pocket";
  device.native_dim = native_dim;
  device.matrix_rf_tiles = tiles;
  device.formats = formats(8);
  return device;
}

LayerGraph rnn(const RnnOptions& options) {
  RnnOptions some = options;
  some.steps = std::max<std::int64_t>(options.steps, 1);
  return split_rnn(some).fpga;
}

LayerGraph no_layers(std::int64_t input, bool per_step) {
  LayerGraph model;
  model.name = "test";
  model.sources = {{"x", input, 1, per_step, 0}};
  model.results = {{LayerInput::From::kHost, 0}};
  model.fixed_steps = 1;
  return model;
}

void append(LayerGraph& model, Layer layer, LayerInput::What reads) {
  LayerInput from = model.results.at(0);
  from.what = reads;
  const bool last = reads == LayerInput::What::kLast;
  const bool steps = !last && tokens_of(model, from) == 0;
  std::visit(
      [&](auto& it) {
        it.inputs = {from};
        it.tokens = 1;
        it.per_step = steps;
      },
      layer);
  model.results = {{LayerInput::From::kLayer, model.layers.size()}};
  model.layers.push_back(std::move(layer));
}

void add_dense(LayerGraph& model, std::int64_t output, bool every_step, bool bias) {
  DenseLayer dense;
  dense.name = "dense" + std::to_string(model.layers.size());
  dense.input = model.layers.empty() ? input_of(model) : layer_output(model.layers.back());
  dense.output = output;
  dense.weights = {
      dense.name + ".W", {output, dense.input}, seeded(output * dense.input, 0.2, dense.name)};
  if (bias) dense.bias = {dense.name + ".b", {output}, seeded(output, 0.5, dense.name + "b")};
  const bool recurrent =
      !model.layers.empty() && std::holds_alternative<RecurrentLayer>(model.layers.back());
  append(model, std::move(dense),
         recurrent && !every_step ? LayerInput::What::kLast : LayerInput::What::kEvery);
}

std::vector<Half> random_vectors(std::int64_t count, std::uint64_t seed) {
  const Random random(seed, "test input");
  std::vector<Half> out;
  for (std::int64_t i = 0; i < count; ++i) {
    out.push_back(to_half(static_cast<float>(2 * random.unit(static_cast<std::uint64_t>(i)) - 1)));
  }
  return out;
}

Stage stage(std::size_t first, std::size_t last, std::size_t node, std::size_t count,
            bool split_directions) {
  Stage out{first, last, {}, {.split_directions = split_directions}};
  for (std::size_t i = 0; i < count; ++i) out.nodes.push_back(node + i);
  return out;
}

Lowered lowered(const LayerGraph& model, const NpuDevice& device, std::size_t nodes,
                std::vector<Stage> stages, const std::string& precision, bool with_weights) {
  LowerRequest request;
  request.model = &model;
  for (std::size_t i = 0; i < nodes; ++i)
    request.nodes.push_back({"fpga" + std::to_string(i), device});
  request.stages = std::move(stages);
  request.host = "host0";
  request.precision = precision;
  request.with_weights = with_weights;
  auto out = lower(request);
  SOLITON_CHECK_MSG(out.has_value(), "{}", out.error().message);
  return std::move(*out);
}

Lowered lowered(const LayerGraph& model, const NpuDevice& device, std::size_t nodes,
                const std::string& precision) {
  return lowered(model, device, nodes, {stage(0, model.layers.size(), 0, nodes)}, precision);
}

std::vector<Half> run(const std::vector<Shard>& shards, const HostPorts& host,
                      const std::vector<Half>& inputs, std::int64_t steps) {
  return run_in_turn(shards, host, {inputs}, steps).front();
}

std::vector<std::vector<Half>> run_in_turn(const std::vector<Shard>& shards, const HostPorts& host,
                                           const std::vector<std::vector<Half>>& requests,
                                           std::int64_t steps) {
  Router router(shards, host, steps);
  std::vector<std::vector<Half>> out;
  for (const std::vector<Half>& inputs : requests) {
    for (std::int64_t step = 0; step < steps; ++step) {
      for (const HostPorts::Send& send : host.sends) {
        const std::int64_t at = send.reversed ? steps - 1 - step : step;
        const std::int64_t width = static_cast<std::int64_t>(inputs.size()) / steps;
        for (const auto& to : send.destinations)
          router.send(to, payload(inputs, at * width + send.offset, send.elements));
      }
    }
    router.run();
    out.push_back(router.output());
    router.next();
  }
  return out;
}

std::vector<Half> run(const Lowered& made, const std::vector<Half>& inputs, std::int64_t steps) {
  return run(made.shards, made.host, inputs, steps);
}

std::vector<std::vector<Half>> run_in_turn(const Lowered& made,
                                           const std::vector<std::vector<Half>>& requests,
                                           std::int64_t steps) {
  return run_in_turn(made.shards, made.host, requests, steps);
}

std::string faults(const std::vector<Shard>& shards) {
  std::string out;
  for (const Shard& shard : shards) out += check_shard(shard).text();
  return out;
}

}  // namespace soliton::test
