#include "node/host/host_work.h"

#include <algorithm>
#include <cstring>

#include "protocol/base/check.h"
#include "protocol/base/rng.h"
#include "protocol/math/math.h"

namespace soliton {
namespace {

RequestInput random_input(std::uint64_t seed, std::uint32_t number, std::int64_t steps,
                          const HostShard& shard) {
  const Random random = Random(seed, "input").child(number);
  RequestInput input;
  input.steps = steps;
  const auto count = static_cast<std::uint64_t>(steps);
  if (shard.symbols > 0) {
    for (std::uint64_t i = 0; i < count; ++i)
      input.symbols.push_back(
          static_cast<std::int32_t>(random.below(i, static_cast<std::uint64_t>(shard.symbols))));
    return input;
  }
  input.values.resize(count * static_cast<std::uint64_t>(shard.input));
  for (std::uint64_t i = 0; i < input.values.size(); ++i)
    input.values[i] = static_cast<float>(2.0 * random.unit(i) - 1.0);
  return input;
}

// log(sum(exp)) shifted by the largest value, in double precision.
void log_softmax(std::span<float> values, bool exponentiate) {
  const double top = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const float value : values) sum += math::exp(value - top);
  const double shift = top + math::log(sum);
  for (float& value : values) {
    const double log_share = value - shift;
    value = static_cast<float>(exponentiate ? math::exp(log_share) : log_share);
  }
}

}  // namespace

std::int64_t InputSource::steps(std::uint32_t number) const {
  return given.empty() ? random_steps : given[number % given.size()].steps;
}

RequestInput InputSource::request(std::uint32_t number, const HostShard& shard) const {
  return given.empty() ? random_input(seed, number, random_steps, shard)
                       : given[number % given.size()];
}

std::vector<Half> before(const HostShard& shard, const RequestInput& input) {
  std::vector<Half> out;
  if (shard.symbols == 0) {
    for (const float value : input.values) out.push_back(to_half(value));
    return out;
  }
  const auto width = static_cast<std::size_t>(shard.input);
  for (const std::int32_t symbol : input.symbols) {
    const std::size_t row =
        symbol >= 0 && symbol < shard.symbols ? static_cast<std::size_t>(symbol) : 0;
    out.insert(out.end(), shard.table.begin() + static_cast<std::ptrdiff_t>(row * width),
               shard.table.begin() + static_cast<std::ptrdiff_t>((row + 1) * width));
  }
  return out;
}

std::vector<Half> assemble(const HostShard& shard, std::int64_t steps,
                           const std::vector<std::vector<Payload>>& replies) {
  const std::size_t vectors = shard.sequence_output ? static_cast<std::size_t>(steps) : 1;
  const auto width = static_cast<std::size_t>(shard.output);
  std::vector<Half> outputs(vectors * width);
  for (std::size_t port = 0; port < shard.replies.size(); ++port) {
    const HostShard::ReplyPort& reply = shard.replies[port];
    SOLITON_CHECK_MSG(replies[port].size() == vectors,
                      "reply port {} has {} messages in place of {}", port, replies[port].size(),
                      vectors);
    for (std::size_t i = 0; i < vectors; ++i) {
      const std::size_t step = reply.reversed ? vectors - 1 - i : i;
      const std::vector<std::byte>& bytes = replies[port][i].bytes;
      SOLITON_CHECK_MSG(bytes.size() == 2 * reply.elements,
                        "a reply has {} bytes, which is not its number of fp16 values",
                        bytes.size());
      std::memcpy(outputs.data() + step * width + reply.offset, bytes.data(), bytes.size());
    }
  }
  return outputs;
}

std::vector<float> after(const HostShard& shard, std::span<const Half> outputs) {
  std::vector<float> out(outputs.size());
  std::transform(outputs.begin(), outputs.end(), out.begin(), to_float);
  if (shard.after == HostShard::After::kNone) return out;
  const auto width = static_cast<std::size_t>(shard.output);
  SOLITON_CHECK(width > 0 && out.size() % width == 0);
  for (std::size_t first = 0; first < out.size(); first += width)
    log_softmax(std::span(out).subspan(first, width), shard.after == HostShard::After::kSoftmax);
  return out;
}

}  // namespace soliton
