#include "partition/ir/cpu_part.h"

#include <fmt/format.h>

#include <algorithm>

#include "partition/ir/element_count.h"

namespace soliton {

namespace {

constexpr __int128 kPicosecondsPerSecond = 1'000'000'000'000;

// Rounded up to a picosecond, and cut off at the longest time.
Duration time_at(std::int64_t count, std::int64_t per_second) {
  const __int128 time = (count * kPicosecondsPerSecond + per_second - 1) / per_second;
  return Duration{static_cast<std::int64_t>(std::min<__int128>(time, kLongestTime.count()))};
}

}  // namespace

ir::Shape shape_in(const StreamIn& stream, std::int64_t steps) {
  ir::Shape out = stream.shape;
  std::ranges::replace(out, ir::kOpen, steps);
  return out;
}

ir::Array array_in(const StreamIn& stream, std::int64_t steps) {
  return ir::Array::unknown(stream.type, shape_in(stream, steps));
}

std::string misfit(const StreamCut& cut, const ir::Array& array, std::int64_t steps) {
  const std::int64_t tokens = tokens_in(cut.tokens, steps);
  if (tokens < 1 || array.elements() % tokens != 0)
    return fmt::format("an array {} does not go to FPGAs as {} tokens",
                       ir::shape_text(array.shape()), tokens);
  const std::int64_t width = array.elements() / tokens;
  if (cut.offset < 0 || cut.elements < 1 || cut.offset > width || cut.elements > width - cut.offset)
    return fmt::format("a token of an array {} has {} values, not {} from {} on",
                       ir::shape_text(array.shape()), width, cut.elements, cut.offset);
  return "";
}

std::string broken_rule(const StreamIn& stream) {
  if (!ir::is_real(stream.type)) return "what comes from FPGAs is not an array of real numbers";
  const bool each_step = stream.tokens == 0;
  const std::int64_t tokens = each_step ? 1 : stream.tokens;
  const std::optional<std::int64_t> elements = element_count(shape_in(stream, 1));
  if (!elements || tokens < 1 || *elements % tokens != 0 ||
      std::ranges::count(stream.shape, ir::kOpen) != (each_step ? 1 : 0))
    return fmt::format("an array {} does not come from FPGAs as {} tokens",
                       ir::shape_text(stream.shape), stream.tokens);
  std::vector<StreamSlice> slices = stream.slices;
  std::ranges::sort(slices, {}, &StreamSlice::offset);
  std::int64_t end = 0;
  const std::int64_t width = *elements / tokens;
  for (const StreamSlice& slice : slices) {
    if (slice.offset != end || slice.elements < 1 || slice.elements > width - end) break;
    end += slice.elements;
  }
  if (end != width || slices.empty())
    return fmt::format(
        "the slices of an array {} do not hold each of the {} values of a token once",
        ir::shape_text(stream.shape), width);
  return "";
}

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
