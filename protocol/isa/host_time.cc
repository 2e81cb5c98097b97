#include "protocol/isa/host_time.h"

namespace soliton {
namespace {

constexpr std::int64_t kSymbolBytes = 8;
constexpr std::int64_t kHalfBytes = 2;
constexpr std::int64_t kFloatBytes = 4;

Duration operator_time(const CpuDevice& device, std::int64_t bytes) {
  return sum(device.operator_overhead, transmit_time(Bytes{bytes}, device.memory_rate));
}

}  // namespace

Duration host_time_before(const HostShard& host, std::int64_t steps) {
  if (host.symbols == 0) return Duration{};
  return operator_time(host.device, steps * (kSymbolBytes + 2 * kHalfBytes * host.input));
}

Duration host_time_after(const HostShard& host, std::int64_t steps) {
  if (host.after == HostShard::After::kNone) return Duration{};
  const std::int64_t vectors = host.sequence_output ? steps : 1;
  return operator_time(host.device, vectors * host.output * (kHalfBytes + kFloatBytes));
}

}  // namespace soliton
