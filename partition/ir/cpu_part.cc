#include "partition/ir/cpu_part.h"

#include <algorithm>

namespace soliton {

namespace {

constexpr __int128 kPicosecondsPerSecond = 1'000'000'000'000;

// Rounded up to a picosecond, and cut off at the longest time.
Duration time_at(std::int64_t count, std::int64_t per_second) {
  const __int128 time = (count * kPicosecondsPerSecond + per_second - 1) / per_second;
  return Duration{static_cast<std::int64_t>(std::min<__int128>(time, kLongestTime.count()))};
}

}  // namespace

Duration cpu_time(const CpuDevice& device, const ir::Work& work, std::int64_t bytes) {
  const Duration arithmetic =
      time_at(2 * work.multiply_adds + work.operations, device.operation_rate.per_second);
  const Duration memory = transmit_time(Bytes{bytes}, device.memory_rate);
  return sum(device.operator_overhead, std::max(arithmetic, memory));
}

Duration cpu_time(const CpuDevice& device, const ir::Operator& op, const ir::Call& call,
                  const ir::Outputs& outputs) {
  std::int64_t bytes = 0;
  for (const ir::Array& input : call.inputs) bytes += input.bytes();
  for (const ir::Array& output : outputs) bytes += output.bytes();
  return cpu_time(device, work_of(op, call, outputs), bytes);
}

}  // namespace soliton
