#include "tests/unit/programs/play.h"

#include <gtest/gtest.h>

#include <string_view>

#include "cluster/file/spec.h"
#include "protocol/base/rng.h"

namespace soliton::testing {

Played play(const Shard& shard, std::int64_t steps, const Messages& messages) {
  EXPECT_EQ(check_shard(shard).text(), "");
  Npu npu(shard, ComputeMode::kFunctional);
  npu.begin(RequestId{0}, steps, {kRunStart, {}});
  for (const auto& [port, list] : messages)
    for (const Halves& message : list) npu.deliver(port, to_message(message), {kRunStart, {}});
  EXPECT_TRUE(npu.finished()) << npu.waiting_for();
  Played out;
  out.outputs.resize(shard.out_ports.size());
  while (const auto output = npu.poll_output())
    out.outputs[output->port].push_back(from_message(output->vectors));
  out.stats = npu.stats();
  out.total = npu.free_at() - kRunStart;
  return out;
}

Halves random_halves(std::size_t count, std::uint64_t seed) {
  const Random random(seed, "test halves");
  Halves out(count);
  for (std::size_t i = 0; i < count; ++i)
    out[i] = to_half(static_cast<float>(random.unit(i) - 0.5));
  return out;
}

std::vector<Halves> random_messages(std::size_t count, std::size_t elements, std::uint64_t seed) {
  std::vector<Halves> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back(random_halves(elements, 1000 * seed + i));
  return out;
}

NpuDevice device_named(const std::string& name) {
  const Checked<Device> device =
      read_device(std::string(SOLITON_SOURCE_DIR) + "/configs/devices/" + name + ".yaml",
                  DataRoot{SOLITON_SOURCE_DIR});
  EXPECT_TRUE(device.has_value()) << (device ? "" : device.error().text());
  return device ? device->npu : NpuDevice{};
}

std::uint64_t checksum(const std::vector<Halves>& values) {
  std::uint64_t hash = hash_bytes("");
  for (const Halves& list : values)
    hash =
        hash_bytes({reinterpret_cast<const char*>(list.data()), list.size() * sizeof(Half)}, hash);
  return hash;
}

}  // namespace soliton::testing
