#include "cluster/file/device_list.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cluster/file/parts.h"
#include "protocol/base/text_table.h"
#include "protocol/isa/shard.h"
#include "protocol/json/json.h"

namespace soliton {
namespace {

constexpr double kTera = 1e12;

// "17.6 MiB"
std::string short_size(Bytes size) {
  if (size.count == 0) return "none";
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  auto value = static_cast<double>(size.count);
  std::size_t unit = 0;
  for (; value >= 1024 && unit + 1 < std::size(kUnits); ++unit) value /= 1024;
  return fmt::format("{:.3g} {}", value, kUnits[unit]);
}

std::string dram_words(const NpuDevice& npu) {
  const std::string size = short_size(npu.dram);
  if (npu.dram.count == 0 || npu.dram_rate.bits_per_second == 0) return size;
  return fmt::format("{} at {:.4g} GB/s", size,
                     static_cast<double>(npu.dram_rate.bits_per_second) / 8e9);
}

std::string peaks_words(const NpuDevice& npu) {
  std::vector<std::string> peaks;
  for (const NpuFormat& format : npu.formats)
    peaks.push_back(fmt::format("{} {:.3g}", format.format.name,
                                npu.peak_ops_per_second(format.beats_per_tile) / kTera));
  std::string out = fmt::format("{}", fmt::join(peaks, ", "));
  peaks.clear();
  for (const PublishedPeak& peak : npu.published_peaks)
    peaks.push_back(fmt::format("{} {:.3g}", peak.format, peak.tops));
  if (!peaks.empty()) out += fmt::format("; published {}", fmt::join(peaks, ", "));
  return out;
}

std::string calibration_words(const NpuTimingParameters& timing) {
  if (timing.calibrated == Calibration::kNone) return "not calibrated";
  return timing.calibrated == Calibration::kPartly ? "calibrated partly" : "calibrated";
}

TextRow npu_row(const NpuDevice& npu) {
  return {npu.name,
          fmt::format("{:.3g} TOPS", npu.peak_ops_per_second() / kTera),
          fmt::format("{} in {}", short_size(matrix_memory(npu)), npu.formats.front().format.name),
          short_size(vector_memory(npu)),
          dram_words(npu),
          calibration_words(npu.timing),
          npu.description,
          npu.source,
          peaks_words(npu),
          function_names(npu.functions)};
}

TextRow cpu_row(const CpuDevice& cpu) {
  return {
      cpu.name,
      "host",
      "-",
      "-",
      short_size(Bytes{}),
      "chosen",
      cpu.description,
      cpu.source,
      fmt::format("{} an operator and its bytes at {:.3g} GB/s", to_string(cpu.operator_overhead),
                  static_cast<double>(cpu.memory_rate.bits_per_second) / 8e9)};
}

Json formats_json(const NpuDevice& npu) {
  Json out = Json::array();
  for (const NpuFormat& format : npu.formats)
    out.push_back({{"name", format.format.name},
                   {"beats_per_tile", format.beats_per_tile},
                   {"peak_tops", npu.peak_ops_per_second(format.beats_per_tile) / kTera},
                   {"matrix_tiles", tiles_that_fit(npu, format.format)}});
  return out;
}

Json timing_json(const NpuTimingParameters& timing) {
  Json out = Json::object();
  for (const auto& [key, value] : collect(kTimingFields, &timing)) {
    const Field& field = *kTimingFields.find(key);
    if (field.type == FieldType::kInteger)
      out[key] = value.number();
    else if (field.type == FieldType::kFlag && value.number() <= 1)
      out[key] = value.number() != 0;
    else if (field.type == FieldType::kReal)
      out[key] = std::get<double>(value.value);
    else
      out[key] = spell_value(field, value);
  }
  return out;
}

Json memory_json(const NpuDevice& npu) {
  return {{"matrix_bytes", matrix_memory(npu).count},
          {"matrix_tiles", npu.matrix_rf_tiles},
          {"vector_bytes", vector_memory(npu).count},
          {"initial_vectors", npu.initial_vrf},
          {"add_sub_0_vectors", npu.add_sub_vrf_0},
          {"add_sub_1_vectors", npu.add_sub_vrf_1},
          {"multiply_vectors", npu.multiply_vrf},
          {"instruction_words", npu.instruction_words},
          {"dram_bytes", npu.dram.count},
          {"dram_bytes_per_second", npu.dram_rate.bits_per_second / 8}};
}

Json functions_json(const NpuDevice& npu) {
  Json out = Json::array();
  for (const NpuFunction function : npu.functions)
    out.push_back(std::string(function_row(function).name));
  return out;
}

Json npu_json(const NpuDevice& npu) {
  Json published = Json::object();
  for (const PublishedPeak& peak : npu.published_peaks) published[peak.format] = peak.tops;
  return {{"name", npu.name},
          {"kind", "npu"},
          {"description", npu.description},
          {"source", npu.source},
          {"clock_hz", npu.clock.hertz},
          {"tile_engines", npu.tile_engines},
          {"lanes", npu.lanes},
          {"native_dimension", npu.native_dim},
          {"batch_lanes", npu.batch_lanes},
          {"multifunction_units", npu.multifunction_units},
          {"functions", functions_json(npu)},
          {"cell_programs", spelling(kCellPrograms, npu.cell_programs)},
          {"peak_tops", npu.peak_ops_per_second() / kTera},
          {"formats", formats_json(npu)},
          {"published_peak_tops", published},
          {"memory", memory_json(npu)},
          {"network_bits_per_second",
           npu.network_rate.bits_per_second > 0 ? Json(npu.network_rate.bits_per_second) : Json()},
          {"timing", timing_json(npu.timing)}};
}

Json cpu_json(const CpuDevice& cpu) {
  return {{"name", cpu.name},
          {"kind", "cpu"},
          {"description", cpu.description},
          {"source", cpu.source},
          {"operator_overhead_ps", cpu.operator_overhead.count()},
          {"memory_bytes_per_second", cpu.memory_rate.bits_per_second / 8},
          {"operations_per_second", cpu.operation_rate.per_second}};
}

}  // namespace

Bytes matrix_memory(const NpuDevice& npu) {
  return Bytes{npu.matrix_rf_tiles * tile_bits(npu.formats.front().format, npu.native_dim) / 8};
}

Bytes vector_memory(const NpuDevice& npu) {
  const std::int64_t vectors =
      npu.initial_vrf + npu.add_sub_vrf_0 + npu.add_sub_vrf_1 + npu.multiply_vrf;
  return Bytes{vectors * npu.native_dim * static_cast<std::int64_t>(sizeof(Half))};
}

std::string device_table(const std::vector<Device>& devices) {
  std::vector<TextRow> rows{{"device", "peak", "weights", "vectors", "DRAM", "timing", "what it is",
                             "source", "TOPS in each format", "functions"}};
  for (const Device& device : devices)
    rows.push_back(device.kind == Device::Kind::kNpu ? npu_row(device.npu) : cpu_row(device.cpu));
  return text_table(rows);
}

std::string devices_json(const std::vector<Device>& devices) {
  Json out = Json::array();
  for (const Device& device : devices)
    out.push_back(device.kind == Device::Kind::kNpu ? npu_json(device.npu) : cpu_json(device.cpu));
  return json_text(out, JsonLayout::kIndented) + "\n";
}

}  // namespace soliton
