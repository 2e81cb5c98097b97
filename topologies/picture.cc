// Pictures of topologies: text for Graphviz, and an SVG with a row for each level. Names need no escapes: they
// have letters, digits and `_.-` alone.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

#include "topologies/levels.h"
#include "topologies/shape.h"

namespace soliton {
namespace {

constexpr int kRowHeight = 110, kMargin = 30, kBoxHeight = 22;
// Vertices of a row that are drawn with their names; more become dots.
constexpr std::size_t kNamedMost = 32;

struct Place {
  double x = 0, y = 0;
};

class Picture {
 public:
  explicit Picture(const Topology& topology) : topology_(topology), level_(levels_of(topology)) {
    for (std::uint32_t v = 0; v < topology.vertices.size(); ++v) rows_[level_[v]].push_back(v);
    std::size_t widest = 1;
    for (const auto& [level, row] : rows_) widest = std::max(widest, row.size());
    for (const Vertex& vertex : topology.vertices)
      longest_ = std::max(longest_, vertex.name.size());
    const double step = widest <= kNamedMost ? 7.5 * static_cast<double>(longest_) + 22 : 14;
    width_ = std::max(320.0, 2 * kMargin + step * static_cast<double>(widest));
    height_ = 2 * kMargin + kRowHeight * static_cast<int>(rows_.size() - 1) + kBoxHeight;
    place();
  }

  std::string svg() const {
    std::string out = fmt::format(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:.0f} {1}\" width=\"{0:.0f}\" "
        "height=\"{1}\" role=\"img\" font-family=\"sans-serif\" "
        "font-size=\"12\">\n<title>{2}</title>\n"
        "<style>line{{stroke:#8a94a6}}rect{{fill:#e8eefc;stroke:#3b5bdb}}.n{{fill:#e6f4ea;"
        "stroke:#2b8a3e}}text{{fill:#1c2430;text-anchor:middle}}@media(prefers-color-scheme:dark)"
        "{{line{{stroke:#77839a}}rect{{fill:#1d2b52;stroke:#8ea6ff}}.n{{fill:#163222;stroke:#"
        "6fcf8b}}"
        "text{{fill:#e8ecf4}}}}</style>\n",
        width_, height_, topology_.name);
    for (const TopologyLink& link : topology_.links) out += line(link);
    for (std::uint32_t v = 0; v < topology_.vertices.size(); ++v) out += box(v);
    return out + "</svg>\n";
  }

 private:
  void place() {
    places_.resize(topology_.vertices.size());
    std::size_t number = rows_.size();
    for (const auto& [level, row] : rows_) {
      --number;
      const double step = (width_ - 2 * kMargin) / static_cast<double>(row.size());
      for (std::size_t i = 0; i < row.size(); ++i)
        places_[row[i]] = {kMargin + step * (static_cast<double>(i) + 0.5),
                           kMargin + kBoxHeight / 2.0 + kRowHeight * static_cast<double>(number)};
    }
  }

  // Cables within a row are arcs below their ends.
  std::string line(const TopologyLink& link) const {
    const Place a = places_[link.ends[0]], b = places_[link.ends[1]];
    const std::string title = fmt::format("<title>{}, {}</title>", link.name, spell(link.rate));
    if (a.y != b.y)
      return fmt::format(
          "<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\">{}</line>\n", a.x, a.y,
          b.x, b.y, title);
    const double depth = std::min(60.0, 18 + std::abs(a.x - b.x) / 8);
    return fmt::format(
        "<path d=\"M{:.1f} {:.1f}Q{:.1f} {:.1f} {:.1f} {:.1f}\" fill=\"none\" "
        "stroke=\"#8a94a6\">{}</path>\n",
        a.x, a.y, (a.x + b.x) / 2, a.y - depth, b.x, b.y, title);
  }

  std::string box(std::uint32_t v) const {
    const Place at = places_[v];
    const bool node = v < topology_.nodes;
    const std::string& name = topology_.vertices[v].name;
    const bool named = rows_.at(level_[v]).size() <= kNamedMost;
    const double width =
        named ? 7.5 * static_cast<double>(topology_.vertices[v].name.size()) + 12 : 9;
    const double height = named ? kBoxHeight : 9;
    std::string out = fmt::format(
        "<g><title>{}</title><rect{} x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.0f}\" "
        "rx=\"3\"/>",
        name, node ? " class=\"n\"" : "", at.x - width / 2, at.y - height / 2, width, height);
    if (named)
      out += fmt::format("<text x=\"{:.1f}\" y=\"{:.1f}\">{}</text>", at.x, at.y + 4, name);
    return out + "</g>\n";
  }

  const Topology& topology_;
  std::vector<std::size_t> level_;
  std::map<std::size_t, std::vector<std::uint32_t>> rows_;
  std::size_t longest_ = 1;
  double width_ = 0;
  int height_ = 0;
  std::vector<Place> places_;
};

}  // namespace

std::string topology_svg(const Topology& topology) { return Picture(topology).svg(); }

std::string topology_dot(const Topology& topology) {
  std::string out = fmt::format("graph \"{}\" {{\n  rankdir=BT;\n", topology.name);
  for (std::uint32_t v = 0; v < topology.vertices.size(); ++v)
    out += fmt::format("  \"{}\" [shape={}];\n", topology.vertices[v].name,
                       v < topology.nodes ? "box" : "ellipse");
  for (const TopologyLink& link : topology.links)
    out += fmt::format("  \"{}\" -- \"{}\" [tooltip=\"{}, {}\"];\n",
                       topology.vertices[link.ends[0]].name, topology.vertices[link.ends[1]].name,
                       link.name, spell(link.rate));
  return out + "}\n";
}

}  // namespace soliton
