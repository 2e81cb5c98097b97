#include <algorithm>
#include <chrono>

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
  // Stops in the middle of a request when `given_up` is true.
  Bench(const Shard& shard, const HostShard& host, const std::atomic<bool>& given_up)
      : shard_(shard), host_(host), npu_(shard, ComputeMode::kFunctional), given_up_(given_up) {
    npu_.give_up_when(given_up);
  }

  // nullopt: it was given up, and the object must not be used again.
  std::optional<std::vector<float>> answer(std::uint32_t number, const RequestInput& input) {
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
        if (given_up_) return std::nullopt;
      }
    drain();
    if (given_up_) return std::nullopt;
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
  const std::atomic<bool>& given_up_;
  Instant now_{};
  std::vector<std::vector<Payload>> replies_;
};

constexpr auto kAskEvery = std::chrono::milliseconds(10);

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
  {
    const std::lock_guard lock(mutex_);
    closing_ = given_up_ = true;
    changed_.notify_all();
  }
  if (thread_.joinable()) thread_.join();
}

std::optional<std::uint32_t> Reference::next(std::unique_lock<std::mutex>& lock) {
  for (;;) {
    if (closing_) return std::nullopt;
    if (!wanted_ && ahead_ < requests_) {
      const auto request = static_cast<std::uint32_t>(ahead_);
      ahead_ += every_;
      return request;
    }
    while (wanted_ && !wanted_->empty()) {
      const std::uint32_t request = wanted_->back();
      wanted_->pop_back();
      if (outputs_[request].empty()) return request;
    }
    changed_.notify_all();
    if (wanted_) return std::nullopt;
    changed_.wait(lock);
  }
}

void Reference::run() {
  try {
    answer_requests();
  } catch (...) {
    const std::lock_guard lock(mutex_);
    thrown_ = std::current_exception();
    changed_.notify_all();
  }
}

void Reference::answer_requests() {
  std::optional<Bench> bench;
  std::unique_lock lock(mutex_);
  while ((current_ = next(lock))) {
    given_up_ = false;
    const std::uint32_t request = *current_;
    lock.unlock();
    if (!bench) bench.emplace(shard_, host_, given_up_);
    std::optional<std::vector<float>> output =
        bench->answer(request, inputs_.request(request, host_));
    if (!output) bench.reset();  // it is in the middle of the request
    lock.lock();
    if (output && !closing_) outputs_[request] = std::move(*output);
  }
}

bool Reference::finish(const std::vector<std::uint32_t>& answered,
                       const std::function<bool()>& stop) {
  if (!thread_.joinable()) return true;
  std::unique_lock lock(mutex_);
  wanted_.emplace();
  for (const std::uint32_t request : answered)
    if (request % every_ == 0 && request < requests_) wanted_->push_back(request);
  std::sort(wanted_->begin(), wanted_->end(), std::greater<>{});
  if (current_ &&
      !std::binary_search(wanted_->begin(), wanted_->end(), *current_, std::greater<>{}))
    given_up_ = true;
  changed_.notify_all();
  const auto done = [this] { return thrown_ || (wanted_->empty() && !current_); };
  while (!done()) {
    changed_.wait_for(lock, kAskEvery);
    if (done() || !stop) continue;
    lock.unlock();
    const bool stopped = stop();
    lock.lock();
    if (!stopped) continue;
    closing_ = given_up_ = true;
    return false;
  }
  if (thrown_) std::rethrow_exception(thrown_);
  return true;
}

}  // namespace soliton
