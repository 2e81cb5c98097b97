#include "tests/unit/published/shipped_runs.h"

#include <gtest/gtest.h>

#include "cluster/file/spec.h"
#include "node/npu/op_time.h"
#include "partition/lower/lower.h"
#include "partition/region/split_rnn.h"
#include "protocol/base/check.h"

namespace soliton::test {

NpuDevice device_named(const std::string& name) {
  const Checked<std::vector<Device>> devices = builtin_devices({SOLITON_SOURCE_DIR});
  SOLITON_CHECK_MSG(devices.has_value(), "{}", devices.error().text());
  for (const Device& device : *devices)
    if (device.name() == name) return device.npu;
  check_failed("the device is shipped", name);
}

Shard shard_of(const RnnOptions& rnn, const NpuDevice& device, const std::string& precision) {
  RnnOptions options = rnn;
  options.with_weights = false;
  options.steps = std::max<std::int64_t>(options.steps, 1);
  const LayerGraph model = split_rnn(options).fpga;
  LowerRequest request;
  request.model = &model;
  request.nodes = {{"fpga0", device}};
  request.stages = {{0, model.layers.size(), {0}, false}};
  request.host = "host0";
  request.precision = precision;
  request.with_weights = false;
  auto lowered = lower(request);
  SOLITON_CHECK_MSG(lowered.has_value(), "{}", lowered.error().message);
  return std::move(lowered->shards.at(0));
}

ShippedRun shipped_run(const std::string& name) {
  const std::string file = std::string(SOLITON_SOURCE_DIR) + "/configs/" + name + ".yaml";
  const Checked<ClusterSpec> spec = read_cluster(file, {}, {SOLITON_SOURCE_DIR});
  SOLITON_CHECK_MSG(spec.has_value(), "{}", spec.error().text());
  RnnOptions counted = *spec->model.rnn;
  counted.with_weights = false;
  const std::int64_t steps = counted.steps;
  ShippedRun run{shard_of(counted, spec->nodes.at(0).device.npu, spec->model.precision), steps, 0};
  run.operations = rnn_operations(counted, steps);
  return run;
}

double cycles_of(const Shard& shard, std::int64_t steps) {
  const double picoseconds = static_cast<double>(run_alone(shard, steps).count());
  return picoseconds * static_cast<double>(shard.device.clock.hertz) / 1e12;
}

}  // namespace soliton::test
