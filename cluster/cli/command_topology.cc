// soliton topology: what a network is like before anything runs on it.
#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "cluster/cli/commands.h"
#include "cluster/cli/environment.h"
#include "cluster/cli/output.h"
#include "cluster/file/parts.h"
#include "cluster/file/yaml_file.h"
#include "cluster/results/write_file.h"
#include "cluster/yaml/files.h"
#include "protocol/base/text.h"
#include "protocol/json/json.h"
#include "topologies/shape.h"

namespace soliton {
namespace {

// Where any number of nodes fits; and the most that are tried.
constexpr std::uint64_t kNodesUsual = 16, kNodesTried = 1'024;

struct TopologyOptions {
  std::optional<std::uint64_t> nodes;
  std::string svg, dot;
};

struct Asked {
  TopologySpec spec;
  std::vector<PlacedNode> nodes;
};

std::vector<PlacedNode> numbered(std::uint64_t count) {
  std::vector<PlacedNode> out;
  for (std::uint64_t i = 0; i < count; ++i) out.push_back({fmt::format("fpga{}", i), ""});
  return out;
}

// As many as fit, up to kNodesTried; a torus has as many as its dimensions say.
std::uint64_t usual_nodes(const TopologySpec& spec) {
  for (const Setting& setting : spec.options)
    if (const auto* dims = std::get_if<std::vector<std::int64_t>>(&setting.value.value);
        setting.key == "dims" && dims != nullptr && !dims->empty()) {
      std::uint64_t places = 1;
      for (const std::int64_t extent : *dims) places *= static_cast<std::uint64_t>(extent);
      return places;
    }
  const auto fits = [&](std::uint64_t nodes) {
    return build_topology(spec, numbered(nodes)).has_value();
  };
  if (fits(kNodesTried + 1)) return kNodesUsual;
  std::uint64_t good = 1, bad = kNodesTried + 1;
  while (bad - good > 1) {
    const std::uint64_t middle = (good + bad) / 2;
    (fits(middle) ? good : bad) = middle;
  }
  return good;
}

Checked<Asked> asked(const CommandLine& line, const TopologyOptions& options) {
  const std::string& what = line.inputs.front();
  Asked out;
  std::string path = what;
  if (!is_path(what)) path = resolve_path(data_root().path, "topologies") + "/" + what + ".yaml";
  const Checked<YamlFile> yaml = read_yaml(path);
  if (!yaml && !is_path(what)) {
    Diagnostics problems;
    problems.add(
        ErrorCode::kInvalid,
        fmt::format("no topology called \"{}\"{} (soliton list topologies)", what,
                    suggestion(what, yaml_stems(resolve_path(data_root().path, "topologies")))));
    return tl::unexpected(std::move(problems));
  }
  if (!yaml) return tl::unexpected(yaml.error());
  if (kind_of(yaml->root) == FileKind::kTopology) {
    Checked<TopologySpec> spec = read_topology_file(*yaml);
    if (!spec) return tl::unexpected(std::move(spec.error()));
    out.spec = std::move(*spec);
    out.nodes = numbered(options.nodes.value_or(usual_nodes(out.spec)));
    return out;
  }
  Checked<ClusterSpec> cluster = read_cluster(path, {}, data_root());
  if (!cluster) return tl::unexpected(std::move(cluster.error()));
  out.spec = cluster->topology;
  if (options.nodes) {
    out.nodes = numbered(*options.nodes);
  } else {
    for (const NodeSpec& node : cluster->nodes)
      out.nodes.push_back({.name = node.name, .at = node.at, .forward = node.forward});
  }
  return out;
}

std::string names_of(const std::vector<std::string>& names) {
  return names.size() == 1 ? names.front() : fmt::format("{} to {}", names.front(), names.back());
}

std::string level_text(const TopologyShape::Level& level) {
  std::string out = fmt::format("level {}   {} switch{}, {}: down {}", level.level,
                                level.switches.size(), level.switches.size() == 1 ? "" : "es",
                                names_of(level.switches), spell(level.down));
  if (level.across.bits_per_second > 0)
    out += fmt::format(", among themselves {}", spell(level.across));
  if (level.up.bits_per_second > 0)
    out += fmt::format(", up {} ({:.3g} : 1)", spell(level.up),
                       static_cast<double>(level.down.bits_per_second) /
                           static_cast<double>(level.up.bits_per_second));
  return out + "\n";
}

std::string distance_text(const TopologyShape::Distance& it) {
  const std::string time = it.least == it.most
                               ? to_string(it.least)
                               : fmt::format("{} to {}", to_string(it.least), to_string(it.most));
  return fmt::format("{} cable{}   {} pairs, 64 B one way {}{}\n", it.cables,
                     it.cables == 1 ? " " : "s", it.pairs, time,
                     it.ways_most > 1 ? fmt::format(", up to {} ways", it.ways_most) : "");
}

std::string as_text(const Topology& topology, const TopologyShape& shape) {
  std::string out = fmt::format("{}: {} nodes, {} switches, {} cables\n", topology.name,
                                shape.nodes, shape.switches, shape.links);
  for (const TopologyShape::Level& level : shape.levels) out += level_text(level);
  for (const TopologyShape::Distance& it : shape.distances) out += distance_text(it);
  // The shortest way by latency may have more cables than another.
  if (!shape.distances.empty())
    out += fmt::format(
        "{}  {} cables\n",
        topology.routing == Routing::kFixed && !topology.next_hops ? "farthest" : "diameter",
        shape.distances.back().cables);
  return out + fmt::format("halves    {} from the first {} nodes to the others\n",
                           spell(shape.halves), shape.nodes / 2);
}

std::string as_json(const Topology& topology, const TopologyShape& shape) {
  Json out{{"name", topology.name},
           {"nodes", shape.nodes},
           {"switches", shape.switches},
           {"links", shape.links},
           {"levels", Json::array()},
           {"distances", Json::array()},
           {"halves_gbps", static_cast<double>(shape.halves.bits_per_second) / 1e9}};
  const auto gbps = [](BitRate rate) { return static_cast<double>(rate.bits_per_second) / 1e9; };
  for (const TopologyShape::Level& it : shape.levels)
    out["levels"].push_back({{"level", it.level},
                             {"switches", it.switches},
                             {"down_gbps", gbps(it.down)},
                             {"across_gbps", gbps(it.across)},
                             {"up_gbps", gbps(it.up)}});
  for (const TopologyShape::Distance& it : shape.distances)
    out["distances"].push_back({{"cables", it.cables},
                                {"pairs", it.pairs},
                                {"least_us", json_us(it.least)},
                                {"most_us", json_us(it.most)},
                                {"ways_most", it.ways_most}});
  out["vertices"] = Json::array();
  for (std::size_t v = 0; v < topology.vertices.size(); ++v)
    out["vertices"].push_back({{"name", topology.vertices[v].name},
                               {"place", topology.vertices[v].place},
                               {"switch", v >= topology.nodes}});
  out["cables"] = Json::array();
  for (const TopologyLink& link : topology.links)
    out["cables"].push_back({{"name", link.name},
                             {"from", topology.vertices[link.ends[0]].name},
                             {"to", topology.vertices[link.ends[1]].name},
                             {"gbps", gbps(link.rate)},
                             {"latency_us", json_us(link.latency)}});
  return json_text(out, JsonLayout::kRows) + "\n";
}

int show(const CommandLine& line, const TopologyOptions& options) {
  const Checked<Asked> what = asked(line, options);
  if (!what) return report_errors(what.error());
  const Checked<Topology> topology = build_topology(what->spec, what->nodes);
  if (!topology) return report_errors(topology.error());
  for (const auto& [path, text] :
       {std::pair(&options.svg, &topology_svg), std::pair(&options.dot, &topology_dot)})
    if (!path->empty())
      if (const Status written = write_file(*path, text(*topology)); !written)
        return report_error(written.error());
  const TopologyShape shape = shape_of(*topology);
  if (line.json) return printed(print_json(as_json(*topology, shape)));
  return line.quiet ? 0 : printed(print_lines(as_text(*topology, shape)));
}

RunCommand define(OptionSet& options, CommandLine&) {
  auto own = std::make_shared<TopologyOptions>();
  options.inputs("topology", "a built-in name, a topology file or a cluster file");
  options.number(
      "--nodes", "N", own->nodes,
      "how many nodes; otherwise those of the cluster file, as many as a torus has places, or 16");
  options.text("--svg", "FILE", own->svg, "writes a picture");
  options.text("--dot", "FILE", own->dot, "writes the graph for Graphviz");
  return [own](const CommandLine& line) { return show(line, *own); };
}

}  // namespace

const CliCommand kTopologyCommand = {
    .name = "topology",
    .what =
        "What a network is like: levels, oversubscription, distances, ways, what fits between "
        "its halves; as a picture with --svg or --dot",
    .example = "soliton topology fat-tree --nodes 64",
    .define = define};

}  // namespace soliton
