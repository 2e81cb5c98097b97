// The formats: METIS manual 5.1, section 4.1.1; Scotch user's guide 7.0, sections 5.1 and 5.5.
#include "cluster/bench/graph_partitioners.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace soliton {
namespace {

// Debian builds METIS with 32-bit weights, whose sums it forms.
constexpr std::int64_t kLargestSum = 100'000'000;

// Divides weights so that their sum is at most kLargestSum.
class Scale {
 public:
  explicit Scale(__int128 sum) : divisor_(static_cast<std::int64_t>(sum / kLargestSum) + 1) {}
  std::int64_t operator()(std::int64_t weight) const { return (weight + divisor_ / 2) / divisor_; }

 private:
  std::int64_t divisor_;
};

struct Scales {
  explicit Scales(const WeightedGraph& graph) {
    __int128 weights = 0, all_bytes = 0, edges = 0;
    for (const WeightedGraph::Vertex& vertex : graph.vertices) {
      weights += vertex.weight;
      all_bytes += vertex.bytes;
      for (const auto& [other, cost] : vertex.neighbours) edges += cost;
      ends += vertex.neighbours.size();
    }
    weight = Scale(weights);
    bytes = Scale(all_bytes);
    edge = Scale(edges);
  }
  // Neither program takes edges of no weight.
  std::int64_t edge_weight(std::int64_t cost) const {
    return std::max<std::int64_t>(edge(cost), 1);
  }

  Scale weight{0}, bytes{0}, edge{0};
  std::size_t ends = 0;  // of edges: each is counted twice
};

std::string metis_text(const WeightedGraph& graph) {
  const Scales scales(graph);
  std::string out = fmt::format("{} {} 011 2\n", graph.vertices.size(), scales.ends / 2);
  for (const WeightedGraph::Vertex& vertex : graph.vertices) {
    out += fmt::format("{} {}", scales.weight(vertex.weight), scales.bytes(vertex.bytes));
    for (const auto& [other, cost] : vertex.neighbours)
      out += fmt::format(" {} {}", other + 1, scales.edge_weight(cost));
    out += '\n';
  }
  return out;
}

std::string scotch_text(const WeightedGraph& graph) {
  const Scales scales(graph);
  std::string out = fmt::format("0\n{} {}\n0 011\n", graph.vertices.size(), scales.ends);
  for (const WeightedGraph::Vertex& vertex : graph.vertices) {
    out += fmt::format("{} {}", scales.weight(vertex.weight), vertex.neighbours.size());
    for (const auto& [other, cost] : vertex.neighbours)
      out += fmt::format(" {} {}", scales.edge_weight(cost), other);
    out += '\n';
  }
  return out;
}

constexpr GraphPartitioner kPartitioners[] = {
    {"METIS", "gpmetis", "metis", metis_text, "", "-seed=1", false},
    {"Scotch", "scotch_gpart", "scotch", scotch_text, "SCOTCH_DETERMINISTIC=1", "", true},
};

// A folder of its own for the files of one call.
class Workplace {
 public:
  Workplace() {
    std::string name = (std::filesystem::temp_directory_path() / "soliton-parts-XXXXXX").string();
    if (mkdtemp(name.data()) != nullptr) path_ = name;
  }
  ~Workplace() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  Workplace(const Workplace&) = delete;
  Workplace& operator=(const Workplace&) = delete;
  bool good() const { return !path_.empty(); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

// METIS writes a part a line; Scotch the number of vertices, then vertex and part a line.
std::vector<std::size_t> read_parts(const std::string& path, std::size_t vertices, bool with_ids) {
  std::ifstream in(path);
  std::vector<std::size_t> out(vertices, vertices);
  std::size_t id = 0, part = 0;
  if (with_ids) in >> id;
  for (std::size_t i = 0; i < vertices; ++i) {
    id = i;
    if (with_ids) in >> id;
    if (in >> part && id < vertices) out[id] = part;
  }
  return out;
}

}  // namespace

std::span<const GraphPartitioner> graph_partitioners() { return kPartitioners; }

bool installed(const GraphPartitioner& program) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (access((folder + "/" + program.program).c_str(), X_OK) == 0) return true;
  return false;
}

Result<std::vector<std::size_t>> parts_of(const WeightedGraph& graph, std::size_t parts,
                                          const GraphPartitioner& program) {
  if (!installed(program))
    return failure(ErrorCode::kEnvironment, fmt::format("{} is not installed (Debian package {})",
                                                        program.name, program.package));
  const std::size_t vertices = graph.vertices.size();
  if (parts == 1 || vertices == 1) return std::vector<std::size_t>(vertices, 0);
  const Workplace workplace;
  const auto failed = [&](const char* what) {
    return failure(ErrorCode::kEnvironment, fmt::format("{}: {}", program.name, what));
  };
  if (!workplace.good()) return failed("no folder for its input can be made");
  const std::string input = workplace.file("graph");
  if (!(std::ofstream(input) << program.text(graph))) return failed("its input cannot be written");
  const std::string answer =
      program.parts_first ? workplace.file("parts") : fmt::format("{}.part.{}", input, parts);
  const std::string files = program.parts_first ? fmt::format("{} '{}' '{}'", parts, input, answer)
                                                : fmt::format("'{}' {}", input, parts);
  const std::string command =
      fmt::format("{} {} {} {}", program.variables, program.program, program.options, files);
  if (std::system((command + " >/dev/null 2>&1").c_str()) != 0) return failed("the program failed");
  std::vector<std::size_t> out = read_parts(answer, vertices, program.parts_first);
  if (std::ranges::any_of(out, [&](std::size_t part) { return part >= parts; }))
    return failed("its answer is not a part of each vertex");
  return out;
}

}  // namespace soliton
