#include <algorithm>

#include "cluster/spec/files.h"
#include "cluster/spec/parts.h"

namespace soliton {
namespace {

constexpr std::int64_t kVectorsLimit = 1 << 20;
constexpr std::int64_t kCyclesLimit = 1'000'000'000;
// Up to this many lanes a sum of products of 7-bit mantissas is an exact fp32 number (numerics,
// section 3).
constexpr std::int64_t kNativeDimLimit = 1'040;

// A format by its name, or one that the entry defines.
bool read_format(MapReader& entry, const YamlValue& value, const std::vector<NpuFormat>& defined,
                 NumberFormat& out) {
  if (defines_format(value)) {
    if (!read_format_definition(entry, out)) return false;
    const NpuFormat* other = find_format(defined, out.name);
    if (other == nullptr || other->format == out) return true;
    return entry.error("name", fmt::format("\"{}\" is defined otherwise by the cluster's formats",
                                           out.name)),
           false;
  }
  std::string name;
  if (entry.require("name") == nullptr || !entry.text("name", name)) return false;
  const Result<NumberFormat> format = resolve_format(name, defined);
  if (!format) return entry.error("name", format.error().message), false;
  if (const Status supported = check_multiplies(*format); !supported)
    return entry.error("name", supported.error().message), false;
  out = *format;
  return true;
}

void read_formats(MapReader& device, const std::string& label,
                  const std::vector<NpuFormat>& defined, std::vector<NpuFormat>& out) {
  const YamlValue* list = device.require("formats");
  if (list == nullptr) return;
  if (list->kind != YamlValue::Kind::kList || list->items.empty())
    return device.error("formats",
                        "must be a list of {name, beats_per_tile}, the native one first");
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    MapReader entry(device.context(), list->items[i], "device_format",
                    fmt::format("{}formats[{}]", label, i));
    NpuFormat format;
    const bool good = read_format(entry, list->items[i], defined, format.format);
    entry.require("beats_per_tile");
    entry.integer("beats_per_tile", format.beats_per_tile, 1, 1 << 20);
    entry.finish("for a format that is defined elsewhere; give it an element");
    if (good && find_format(out, format.format.name) != nullptr)
      entry.error("name", fmt::format("\"{}\" stands here twice", format.format.name));
    out.push_back(std::move(format));
  }
}

void read_vector_registers(MapReader& device, const std::string& label, NpuDevice& out) {
  const YamlValue* value = device.find("vector_registers");
  if (value == nullptr) return;
  MapReader map(device.context(), *value, "vector_registers", label + "vector_registers");
  map.integer("initial", out.initial_vrf, 1, kVectorsLimit);
  map.integer("add_sub_0", out.add_sub_vrf_0, 1, kVectorsLimit);
  map.integer("add_sub_1", out.add_sub_vrf_1, 1, kVectorsLimit);
  map.integer("multiply", out.multiply_vrf, 1, kVectorsLimit);
  map.finish();
}

void read_timing(MapReader& device, const std::string& label, NpuTimingParameters& out) {
  const YamlValue* value = device.find("timing");
  if (value == nullptr) return;
  MapReader map(device.context(), *value, "device_timing", label + "timing");
  map.integer("dispatch_cycles", out.dispatch_cycles, 1, kCyclesLimit);
  map.integer("depth_cycles", out.depth_cycles, 1, kCyclesLimit);
  map.integer("vector_cycles", out.vector_cycles, 1, kCyclesLimit);
  map.integer("request_cycles", out.request_cycles, 0, kCyclesLimit);
  map.flag("calibrated", out.calibrated);
  map.text("source", out.source);
  map.finish();
}

void read_npu(MapReader& map, const std::string& label, const std::vector<NpuFormat>& defined,
              NpuDevice& out) {
  const Bytes dram_limit{std::int64_t{1} << 44};
  for (const char* key :
       {"name", "clock", "tile_engines", "lanes", "native_dimension", "matrix_registers"})
    map.require(key);
  map.name("name", out.name);
  map.text("description", out.description);
  map.text("source", out.source);
  map.quantity("clock", out.clock, parse_frequency, Frequency{1'000'000},
               Frequency{10'000'000'000});
  map.integer_as("tile_engines", out.tile_engines, 1, 1'024);
  map.integer_as("lanes", out.lanes, 1, kNativeDimLimit);
  map.integer_as("native_dimension", out.native_dim, 1, kNativeDimLimit);
  map.integer_as("multifunction_units", out.multifunction_units, 1, 16);
  map.integer("matrix_registers", out.matrix_rf_tiles, 1, 1 << 20);
  read_vector_registers(map, label, out);
  map.integer("instruction_words", out.instruction_words, 1, 1 << 30);
  map.bytes("dram", out.dram, Bytes{0}, dram_limit);
  map.bit_rate("dram_bandwidth", out.dram_rate);
  map.bit_rate("network_bandwidth", out.network_rate);
  read_formats(map, label, defined, out.formats);
  read_timing(map, label, out.timing);
}

void read_cpu(MapReader& map, CpuDevice& out) {
  map.require("name");
  map.name("name", out.name);
  map.text("description", out.description);
  map.text("source", out.source);
  map.duration("operator_overhead", out.operator_overhead, Duration{0}, milliseconds(1'000));
  map.bit_rate("memory_bandwidth", out.memory_rate);
}

}  // namespace

void read_device_map(ReadContext& context, const YamlValue& value, const std::string& label,
                     const std::vector<NpuFormat>& defined, Device& out) {
  MapReader map(context, value, "device", label);
  if (!map.is_map()) return;
  map.choice("kind", out.kind,
             Choices<Device::Kind>{{"npu", Device::Kind::kNpu}, {"cpu", Device::Kind::kCpu}});
  const bool is_npu = out.kind == Device::Kind::kNpu;
  if (is_npu)
    read_npu(map, label.empty() ? "" : label + ".", defined, out.npu);
  else
    read_cpu(map, out.cpu);
  map.finish(is_npu ? "for a device of kind npu" : "for a device of kind cpu");
}

Checked<Device> read_device(const std::string& file) {
  const Result<std::string> text = read_text_file(file, kYamlBytesLimit);
  if (!text) return tl::unexpected<Diagnostics>(Diagnostics{{text.error()}});
  const Checked<YamlValue> tree = parse_yaml(*text, file);
  if (!tree) return tl::unexpected<Diagnostics>(tree.error());
  ReadContext context(file, {});
  Device device;
  read_device_map(context, *tree, "", {}, device);
  if (context.failed()) return tl::unexpected<Diagnostics>(context.take());
  return device;
}

DeviceLibrary::DeviceLibrary(const DataRoot& data)
    : folder_(resolve_path(data.path, "configs/devices")), names_(yaml_stems(folder_)) {}

bool DeviceLibrary::has(const std::string& name) const {
  return std::binary_search(names_.begin(), names_.end(), name);
}

std::string DeviceLibrary::path_of(const std::string& name) const {
  return folder_ + "/" + name + ".yaml";
}

const Checked<Device>& DeviceLibrary::file(const std::string& path) {
  const auto at = read_.find(path);
  if (at != read_.end()) return at->second;
  return read_.emplace(path, read_device(path)).first->second;
}

Checked<std::vector<Device>> builtin_devices(const DataRoot& data) {
  DeviceLibrary library(data);
  std::vector<Device> devices;
  Diagnostics problems;
  for (const std::string& name : library.names()) {
    const Checked<Device>& device = library.file(library.path_of(name));
    if (device)
      devices.push_back(*device);
    else
      problems.append(device.error());
  }
  if (library.names().empty())
    problems.add(ErrorCode::kEnvironment,
                 fmt::format("no device files in \"{}/configs/devices\"", data.path));
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  return devices;
}

}  // namespace soliton
