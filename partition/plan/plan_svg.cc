#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "partition/plan/explain.h"
#include "partition/plan/traffic.h"

namespace soliton {
namespace {

// Pixels. The longest memory line and 34 characters of what a node holds fit a box.
constexpr int kBoxWidth = 210;
constexpr int kBoxHeight = 76;
constexpr int kGapX = 40;
constexpr int kGapY = 96;
constexpr int kMargin = 40;
constexpr int kColumns = 4;

struct Box {
  std::string name;
  std::string place;
  std::string first, second;  // lines of text
  double fill = -1;           // of the fullest memory; below 0: no bar
  int x = 0;
  int y = 0;
};

// Names come from a user's files: in text and attributes of XML these four characters mean
// something else.
std::string escaped(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '<')
      out += "&lt;";
    else if (c == '>')
      out += "&gt;";
    else if (c == '&')
      out += "&amp;";
    else if (c == '"')
      out += "&quot;";
    else
      out += c;
  }
  return out;
}

std::string shortened(const std::string& text, std::size_t most) {
  return text.size() <= most ? text : text.substr(0, most - 3) + "...";
}

Box box_of(const Placement& it) {
  Box box;
  box.name = it.node;
  box.place = it.place;
  for (const std::string& holds : it.holds) box.first += (box.first.empty() ? "" : ", ") + holds;
  box.fill = 0;
  for (const MemoryUse& use : it.memory) {
    if (use.capacity == 0) continue;
    const double fill = static_cast<double>(use.used) / static_cast<double>(use.capacity);
    if (fill < box.fill) continue;
    box.fill = fill;
    box.second = fmt::format("{} {}/{} ({} %)", use.memory, use.used, use.capacity,
                             use.used * 100 / use.capacity);
  }
  return box;
}

// The host on top, then the nodes place by place, kColumns in a row.
std::vector<Box> place_boxes(const Plan& plan, int& height) {
  std::vector<Box> boxes{{plan.host, "", "host", "", -1, kMargin, kMargin}};
  std::vector<Placement> nodes = plan.placements;
  // Nodes of one rack side by side, in the order of the plan.
  std::ranges::stable_sort(nodes, {}, &Placement::place);
  int column = 0;
  int y = kMargin + kBoxHeight + kGapY;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    const bool new_place = i > 0 && nodes[i].place != nodes[i - 1].place;
    if (column == kColumns || new_place) {
      column = 0;
      y += kBoxHeight + kGapY;
    }
    Box box = box_of(nodes[i]);
    box.x = kMargin + column++ * (kBoxWidth + kGapX);
    box.y = y;
    boxes.push_back(std::move(box));
  }
  height = y + kBoxHeight + kMargin;
  return boxes;
}

std::string draw(const Box& box) {
  std::string out = fmt::format(
      "<g transform=\"translate({},{})\"><rect width=\"{}\" height=\"{}\" class=\"node\"/>", box.x,
      box.y, kBoxWidth, kBoxHeight);
  out += fmt::format(
      "<text x=\"8\" y=\"18\" class=\"name\">{}</text><text x=\"{}\" y=\"18\" "
      "class=\"right\">{}</text>",
      escaped(box.name), kBoxWidth - 8, escaped(box.place));
  out += fmt::format("<text x=\"8\" y=\"36\">{}</text>", escaped(shortened(box.first, 34)));
  if (box.fill >= 0) {
    constexpr int kBar = kBoxWidth - 16;
    out += fmt::format("<rect x=\"8\" y=\"44\" width=\"{}\" height=\"8\" class=\"bar\"/>", kBar);
    out += fmt::format("<rect x=\"8\" y=\"44\" width=\"{:.1f}\" height=\"8\" class=\"full\"/>",
                       kBar * std::min(1.0, box.fill));
    out += fmt::format("<text x=\"8\" y=\"67\">{}</text>", escaped(box.second));
  }
  return out + "</g>\n";
}

std::string bytes_words(std::int64_t bytes) {
  return bytes < 10'000 ? fmt::format("{} B", bytes)
                        : fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
}

// An arc from box to box; two directions bend to different sides.
std::string draw(const Box& from, const Box& to, const Flow& flow) {
  const bool same_row = from.y == to.y;
  const bool down = to.y > from.y;
  // There and back are 24 pixels apart; within a row one bends above the boxes and one below.
  const int shift = from.x < to.x || down ? 12 : -12;
  const int x1 = from.x + kBoxWidth / 2 + shift;
  const int x2 = to.x + kBoxWidth / 2 + shift;
  const int y1 = same_row ? (from.x < to.x ? from.y : from.y + kBoxHeight)
                          : (down ? from.y + kBoxHeight : from.y);
  const int y2 = same_row ? y1 : (down ? to.y : to.y + kBoxHeight);
  const int bend = same_row ? (from.x < to.x ? -1 : 1) * (24 + std::abs(x2 - x1) / 14) : 0;
  const int my = (y1 + y2) / 2 + bend;
  const int mx = (x1 + x2) / 2;
  return fmt::format(
      "<path d=\"M{},{} Q{},{} {},{}\" class=\"flow\" marker-end=\"url(#tip)\"/>"
      "<text x=\"{}\" y=\"{}\" class=\"mid\">{}</text>\n",
      x1, y1, mx, my + bend, x2, y2, mx, same_row ? my : y1 + (y2 - y1) / 3,
      bytes_words(flow.bytes));
}

}  // namespace

std::string plan_svg(const Plan& plan) {
  int height = 0;
  const std::vector<Box> boxes = place_boxes(plan, height);
  std::map<std::string, const Box*> by_name;
  for (const Box& box : boxes) by_name[box.name] = &box;
  const int columns =
      static_cast<int>(std::clamp<std::size_t>(plan.placements.size(), 1, kColumns));
  const int width = 2 * kMargin + columns * kBoxWidth + (columns - 1) * kGapX;
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0} {1}\" width=\"{0}\" "
      "height=\"{1}\">\n"
      "<style>text{{font:12px "
      "sans-serif;fill:#222}}.name{{font-weight:bold}}.right{{text-anchor:end;fill:#777}}"
      ".mid{{text-anchor:middle;fill:#15507a}}.node{{fill:#f6f7f9;stroke:#555;rx:4}}.bar{{fill:#"
      "dde2e8}}"
      ".full{{fill:#2f7ebc}}.flow{{fill:none;stroke:#6b9ac4}}</style>\n"
      "<defs><marker id=\"tip\" viewBox=\"0 0 8 8\" refX=\"8\" refY=\"4\" markerWidth=\"7\" "
      "markerHeight=\"7\" "
      "orient=\"auto\"><path d=\"M0,0 L8,4 L0,8 z\" fill=\"#6b9ac4\"/></marker></defs>\n"
      "<title>{2}: tensor bytes per request of {3} steps</title>\n",
      width, height, escaped(plan.model), plan.steps);
  // Arcs first, so that boxes cover their ends.
  for (const Flow& flow : flows(plan))
    out += draw(*by_name.at(flow.from), *by_name.at(flow.to), flow);
  for (const Box& box : boxes) out += draw(box);
  return out + "</svg>\n";
}

}  // namespace soliton
