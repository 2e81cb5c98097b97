#include "tests/regress/values/chain_model.h"

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

std::vector<NpuFormat> formats(std::int64_t beats) {
  std::vector<NpuFormat> out;
  for (const char* name : {"ms-fp8", "ms-fp9", "msfp12", "mxint8"})
    out.push_back({parse_format(name).value(), beats});
  return out;
}

Tensor seeded(const std::string& name, std::vector<std::int64_t> shape, double scale) {
  const Random random(5, name);
  std::int64_t count = 1;
  for (const std::int64_t extent : shape) count *= extent;
  auto values = std::make_shared<std::vector<float>>();
  for (std::int64_t i = 0; i < count; ++i)
    values->push_back(
        static_cast<float>(scale * (2 * random.unit(static_cast<std::uint64_t>(i)) - 1)));
  return {name, std::move(shape), std::move(values)};
}

// Passes messages between the devices in the order in which they are sent.
class Devices {
 public:
  Devices(const Lowered& made, std::int64_t steps) : made_(made), steps_(steps) {
    for (const Shard& shard : made.shards) {
      number_[shard.node] = npus_.size();
      npus_.push_back(std::make_unique<Npu>(shard, ComputeMode::kFunctional));
    }
  }

  std::vector<Half> run(std::uint32_t request, const std::vector<Half>& inputs) {
    replies_.assign(made_.host.takes.size(), {});
    starts_.clear();
    for (const std::unique_ptr<Npu>& npu : npus_) {
      starts_.push_back({npu->free_at(), {}});
      npu->begin(RequestId{request}, steps_, starts_.back());
    }
    const auto width = inputs.size() / static_cast<std::size_t>(steps_);
    for (std::int64_t step = 0; step < steps_; ++step)
      for (const HostPorts::Send& port : made_.host.sends) {
        const std::int64_t at = port.reversed ? steps_ - 1 - step : step;
        const std::size_t first =
            static_cast<std::size_t>(at) * width + static_cast<std::size_t>(port.offset);
        Payload vector;
        vector.append(std::as_bytes(
            std::span(inputs).subspan(first, static_cast<std::size_t>(port.elements))));
        for (const OutPort::Destination& to : port.destinations) queue_.emplace_back(to, vector);
      }
    while (!queue_.empty()) pass_on();
    for (const std::unique_ptr<Npu>& npu : npus_)
      SOLITON_CHECK_MSG(npu->finished(), "a device waits for {}", npu->waiting_for());
    return output();
  }

 private:
  void pass_on() {
    const auto [to, vector] = std::move(queue_.front());
    queue_.pop_front();
    const auto device = number_.find(to.peer);
    if (device == number_.end()) {
      replies_.at(to.port).push_back(vector);
      return;
    }
    Npu& npu = *npus_[device->second];
    npu.deliver(to.port, vector, starts_[device->second]);
    while (const auto out = npu.poll_output())
      for (const auto& next : made_.shards[device->second].out_ports[out->port].destinations)
        queue_.emplace_back(next, out->vectors);
  }

  std::vector<Half> output() const {
    std::size_t width = 0;
    for (const HostPorts::Take& take : made_.host.takes)
      width += static_cast<std::size_t>(take.elements);
    std::vector<Half> out;
    for (const HostPorts::Take& take : made_.host.takes) {
      const std::vector<Payload>& replies = replies_[take.port];
      out.resize(replies.size() * width);
      for (std::size_t i = 0; i < replies.size(); ++i) {
        const std::size_t token = take.reversed ? replies.size() - 1 - i : i;
        std::memcpy(out.data() + token * width + static_cast<std::size_t>(take.offset),
                    replies[i].bytes.data(), replies[i].bytes.size());
      }
    }
    return out;
  }

  const Lowered& made_;
  std::int64_t steps_;
  std::vector<std::unique_ptr<Npu>> npus_;
  std::vector<Arrival> starts_;  // by device, of the request
  std::map<std::string, std::size_t> number_;
  std::vector<std::vector<Payload>> replies_;
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

NpuDevice pocket(int native_dim, std::int64_t tiles) {
  NpuDevice device = bw_s10();
  device.name = "pocket";
  device.native_dim = native_dim;
  device.matrix_rf_tiles = tiles;
  device.formats = formats(8);
  return device;
}

LayerGraph rnn(const RnnOptions& options) { return split_rnn(options).fpga; }

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
  const std::int64_t tokens = tokens_of(model, from);
  std::visit(
      [&](auto& it) {
        it.inputs = {from};
        it.per_step = tokens == 0;
        it.tokens = tokens == 0 ? model.fixed_steps : tokens;
      },
      layer);
  model.results = {{LayerInput::From::kLayer, model.layers.size()}};
  model.layers.push_back(std::move(layer));
}

void add_dense(LayerGraph& model, std::int64_t output, LayerInput::What reads) {
  DenseLayer dense;
  dense.name = "dense" + std::to_string(model.layers.size());
  dense.input =
      model.layers.empty() ? model.sources.at(0).elements : layer_output(model.layers.back());
  dense.output = output;
  dense.weights = seeded(dense.name + ".W", {output, dense.input}, 0.2);
  dense.bias = seeded(dense.name + ".b", {output}, 0.5);
  append(model, std::move(dense), reads);
}

std::vector<Half> random_vectors(std::int64_t count, std::uint64_t seed) {
  const Random random(seed, "test input");
  std::vector<Half> out;
  for (std::int64_t i = 0; i < count; ++i)
    out.push_back(to_half(static_cast<float>(2 * random.unit(static_cast<std::uint64_t>(i)) - 1)));
  return out;
}

Lowered lowered(const LayerGraph& model, const NpuDevice& device, std::size_t nodes,
                const std::string& precision) {
  LowerRequest request;
  request.model = &model;
  Stage& stage = request.stages.emplace_back();
  stage.last = model.layers.size();
  for (std::size_t i = 0; i < nodes; ++i) {
    request.nodes.push_back({"fpga" + std::to_string(i), device});
    stage.nodes.push_back(i);
  }
  request.host = "host0";
  request.precision = precision;
  Result<Lowered> out = lower(request);
  SOLITON_CHECK_MSG(out.has_value(), "{}", out.error().message);
  return std::move(*out);
}

std::string faults(const std::vector<Shard>& shards) {
  std::string out;
  for (const Shard& shard : shards) out += check_shard(shard).text();
  return out;
}

std::vector<std::vector<Half>> run_in_turn(const Lowered& made,
                                           const std::vector<std::vector<Half>>& requests,
                                           std::int64_t steps) {
  Devices devices(made, steps);
  std::vector<std::vector<Half>> out;
  for (const std::vector<Half>& inputs : requests)
    out.push_back(devices.run(static_cast<std::uint32_t>(out.size()), inputs));
  return out;
}

std::vector<Half> run(const Lowered& made, const std::vector<Half>& inputs, std::int64_t steps) {
  return run_in_turn(made, {inputs}, steps).front();
}

}  // namespace soliton::test
