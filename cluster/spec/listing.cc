#include "cluster/spec/listing.h"

#include <algorithm>
#include <filesystem>

#include "cluster/spec/device_list.h"
#include "cluster/spec/files.h"
#include "cluster/spec/parts.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

std::size_t widest(const std::vector<std::pair<std::string, std::string>>& rows) {
  std::size_t width = 0;
  for (const auto& row : rows) width = std::max(width, row.first.size());
  return width;
}

std::string table(const std::vector<std::pair<std::string, std::string>>& rows) {
  const std::size_t width = widest(rows);
  std::string out;
  for (const auto& [name, text] : rows) out += fmt::format("{:<{}}  {}\n", name, width, text);
  return out;
}

std::string topology_line(const TopologySpec& spec) {
  const std::string rate = spell(spec.rate);
  if (spec.kind == "rack")
    return fmt::format("up to {} nodes under one switch, {}", spec.hosts_per_rack, rate);
  if (spec.kind == "datacenter")
    return fmt::format("racks of {}, {} racks a pod, {} pods, {}", spec.hosts_per_rack,
                       spec.racks_per_pod, spec.pods, rate);
  if (spec.kind == "local") return std::string("every node wired to every other, no latency");
  return fmt::format("explicit: {} switches, {} links", spec.explicit_switches.size(),
                     spec.explicit_links.size());
}

// The first line of the comment a file opens with, without its "# ".
std::string opening_comment(const std::string& path) {
  const Result<std::string> text = read_text_file(path, kYamlBytesLimit);
  if (!text || !text->starts_with('#')) return "";
  const std::string line = text->substr(0, text->find('\n'));
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
  std::vector<std::pair<std::string, std::string>> rows;
  Diagnostics problems;
  for (const std::string& name : yaml_stems(folder)) {
    Checked<TopologySpec> spec = read_topology_file(folder + "/" + name + ".yaml");
    if (spec)
      rows.emplace_back(name, topology_line(*spec));
    else
      problems.append(std::move(spec.error()));
  }
  if (rows.empty() && problems.empty())
    problems.add(ErrorCode::kEnvironment, fmt::format("no topology files in \"{}\"", folder));
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  return table(rows);
}

Checked<std::string> list_configs(const DataRoot& data) {
  namespace fs = std::filesystem;
  const fs::path root = resolve_path(data.path, "configs");
  std::vector<std::pair<std::string, std::string>> rows;
  std::error_code problem;
  for (fs::recursive_directory_iterator at(root, problem), end; !problem && at != end;
       at.increment(problem)) {
    const fs::path below = at->path().lexically_relative(root);
    if (is_cluster_file(below))
      rows.emplace_back("configs/" + below.string(), opening_comment(at->path().string()));
  }
  if (rows.empty())
    return tl::unexpected<Diagnostics>(Diagnostics{{Error{
        ErrorCode::kEnvironment, fmt::format("no cluster files in \"{}\"", root.string())}}});
  std::sort(rows.begin(), rows.end());
  return table(rows);
}

std::string list_formats() {
  std::vector<std::pair<std::string, std::string>> rows;
  constexpr int kNative = 128;  // a common native vector, for formats whose block is one
  for (const NumberFormat& format : builtin_formats()) {
    const int block = format.block == 0 ? kNative : format.block;
    const double bits = static_cast<double>(format.storage_bits(block, block)) / block;
    const bool depends = format.block == 0 && format.scale() != Scale::kNone;
    rows.emplace_back(format.name,
                      fmt::format("{:.4g} bits a value{}: {}", bits,
                                  depends ? fmt::format(" at {}", kNative) : "", describe(format)));
  }
  return table(rows);
}

std::string list_faults() {
  return table(
      {{"loss", "packets on a link vanish with a probability: {link, loss: 1 %, max_burst: 3}"},
       {"delay", "packets on a link arrive later: {link, delay: 10 us, jitter: 5 us}"},
       {"link_down", "nothing crosses a link: {link, at: 1 ms, for: 500 us, link_down: true}"}});
}

std::string list_workloads() {
  std::vector<std::pair<std::string, std::string>> rows;
  for (const TrafficKind* kind : traffic_kinds()) rows.emplace_back(kind->name, kind->words);
  return table(rows);
}

}  // namespace soliton
