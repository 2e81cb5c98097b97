#include "cluster/report/network_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <vector>

#include "cluster/report/html.h"
#include "cluster/report/words.h"
#include "protocol/math/math.h"

namespace soliton {
namespace {

constexpr std::size_t kNodesMost = 400, kInnerMost = 80;
constexpr double kNameLetter = 7.2, kGap = 16, kMargin = 12;
constexpr double kBoxHeight = 26, kCellHeight = 54, kRowHeight = 96, kPadding = 8;
constexpr double kWidth = 1'040;  // that panels side by side should keep to
constexpr double kCellLeast = 84;
constexpr double kSteps[] = {0.01, 0.1, 0.4, 0.75};

struct Place {
  double x = 0, y = 0;  // of its middle
};

double text_width(const std::string& text) {
  return kNameLetter * static_cast<double>(text.size());
}

// A node with one cable, which leads to a switch.
struct Leaf {
  std::uint32_t vertex = 0;
  const NetworkGraph::Cable* cable = nullptr;
};

// Where everything stands.
class NetworkLayout {
 public:
  explicit NetworkLayout(const NetworkGraph& graph) : graph_(graph) { sort_vertices(); }

  bool too_large() const {
    return graph_.vertices.size() > kNodesMost || inner_.size() > kInnerMost || inner_.empty();
  }
  // REQUIRES: !too_large().
  void place() {
    places_.resize(graph_.vertices.size());
    if (in_circle())
      place_in_circle();
    else
      place_in_rows();
  }

  // All of one level, and joined among themselves.
  bool in_circle() const {
    return inner_.size() > 2 && std::ranges::all_of(inner_, [&](std::uint32_t v) {
             return graph_.vertices[v].level == graph_.vertices[inner_[0]].level &&
                    leaves_[v].empty();
           });
  }

  // Switches, and nodes that are no leaves.
  const std::vector<std::uint32_t>& inner() const { return inner_; }
  bool is_leaf(std::uint32_t v) const { return is_leaf_[v]; }
  const std::vector<Leaf>& leaves(std::uint32_t v) const { return leaves_[v]; }
  Place at(std::uint32_t v) const { return places_[v]; }
  double width() const { return width_; }
  double height() const { return height_; }
  // Of a leaf in the panel below its switch, and of the panel.
  double cell() const { return cell_; }
  std::size_t columns(std::uint32_t v) const {
    const double share = kWidth / static_cast<double>(std::max<std::size_t>(1, panels_));
    const auto fit = static_cast<std::size_t>(std::max(1.0, (share - kGap) / cell_));
    return std::max<std::size_t>(1, std::min(leaves_[v].size(), fit));
  }
  double column_width(std::uint32_t v) const {
    const double panel =
        leaves_[v].empty() ? 0 : cell_ * static_cast<double>(columns(v)) + 2 * kPadding;
    return std::max(panel, text_width(graph_.vertices[v].name) + 20);
  }
  double panel_height(std::uint32_t v) const {
    if (leaves_[v].empty()) return 0;
    const std::size_t rows = (leaves_[v].size() + columns(v) - 1) / columns(v);
    return kCellHeight * static_cast<double>(rows) + 2 * kPadding + kGap;
  }

 private:
  using Cable = NetworkGraph::Cable;

  void sort_vertices() {
    const std::size_t count = graph_.vertices.size();
    std::vector<std::vector<const Cable*>> cables(count);
    for (const Cable& cable : graph_.cables)
      for (const std::uint32_t end : cable.ends) cables[end].push_back(&cable);
    is_leaf_.resize(count);
    leaves_.resize(count);
    for (std::uint32_t v = 0; v < count; ++v) {
      if (graph_.vertices[v].is_switch || cables[v].size() != 1) continue;
      const Cable& cable = *cables[v].front();
      const std::uint32_t other = cable.ends[0] == v ? cable.ends[1] : cable.ends[0];
      if (!graph_.vertices[other].is_switch) continue;
      is_leaf_[v] = true;
      leaves_[other].push_back({v, &cable});
    }
    for (std::uint32_t v = 0; v < count; ++v)
      if (!is_leaf_[v]) inner_.push_back(v);
    for (const NetworkGraph::Vertex& vertex : graph_.vertices)
      cell_ = std::max(cell_, text_width(vertex.name) + 12);
  }

  void place_in_circle() {
    const double around = (cell_ + kGap) * static_cast<double>(inner_.size());
    const double radius = std::max(110.0, around / (2 * std::numbers::pi));
    width_ = 2 * (radius + cell_ / 2 + kMargin);
    height_ = 2 * (radius + kBoxHeight + kMargin);
    for (std::size_t i = 0; i < inner_.size(); ++i) {
      const double angle =
          2 * std::numbers::pi * static_cast<double>(i) / static_cast<double>(inner_.size()) -
          std::numbers::pi / 2;
      places_[inner_[i]] = {width_ / 2 + radius * math::cos(angle),
                            height_ / 2 + radius * math::sin(angle)};
    }
  }

  // The highest level above; a row is as high as the highest panel in it.
  void place_in_rows() {
    std::map<std::size_t, std::vector<std::uint32_t>, std::greater<>> rows;
    for (const std::uint32_t v : inner_) {
      rows[graph_.vertices[v].level].push_back(v);
      panels_ += leaves_[v].empty() ? 0 : 1;
    }
    for (const auto& [level, row] : rows) {
      double wide = -kGap;
      for (const std::uint32_t v : row) wide += column_width(v) + kGap;
      width_ = std::max(width_, wide + 2 * kMargin);
    }
    double y = kMargin + kRowHeight / 3;
    for (const auto& [level, row] : rows) {
      double wide = 0, high = 0;
      for (const std::uint32_t v : row) wide += column_width(v);
      const double gap = (width_ - 2 * kMargin - wide) / static_cast<double>(row.size());
      double x = kMargin + gap / 2;
      for (const std::uint32_t v : row) {
        places_[v] = {x + column_width(v) / 2, y};
        x += column_width(v) + gap;
        high = std::max(high, panel_height(v));
      }
      y += high + kRowHeight;
    }
    height_ = y - kRowHeight + kBoxHeight / 2 + kMargin + 4;
  }

  const NetworkGraph& graph_;
  std::vector<bool> is_leaf_;              // by vertex
  std::vector<std::vector<Leaf>> leaves_;  // by vertex, what hangs on it
  std::vector<std::uint32_t> inner_;       // vertices
  std::vector<Place> places_;              // by vertex
  std::size_t panels_ = 0;
  double cell_ = kCellLeast, width_ = 320, height_ = 0;
};

class NetworkDrawing {
 public:
  NetworkDrawing(const NetworkGraph& graph, const NetworkLayout& layout, const LinkLoads& loads)
      : graph_(graph), layout_(layout), loads_(loads) {
    for (const auto& [name, load] : loads) most_bytes_ = std::max(most_bytes_, load.bytes);
  }

  std::string svg() const {
    std::string out;
    for (const NetworkGraph::Cable& cable : graph_.cables)
      if (!layout_.is_leaf(cable.ends[0]) && !layout_.is_leaf(cable.ends[1])) out += line(cable);
    for (const std::uint32_t v : layout_.inner()) out += box(v) + panel(v);
    return fmt::format(
        "<svg width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"group\" "
        "aria-label=\"the network with the load of its cables; the table of links has the "
        "numbers\">\n{2}</svg>\n",
        layout_.width(), layout_.height(), out);
  }

 private:
  using Cable = NetworkGraph::Cable;

  LinkLoad load(const std::string& from, const std::string& to) const {
    const auto found = loads_.find(from + " -> " + to);
    return found == loads_.end() ? LinkLoad{} : found->second;
  }

  std::string line(const Cable& cable) const {
    const LinkLoad there = load(cable.names[0], cable.names[1]),
                   back = load(cable.names[1], cable.names[0]);
    const Place a = layout_.at(cable.ends[0]), b = layout_.at(cable.ends[1]);
    const double width = 1 + 4 * math::sqrt(std::max(there.bytes, back.bytes) / most_bytes_);
    // Cables within a row are arcs above it.
    const bool row = std::abs(a.y - b.y) < 1 && !layout_.in_circle();
    const std::string way =
        row ? fmt::format("M{:.1f} {:.1f}Q{:.1f} {:.1f} {:.1f} {:.1f}", a.x, a.y, (a.x + b.x) / 2,
                          a.y - std::min(60.0, 24 + std::abs(a.x - b.x) / 8), b.x, b.y)
            : fmt::format("M{:.1f} {:.1f}L{:.1f} {:.1f}", a.x, a.y, b.x, b.y);
    return fmt::format(
        "<path class=\"l{}\" data-link=\"{}\" fill=\"none\" stroke-width=\"{:.1f}\" "
        "d=\"{}\"><title>{} to {} {}, back {}</title></path>\n",
        load_class(std::max(there.busy, back.busy)),
        there.busy < back.busy ? name_of(cable.names[1], cable.names[0])
                               : name_of(cable.names[0], cable.names[1]),
        width, way, html_escape(cable.names[0]), html_escape(cable.names[1]), percent(there.busy),
        percent(back.busy));
  }

  std::string box(std::uint32_t v) const {
    const NetworkGraph::Vertex& it = graph_.vertices[v];
    const double width = text_width(it.name) + 14;
    return fmt::format(
        "<rect class=\"{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\" rx=\"4\"/>"
        "<text class=\"middle{}\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n",
        it.is_switch ? "switch" : "box", layout_.at(v).x - width / 2,
        layout_.at(v).y - kBoxHeight / 2, width, kBoxHeight, it.is_switch ? " strong" : "",
        layout_.at(v).x, layout_.at(v).y + 4, html_escape(it.name));
  }

  std::string panel(std::uint32_t v) const {
    if (layout_.leaves(v).empty()) return "";
    const double left = layout_.at(v).x - layout_.column_width(v) / 2 + kPadding;
    const double top = layout_.at(v).y + kBoxHeight / 2 + kGap;
    std::string out = fmt::format(
        "<path class=\"grid\" d=\"M{:.1f} {:.1f}v{}\"/><rect class=\"group\" x=\"{:.1f}\" "
        "y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" rx=\"6\"/>\n",
        layout_.at(v).x, layout_.at(v).y + kBoxHeight / 2, kGap, left - kPadding, top,
        layout_.column_width(v), layout_.panel_height(v) - kGap);
    for (std::size_t i = 0; i < layout_.leaves(v).size(); ++i)
      out += cell(layout_.leaves(v)[i],
                  left + layout_.cell() * static_cast<double>(i % layout_.columns(v)),
                  top + kPadding + kCellHeight * static_cast<double>(i / layout_.columns(v)));
    return out;
  }

  std::string cell(const Leaf& leaf, double x, double y) const {
    const bool first = leaf.cable->ends[0] == leaf.vertex;
    const std::string &own = leaf.cable->names[first ? 0 : 1],
                      &other = leaf.cable->names[first ? 1 : 0];
    return fmt::format("<text class=\"strong\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>{}{}\n", x + 4,
                       y + 14, html_escape(graph_.vertices[leaf.vertex].name),
                       direction("out", own, other, x + 4, y + 18),
                       direction("in", other, own, x + 4, y + 34));
  }

  // As its series is called; the script joins the two.
  static std::string name_of(const std::string& from, const std::string& to) {
    return html_escape(from + " -> " + to);
  }

  std::string direction(const char* word, const std::string& from, const std::string& to, double x,
                        double y) const {
    const double width = layout_.cell() - 10;
    const LinkLoad load = this->load(from, to);
    return fmt::format(
        "<g data-link=\"{}\"><rect class=\"u{}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" "
        "height=\"15\" rx=\"2\"/>"
        "<text x=\"{:.1f}\" y=\"{:.1f}\">{} {}</text></g>",
        name_of(from, to), load_class(load.busy), x, y, width, x + 3, y + 12, word,
        percent(load.busy));
  }

  const NetworkGraph& graph_;
  const NetworkLayout& layout_;
  const LinkLoads& loads_;
  double most_bytes_ = 1;
};

}  // namespace

int load_class(double busy) {
  int out = 0;
  for (const double step : kSteps) out += busy >= step ? 1 : 0;
  return out;
}

std::string load_keys() {
  constexpr const char* kWords[] = {"below 1 %", "below 10 %", "below 40 %", "below 75 %",
                                    "75 % and more"};
  std::string out =
      "<div class=\"keys\"><span>share of the run in which a direction was busy:</span>";
  for (std::size_t i = 0; i < std::size(kWords); ++i)
    out += fmt::format(
        "<span><svg width=\"30\" height=\"14\" aria-hidden=\"true\"><rect class=\"u{0}\" "
        "width=\"14\" height=\"14\"/><path class=\"l{0}\" stroke-width=\"3\" d=\"M16 "
        "7h14\"/></svg> "
        "{1}</span>",
        i, kWords[i]);
  return out + "<span>thicker lines carried more bytes</span></div>\n";
}

std::optional<std::string> network_svg(const NetworkGraph& graph, const LinkLoads& loads) {
  NetworkLayout layout(graph);
  if (layout.too_large()) return std::nullopt;
  layout.place();
  return NetworkDrawing(graph, layout, loads).svg();
}

}  // namespace soliton
