#include <algorithm>
#include <array>

#include "cluster/file/parts.h"
#include "cluster/file/yaml_file.h"
#include "cluster/yaml/files.h"

namespace soliton {
namespace {

// A format by its name, or one that the entry defines.
bool read_format(MapReader& entry, const YamlValue& value, const std::vector<NpuFormat>& defined,
                 NumberFormat& out) {
  if (defines_format(value)) {
    if (!read_format_definition(entry, out)) return false;
    const NpuFormat* other = find_format(defined, out.name);
    if (other == nullptr || other->format == out) return true;
    return entry.error("name", fmt::format("\"{}\" is defined differently in the cluster's formats",
                                           out.name)),
           false;
  }
  const YamlValue* name = entry.require("name") != nullptr ? entry.scalar("name") : nullptr;
  if (name == nullptr) return false;
  const Result<NumberFormat> format = resolve_format(name->text, defined);
  if (!format) return entry.error("name", format.error().message), false;
  if (const Status supported = check_multiplies(*format); !supported)
    return entry.error("name", supported.error().message), false;
  out = *format;
  return true;
}

constexpr std::int64_t ceil_div(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

// The lanes are built for the native format, whose tiles take N / L beats: wider elements take as
// many times more, narrower ones as many.
std::int64_t beats_by_width(const NpuDevice& npu, const NumberFormat& format) {
  if (npu.formats.empty()) return ceil_div(npu.native_dim, npu.lanes);
  const NpuFormat& native = npu.formats.front();
  return std::max(native.beats_per_tile, ceil_div(native.beats_per_tile * format.element_bits(),
                                                  native.format.element_bits()));
}

void read_formats(MapReader& device, const std::string& label,
                  const std::vector<NpuFormat>& defined, NpuDevice& npu) {
  std::vector<NpuFormat>& out = npu.formats;
  const YamlValue* list = out.empty() ? device.require("formats") : device.find("formats");
  if (list == nullptr) return;
  out.clear();
  if (list->kind != YamlValue::Kind::kList || list->items.empty())
    return device.error("formats",
                        "must be a list of {name, beats_per_tile}, the native one first");
  for (std::size_t i = 0; i < list->items.size(); ++i) {
    MapReader entry(device.context(), list->items[i], kDeviceFormatFields,
                    fmt::format("{}formats[{}]", label, i));
    NpuFormat format;
    const bool good = read_format(entry, list->items[i], defined, format.format);
    format.beats_per_tile = beats_by_width(npu, format.format);
    if (const auto beats = read_value(entry, "beats_per_tile"))
      format.beats_per_tile = beats->number();
    entry.finish("for a format that is defined elsewhere; give it an element");
    if (good && find_format(out, format.format.name) != nullptr)
      entry.error("name", fmt::format("\"{}\" is listed twice", format.format.name));
    out.push_back(std::move(format));
  }
}

// A tile of another shape, or more lanes for the same one: every format's beats go with N / L.
void scale_beats(const NpuDevice& base, NpuDevice& out) {
  for (NpuFormat& format : out.formats)
    format.beats_per_tile = ceil_div(format.beats_per_tile * base.lanes * out.native_dim,
                                     std::int64_t{base.native_dim} * out.lanes);
}

// Measurements of a device do not hold for a changed one.
void forget_measurements(MapReader& map, NpuDevice& out) {
  constexpr std::array kTimeless{"tile_engines",  "lanes",       "native_dimension",
                                 "clock",         "batch_lanes", "multifunction_units",
                                 "cell_programs", "functions",   "formats",
                                 "timing",        "cores",       "host_bandwidth"};
  const bool changed = std::any_of(kTimeless.begin(), kTimeless.end(),
                                   [&](const char* key) { return map.find(key) != nullptr; });
  if (!changed) return;
  out.timing.calibrated = false;
  out.published_peaks.clear();
}

void read_npu(MapReader& map, const std::string& label, bool has_base,
              const std::vector<NpuFormat>& defined, NpuDevice& out) {
  const NpuDevice base = out;
  if (has_base) forget_measurements(map, out);
  read_fields(map, kNpuFields, &out, has_base ? Needed::kNone : Needed::kAll);
  if (has_base) scale_beats(base, out);
  read_formats(map, label, defined, out);
}

// Starts from the device `base` names, under a name that cannot be mistaken for it.
bool take_base(MapReader& map, const DeviceBase& base, Device& out) {
  const YamlValue* value = map.find("base");
  if (value == nullptr) return false;
  if (value->kind != YamlValue::Kind::kScalar)
    return map.error("base", "must be a built-in device or a file"), false;
  const Device* found = base(*value);
  if (found == nullptr) return false;
  out = *found;
  const std::string name = out.name() + "-changed";
  const std::string source = fmt::format("{}, changed", out.name());
  if (out.kind == Device::Kind::kNpu)
    out.npu.name = name, out.npu.source = source;
  else
    out.cpu.name = name, out.cpu.source = source;
  return true;
}

}  // namespace

void read_device_map(ReadContext& context, const YamlValue& value, const std::string& label,
                     const DeviceBase& base, const std::vector<NpuFormat>& defined, Device& out) {
  MapReader map(context, value, kDeviceFields, label);
  if (!map.is_map()) return;
  const bool names_base = map.find("base") != nullptr;
  const bool has_base = take_base(map, base, out);
  // Without the base everything it would have brought would be reported as missing.
  if (names_base && !has_base) return;
  Device::Kind kind = out.kind;
  if (const auto said = read_value(map, "kind")) kind = static_cast<Device::Kind>(said->number());
  if (has_base && kind != out.kind)
    map.error("kind", fmt::format("the base is of kind {}", spelling(kDeviceKinds, out.kind)));
  if (!has_base) out.kind = kind;
  const bool is_npu = out.kind == Device::Kind::kNpu;
  if (is_npu)
    read_npu(map, label.empty() ? "" : label + ".", has_base, defined, out.npu);
  else
    read_fields(map, kCpuFields, &out.cpu, has_base ? Needed::kNone : Needed::kAll);
  map.finish(is_npu ? "for a device of kind npu" : "for a device of kind cpu");
}

Checked<Device> read_device(const std::string& file, const DataRoot& data) {
  FilesRead files;
  DeviceLibrary library(data, files);
  return library.file(file);
}

Checked<Device> read_device(const YamlFile& yaml, const DataRoot& data) {
  FilesRead files;
  return DeviceLibrary(data, files).read(yaml);
}

DeviceLibrary::DeviceLibrary(const DataRoot& data, FilesRead& files)
    : data_(data),
      files_(files),
      folder_(resolve_path(data.path, "configs/devices")),
      names_(yaml_stems(folder_)) {}

bool DeviceLibrary::has(const std::string& name) const {
  return std::binary_search(names_.begin(), names_.end(), name);
}

std::string DeviceLibrary::path_of(const std::string& name) const {
  return folder_ + "/" + name + ".yaml";
}

const Checked<Device>& DeviceLibrary::file(const std::string& path) {
  const auto [at, fresh] = read_.try_emplace(
      path, tl::unexpected<Diagnostics>(Diagnostics{{Error{
                ErrorCode::kInvalid, fmt::format("{}: builds on itself", printable(path))}}}));
  if (!fresh) return at->second;
  files_.note(path);
  const Checked<YamlFile> yaml = read_yaml(path);
  Checked<Device> device = yaml ? read(*yaml) : tl::unexpected<Diagnostics>(yaml.error());
  // Reading may have added the devices it builds on.
  return read_.at(path) = std::move(device);
}

Checked<Device> DeviceLibrary::read(const YamlFile& yaml) {
  if (Diagnostics wrong = refuse_other_kind(yaml, FileKind::kDevice); !wrong.empty())
    return tl::unexpected<Diagnostics>(std::move(wrong));
  ReadContext context(yaml.file, {});
  const DeviceBase base = [&](const YamlValue& value) {
    return named(context, value, folder_of(yaml.file));
  };
  Device device;
  read_device_map(context, yaml.root, "", base, {}, device);
  if (context.failed()) return tl::unexpected<Diagnostics>(context.take());
  return device;
}

const Device* DeviceLibrary::named(ReadContext& context, const YamlValue& value,
                                   const std::string& folder) {
  const std::string& text = value.text;
  if (!is_path(text) && !has(text)) {
    const std::string near = context.wants_more() ? suggestion(text, names_) : "";
    context.error(value.mark, fmt::format("no device called \"{}\"{} (soliton list devices)",
                                          printable(text), near));
    return nullptr;
  }
  const std::string path = is_path(text) ? seen_from(folder, text) : path_of(text);
  if (!is_regular_file(path)) return context.error(value.mark, explain_missing_file(path)), nullptr;
  const Checked<Device>& device = file(path);
  if (device) return &*device;
  return context.include(value.mark, device.error()), nullptr;
}

std::string DeviceLibrary::seen_from(const std::string& folder, const std::string& path) const {
  const std::string beside = resolve_path(folder, path);
  const std::string shipped = resolve_path(data_.path, path);
  return !is_regular_file(beside) && is_regular_file(shipped) ? shipped : beside;
}

Checked<std::vector<Device>> builtin_devices(const DataRoot& data) {
  FilesRead files;
  DeviceLibrary library(data, files);
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
