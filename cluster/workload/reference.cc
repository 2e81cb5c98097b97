#include <algorithm>

#include "cluster/workload/workload.h"
#include "node/npu/npu.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

Payload vector_payload(std::span<const Half> values) {
  Payload out;
  out.append(std::as_bytes(values));
  return out;
}

// One request on one device: inputs straight into the NPU's queues, outputs straight out, loop
// backs in between.
class Bench {
 public:
  Bench(const Shard& shard, const HostShard& host)
      : shard_(shard), host_(host), npu_(shard, ComputeMode::kFunctional) {}

  std::vector<float> answer(std::uint32_t number, const RequestInput& input) {
    const std::vector<Half> vectors = before(host_, input);
    const auto width = static_cast<std::size_t>(host_.input);
    npu_.begin(RequestId{number}, input.steps, Arrival{now_, {}});
    replies_.assign(host_.replies.size(), {});
    for (std::int64_t step = 0; step < input.steps; ++step)
      for (const HostShard::StepPort& port : host_.inputs) {
        const auto from = static_cast<std::size_t>(port.reversed ? input.steps - 1 - step : step);
        for (const OutPort::Destination& destination : port.destinations)
          npu_.deliver(destination.port,
                       vector_payload(std::span(vectors).subspan(from * width, width)),
                       Arrival{now_, {}});
        drain();
      }
    drain();
    SOLITON_CHECK_MSG(npu_.finished(), "the unsharded run waits for {}", npu_.waiting_for());
    now_ = npu_.free_at();
    return after(host_, assemble(host_, input.steps, replies_));
  }

 private:
  void drain() {
    while (std::optional<NpuOutput> output = npu_.poll_output())
      for (const OutPort::Destination& destination : shard_.out_ports[output->port].destinations) {
        if (destination.peer == shard_.node)
          npu_.deliver(destination.port, output->vectors, output->leaves);
        else
          replies_[destination.port].push_back(output->vectors);
      }
  }

  const Shard& shard_;
  const HostShard& host_;
  Npu npu_;
  Instant now_{};
  std::vector<std::vector<Payload>> replies_;
};

}  // namespace

Reference::Reference(const Shard& shard, const HostShard& host, const InputSource& inputs,
                     std::uint32_t requests, std::uint32_t functional_every)
    : shard_(shard),
      host_(host),
      inputs_(inputs),
      requests_(requests),
      every_(functional_every),
      outputs_(requests) {
  if (every_ != 0) thread_ = std::thread([this] { run(); });
}

Reference::~Reference() {
  stop_ = true;
  if (thread_.joinable()) thread_.join();
}

void Reference::run() {
  try {
    Bench bench(shard_, host_);
    for (std::uint32_t request = 0; request < requests_ && !stop_; request += every_)
      outputs_[request] = bench.answer(request, inputs_.request(request, host_));
  } catch (...) {
    thrown_ = std::current_exception();
  }
}

const std::vector<std::vector<float>>& Reference::outputs() {
  if (thread_.joinable()) thread_.join();
  if (thrown_) std::rethrow_exception(thrown_);
  return outputs_;
}

}  // namespace soliton
