#include "cluster/run/device_facts.h"

#include <algorithm>

namespace soliton {
namespace {

const char* extent_name(Calibration::Extent extent) {
  if (extent == Calibration::kNone) return "uncalibrated";
  return extent == Calibration::kPartly ? "partly" : "calibrated";
}

// From the worst to the best.
int trust(Calibration::Extent extent) {
  if (extent == Calibration::kNone) return 0;
  return extent == Calibration::kPartly ? 1 : 2;
}

}  // namespace

std::optional<CalibrationResult> calibration_of(const std::vector<Shard>& shards) {
  if (shards.empty()) return std::nullopt;
  const auto worst = std::ranges::min_element(
      shards, {}, [](const Shard& shard) { return trust(shard.device.timing.calibrated); });
  CalibrationResult out;
  out.extent = extent_name(worst->device.timing.calibrated);
  if (worst->device.timing.calibrated == Calibration::kNone) return out;
  out.scope = worst->device.timing.scope;
  for (const Shard& shard : shards) {
    const NpuTimingParameters& timing = shard.device.timing;
    if (timing.error_percent)
      out.error_percent = std::max(out.error_percent.value_or(0), *timing.error_percent);
  }
  return out;
}

std::optional<double> energy_of(const std::vector<NodeSpec>& specs,
                                const std::vector<NodeResult>& nodes) {
  std::optional<double> out;
  for (std::size_t i = 0; i < nodes.size() && i < specs.size(); ++i) {
    if (nodes[i].role != "npu") continue;
    const std::optional<double> power = specs[i].device.npu.power;
    if (!power || !nodes[i].busy_per_request) return std::nullopt;
    out = out.value_or(0) + *power * in_us(*nodes[i].busy_per_request);
  }
  return out;
}

}  // namespace soliton
