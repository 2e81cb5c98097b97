#include "cluster/cli/report_input.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <filesystem>

#include "cluster/results/file_io.h"
#include "node/traffic/traffic.h"

namespace soliton {
namespace {

std::string traffic_words(const Traffic& traffic) {
  return fmt::format("{} of {}", title_of(traffic),
                     spell(Bytes{static_cast<std::int64_t>(traffic.bytes)}));
}

// From the nodes, over cables.
void find_levels(NetworkGraph& graph) {
  std::vector<std::vector<std::uint32_t>> neighbours(graph.vertices.size());
  for (const NetworkGraph::Cable& cable : graph.cables)
    for (const int end : {0, 1}) neighbours[cable.ends[end]].push_back(cable.ends[1 - end]);
  std::vector<bool> seen(graph.vertices.size());
  std::deque<std::uint32_t> open;
  for (std::uint32_t v = 0; v < graph.vertices.size(); ++v)
    if (!graph.vertices[v].is_switch) open.push_back(v), seen[v] = true;
  for (; !open.empty(); open.pop_front())
    for (const std::uint32_t next : neighbours[open.front()])
      if (!seen[next]) {
        seen[next] = true;
        graph.vertices[next].level = graph.vertices[open.front()].level + 1;
        open.push_back(next);
      }
}

// A router is a part of its node.
NetworkGraph graph_of(const Topology& topology) {
  NetworkGraph out;
  std::vector<std::uint32_t> number(topology.vertices.size());
  for (std::size_t v = 0; v < topology.vertices.size(); ++v) {
    const Vertex& vertex = topology.vertices[v];
    if (vertex.router_of != kNoNode) {
      number[v] = number[vertex.router_of];
      continue;
    }
    number[v] = static_cast<std::uint32_t>(out.vertices.size());
    out.vertices.push_back({vertex.name, vertex.is_switch, 0});
  }
  for (const TopologyLink& link : topology.links) {
    const std::uint32_t from = number[link.ends[0]], to = number[link.ends[1]];
    if (from == to) continue;
    out.cables.push_back(
        {{from, to}, {topology.vertices[link.ends[0]].name, topology.vertices[link.ends[1]].name}});
  }
  find_levels(out);
  return out;
}

std::vector<PlacedNode> placed(const ClusterSpec& spec) {
  std::vector<PlacedNode> out;
  for (const NodeSpec& node : spec.nodes)
    out.push_back(
        {node.name, node.at, node.position,
         node.device.kind == Device::Kind::kNpu ? node.device.npu.network_rate : BitRate{},
         node.forward});
  return out;
}

// cluster.yaml, and the network that it describes.
Status read_cluster_file(const std::string& file, const DataRoot& data, ReportInput& out) {
  const Checked<ClusterSpec> spec = read_cluster(file, {}, data);
  if (!spec) return tl::unexpected<Error>(spec.error().errors.front());
  const Checked<Topology> topology = build_topology(spec->topology, placed(*spec));
  if (!topology) return tl::unexpected<Error>(topology.error().errors.front());
  describe_cluster(*spec, *topology, out);
  return {};
}

}  // namespace

std::string workload_words(const ClusterSpec& spec) {
  if (spec.workload.traffic) return traffic_words(*spec.workload.traffic);
  std::vector<std::string> all;
  for (const NamedTraffic& workload : spec.workloads)
    all.push_back(traffic_words(workload.traffic));
  return fmt::format("{}", fmt::join(all, ", "));
}

void describe_cluster(const ClusterSpec& spec, const Topology& topology, ReportInput& out) {
  if (!has_model(spec)) out.subject = workload_words(spec);
  out.topology = topology.name;
  out.clients = spec.workload.clients;
  out.computed = spec.compute != ComputeKind::kTiming;
  out.network = graph_of(topology);
}

PathNodes path_nodes(const ClusterSpec& spec) {
  PathNodes out;
  for (const NodeSpec& node : spec.nodes) {
    out.names.push_back(node.name);
    out.has_fpga.push_back(node.device.kind == Device::Kind::kNpu);
  }
  return out;
}

Result<ReportInput> read_report_input(const std::string& folder, const DataRoot& data) {
  std::error_code error;
  if (!std::filesystem::is_directory(folder, error))
    return invalid(fmt::format("no folder \"{}\"; soliton run leaves one in runs/", folder));
  ReportInput out;
  bool any = false;
  const std::pair<const char*, std::string*> files[] = {
      {"results.json", &out.texts.results}, {"requests.csv", &out.texts.requests},
      {"trace.json", &out.texts.trace},     {"links_series.csv", &out.texts.links_series},
      {"events.csv", &out.texts.events},    {"plan.json", &out.texts.plan}};
  for (const auto& [name, text] : files) {
    const std::string path = fmt::format("{}/{}", folder, name);
    if (!std::filesystem::exists(path, error)) continue;
    Result<std::string> read = read_whole_file(path);
    any = any || read.has_value();
    if (read)
      *text = std::move(*read);
    else
      out.missing.push_back(read.error().message + ": what it says is missing.");
  }
  const std::string cluster = folder + "/cluster.yaml";
  const bool has_cluster = std::filesystem::exists(cluster, error);
  if (!any && !has_cluster && std::filesystem::exists(folder + "/sweep.json", error))
    return invalid(
        fmt::format("{} is the folder of a sweep, whose page is report.html in it: soliton sweep "
                    "EXPERIMENT --out {} plays nothing that is there and makes the page again",
                    folder, folder));
  if (!any && !has_cluster)
    return invalid(
        fmt::format("{} is not the folder of a run: it has none of results.json, "
                    "requests.csv, trace.json and cluster.yaml",
                    folder));
  if (!has_cluster)
    out.missing.emplace_back(
        "cluster.yaml is not there: the network's picture and how to run it again are missing.");
  else if (const Status read = read_cluster_file(cluster, data, out); !read)
    out.missing.push_back(fmt::format(
        "cluster.yaml cannot be read: the network's picture is missing. {}", read.error().message));
  if (out.texts.trace.empty())
    out.missing.emplace_back("trace.json is not there: the picture of a request is missing.");
  return out;
}

}  // namespace soliton
