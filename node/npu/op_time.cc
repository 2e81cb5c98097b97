#include "node/npu/op_time.h"

#include <algorithm>

#include "node/npu/npu.h"
#include "protocol/base/check.h"

namespace soliton {

Duration run_alone(const Shard& shard, std::int64_t steps, std::uint32_t lanes) {
  Npu npu(shard, ComputeMode::kTiming);
  npu.begin(RequestId{0}, steps, Arrival{}, lanes);
  Instant last = kRunStart;
  const auto drain = [&] {
    while (const std::optional<NpuOutput> output = npu.poll_output())
      last = std::max(last, output->leaves.at);
  };
  drain();
  while (const std::optional<std::uint16_t> port = npu.waiting_port()) {
    npu.deliver(*port, Payload{{}, lanes * shard.in_ports[*port].elements * sizeof(Half)},
                Arrival{});
    drain();
  }
  return last - kRunStart;
}

OpTime op_time(const Shard& shard) {
  // Enough steps that start-up effects vanish in the rounding to a cycle.
  constexpr std::int64_t kWarm = 8;
  constexpr std::int64_t kMeasured = 64;
  return {run_alone(shard, 1),
          (run_alone(shard, kWarm + kMeasured) - run_alone(shard, kWarm)) / kMeasured};
}

}  // namespace soliton
