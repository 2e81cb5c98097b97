#include "cluster/file/listing.h"

#include <algorithm>
#include <filesystem>

#include "cluster/file/device_list.h"
#include "cluster/file/fault_profiles.h"
#include "cluster/file/parts.h"
#include "cluster/yaml/files.h"
#include "fabric/faults/fault_kind.h"
#include "node/traffic/traffic_kind.h"
#include "protocol/base/text_table.h"

namespace soliton {
namespace {

// The first line of the comment a file opens with, without its "# ". The line that tells editors
// the schema comes before it.
std::string opening_comment(const std::string& path) {
  const Result<std::string> text = read_text_file(path, kYamlBytesLimit);
  if (!text) return "";
  std::string_view rest(*text);
  if (rest.starts_with("# yaml-language-server:"))
    rest.remove_prefix(std::min(rest.find('\n') + 1, rest.size()));
  if (!rest.starts_with('#')) return "";
  const std::string line(rest.substr(0, rest.find('\n')));
  const std::size_t start = line.find_first_not_of("# ");
  return start == std::string::npos ? "" : printable(line.substr(start));
}

bool is_cluster_file(const std::filesystem::path& below_configs) {
  const std::string top = below_configs.begin()->string();
  return below_configs.extension() == ".yaml" && top != "devices" && top != "models" &&
         top != "experiments";
}

}  // namespace

Checked<std::string> list_devices(const DataRoot& data, bool json) {
  const Checked<std::vector<Device>> devices = builtin_devices(data);
  if (!devices) return tl::unexpected<Diagnostics>(devices.error());
  return json ? devices_json(*devices) : device_table(*devices);
}

Checked<std::string> list_topologies(const DataRoot& data) {
  const std::string folder = resolve_path(data.path, "topologies");
  std::vector<TextRow> rows;
  Diagnostics problems;
  for (const std::string& name : yaml_stems(folder)) {
    Checked<TopologySpec> spec = read_topology_file(folder + "/" + name + ".yaml");
    if (spec)
      rows.push_back({name, find_topology_kind(spec->kind)->summary(*spec)});
    else
      problems.append(std::move(spec.error()));
  }
  if (rows.empty() && problems.empty())
    problems.add(ErrorCode::kEnvironment, fmt::format("no topology files in \"{}\"", folder));
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  return text_table(rows);
}

Checked<std::string> list_configs(const DataRoot& data) {
  namespace fs = std::filesystem;
  const fs::path root = resolve_path(data.path, "configs");
  std::vector<TextRow> rows;
  std::error_code problem;
  for (fs::recursive_directory_iterator at(root, problem), end; !problem && at != end;
       at.increment(problem)) {
    const fs::path below = at->path().lexically_relative(root);
    if (is_cluster_file(below))
      rows.push_back({"configs/" + below.string(), opening_comment(at->path().string())});
  }
  if (rows.empty())
    return tl::unexpected<Diagnostics>(Diagnostics{{Error{
        ErrorCode::kEnvironment, fmt::format("no cluster files in \"{}\"", root.string())}}});
  std::sort(rows.begin(), rows.end());
  return text_table(rows);
}

std::string list_formats() {
  std::vector<TextRow> rows;
  constexpr int kNative = 128;  // a common native vector, for formats whose block is one
  for (const NumberFormat& format : builtin_formats()) {
    const int block = format.block == 0 ? kNative : format.block;
    const double bits = static_cast<double>(format.storage_bits(block, block)) / block;
    const bool depends = format.block == 0 && format.scale() != Scale::kNone;
    rows.push_back({format.name,
                    fmt::format("{:.4g} bits a value{}: {}", bits,
                                depends ? fmt::format(" at {}", kNative) : "", describe(format))});
  }
  return text_table(rows);
}

std::string list_functions() {
  std::vector<TextRow> rows;
  for (const NpuFunctionRow& row : kNpuFunctions) {
    std::vector<std::string> instructions;
    for (const Opcode opcode : row.instructions()) instructions.push_back(opcode_name(opcode));
    rows.push_back({std::string(row.name),
                    fmt::format("{}: {}", fmt::join(instructions, ", "), row.computes)});
  }
  return text_table(rows);
}

std::string list_faults() {
  std::vector<TextRow> rows;
  for (const FaultKind* kind : fault_kinds())
    rows.push_back({std::string(kind->name), fmt::format("{}: {}", kind->words, kind->example)});
  std::vector<TextRow> profiles;
  for (const FaultProfile& profile : fault_profiles())
    profiles.push_back(
        {std::string(profile.name),
         fmt::format("{}: {{profile: {}, at: 1 ms, for: 5 ms}}", profile.words, profile.name)});
  return text_table(rows) + text_table(profiles);
}

std::string list_workloads() {
  std::vector<TextRow> rows;
  for (const TrafficKind* kind : traffic_kinds()) rows.push_back({kind->name, kind->words});
  return text_table(rows);
}

}  // namespace soliton
