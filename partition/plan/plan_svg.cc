#include <fmt/format.h>

#include <algorithm>

#include "partition/plan/explain.h"
#include "partition/plan/plan_colours.h"
#include "partition/plan/plan_picture.h"

namespace soliton {
namespace {

// Names come from a user's files: in text and attributes of XML these characters mean something
// else, or may not stand at all.
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
      out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

std::string variables(std::string PlanColour::*theme) {
  std::string out;
  for (const PlanColour& colour : plan_colours())
    out += fmt::format("--plan-{}:{};", colour.name, colour.*theme);
  return out;
}

}  // namespace

// Rules name the picture's class, because the style counts for the whole page that shows it. Paper is
// light.
std::string plan_style() {
  return fmt::format(
      ".plan{{{}}}@media screen and (prefers-color-scheme:dark){{:root:not(.printing) .plan{{{}}}}}"
      ".plan text{{font:12px system-ui,sans-serif;fill:var(--plan-text)}}"
      ".plan .name{{font-weight:bold}}.plan .right{{text-anchor:end}}"
      ".plan .soft{{fill:var(--plan-soft)}}.plan .bytes{{fill:var(--plan-arrow)}}"
      ".plan .back{{fill:var(--plan-back)}}.plan .group{{fill:none;stroke:var(--plan-line)}}"
      ".plan .node{{fill:var(--plan-box);stroke:var(--plan-line)}}"
      ".plan .bar{{fill:var(--plan-line)}}.plan .full{{fill:var(--plan-arrow)}}"
      ".plan .flow{{fill:none;stroke:var(--plan-arrow)}}"
      ".plan .tip{{fill:var(--plan-arrow)}}",
      variables(&PlanColour::light), variables(&PlanColour::dark));
}

namespace {

std::string rectangle(const Area& area, const char* kind) {
  return fmt::format("<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" rx=\"4\" class=\"{}\"/>",
                     area.x, area.y, area.width, area.height, kind);
}

std::string text_at(int x, int y, const char* kind, const std::string& text) {
  if (text.empty()) return "";
  return fmt::format("<text x=\"{}\" y=\"{}\" class=\"{}\">{}</text>", x, y, kind, escaped(text));
}

std::string draw(const PictureBox& box) {
  const Area& at = box.area;
  std::string out = rectangle(at, "node");
  out += text_at(at.x + 8, at.y + 18, "name", box.name);
  out += text_at(at.right() - 8, at.y + 18, "right soft", box.place);
  out += text_at(at.x + 8, at.y + 36, "holds", box.holds);
  if (box.fill >= 0) {
    Area bar{at.x + 8, at.y + 44, at.width - 16, 8};
    out += rectangle(bar, "bar");
    bar.width = static_cast<int>(bar.width * std::min(1.0, box.fill));
    out += rectangle(bar, "full");
    out += text_at(at.x + 8, at.y + 67, "soft", box.memory);
  }
  return out + "\n";
}

std::string draw(const PictureGroup& group) {
  std::string out = rectangle(group.area, "group");
  out += text_at(group.area.x + 12, group.area.y + 22, "title", group.title);
  out += text_at(group.area.x + 12, group.area.y + 42, "bytes", group.exchange);
  for (const PictureBox& box : group.boxes) out += draw(box);
  return out + "\n";
}

std::string draw(const PictureArrow& arrow, int right) {
  return fmt::format(
      "<path d=\"M{0},{1} H{2} V{3} H{4}\" class=\"flow\"/>"
      "<path d=\"M{0},{3} l8,-4 v8 z\" class=\"tip\"/>{5}\n",
      right, arrow.from_y, arrow.lane, arrow.to_y, right + 8,
      text_at(arrow.label_area.x, arrow.from_y - 5, "bytes", arrow.label));
}

std::string drawn(const Plan& plan, const std::vector<Flow>& flows, const std::string& style) {
  const PlanPicture picture = picture_of(plan, flows);
  std::string out = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"plan\" viewBox=\"0 0 {0} {1}\" "
      "width=\"{0}\" height=\"{1}\">\n<title>{2}: tensor bytes per request of {3} steps</title>\n",
      picture.width, picture.height, escaped(plan.model), plan.steps);
  out += style;
  out += rectangle({0, 0, picture.width, picture.height}, "back") + "\n";
  for (const PictureGroup& group : picture.groups) out += draw(group);
  for (const PictureArrow& arrow : picture.arrows)
    out += draw(arrow, picture.groups[arrow.from].area.right());
  return out + "</svg>\n";
}

}  // namespace

std::string plan_svg(const Plan& plan) {
  return drawn(plan, flows(plan), fmt::format("<style>{}</style>\n", plan_style()));
}

std::string plan_svg(const Plan& plan, const std::vector<Flow>& flows) {
  return drawn(plan, flows, "");
}

}  // namespace soliton
