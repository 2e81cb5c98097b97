// One request from the trace: nodes as lanes, what their units did, messages as arrows, and the way back
// from the answer over the last message that each node waited for.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cluster/report/chart.h"
#include "cluster/report/html.h"
#include "cluster/report/report_sections.h"
#include "cluster/report/traced_run.h"
#include "cluster/report/words.h"

namespace soliton {
namespace {

constexpr double kPlotWidth = 900, kRight = 24, kTop = 8, kAxis = 30;
constexpr double kLane = 34, kBar = 20;
constexpr double kLetter = 7;
constexpr std::size_t kLanesMost = 48, kArrowsMost = 200, kRowsMost = 400, kWayMost = 600;
constexpr double kThinnest = 0.7;  // pixels; what is closer together is drawn as one

// A bar of the picture: neighbours too close to tell apart are one.
struct Bar {
  std::size_t lane = 0;
  std::string unit, name;
  Duration from{}, to{};
  std::size_t count = 1;
};

struct Gantt {
  std::int64_t request = 0;
  Duration from{}, to{};
  std::vector<std::string> lanes;  // the host first
  std::vector<Bar> served, bars;
  std::vector<const TracedMessage*> messages;
  std::vector<const TracedMessage*> way;  // from the answer back

  double x(Duration at) const {
    return kPlotWidth * static_cast<double>((at - from).count()) /
           static_cast<double>((to - from).count());
  }
  std::optional<std::size_t> lane_of(const std::string& node) const {
    const auto found = std::ranges::find(lanes, node);
    if (found == lanes.end()) return std::nullopt;
    return static_cast<std::size_t>(found - lanes.begin());
  }
};

void add_bars(const TracedRun& trace, Gantt& gantt) {
  std::map<std::pair<std::size_t, std::string>, Bar> last;
  const auto put = [&](const Bar& bar) {
    (bar.unit == "requests" ? gantt.served : gantt.bars).push_back(bar);
  };
  std::vector<const TracedSlice*> own;
  for (const TracedSlice& slice : trace.slices)
    if (slice.request == gantt.request && slice.to > gantt.from && slice.from < gantt.to)
      own.push_back(&slice);
  std::ranges::stable_sort(own, {}, [](const TracedSlice* slice) { return slice->from; });
  for (const TracedSlice* slice : own) {
    const std::optional<std::size_t> lane = gantt.lane_of(slice->node);
    if (!lane || (slice->unit == "requests" && *lane == 0)) continue;
    const Bar bar{*lane, slice->unit, slice->name, slice->from, slice->to};
    const auto [before, first] = last.try_emplace({*lane, slice->unit}, bar);
    if (first) continue;
    if (gantt.x(bar.from) - gantt.x(before->second.to) < kThinnest &&
        (gantt.x(bar.to) - gantt.x(bar.from) < 3 * kThinnest)) {
      before->second.to = std::max(before->second.to, bar.to);
      ++before->second.count;
    } else {
      put(before->second);
      before->second = bar;
    }
  }
  for (const auto& [key, bar] : last) put(bar);
}

void find_way(const TracedRun& trace, Gantt& gantt) {
  std::string node = gantt.lanes.front();
  Duration until = gantt.to;
  while (gantt.way.size() < kWayMost) {
    const TracedMessage* found = nullptr;
    for (const TracedMessage& message : trace.messages) {
      if (message.arrived > until) break;
      if (message.to == node && message.left >= gantt.from) found = &message;
    }
    if (found == nullptr || !gantt.lane_of(found->from)) return;
    gantt.way.push_back(found);
    node = found->from;
    until = found->left;
  }
}

std::optional<Gantt> gantt_of(const TracedRun& trace, const TracedSlice& request) {
  if (request.to <= request.from) return std::nullopt;
  Gantt out{.request = request.request, .from = request.from, .to = request.to};
  out.lanes.push_back(request.node);
  for (const TracedSlice& slice : trace.slices)
    if (slice.request == out.request && !out.lane_of(slice.node) && out.lanes.size() < kLanesMost)
      out.lanes.push_back(slice.node);
  std::sort(out.lanes.begin() + 1, out.lanes.end(), [](const auto& one, const auto& other) {
    return std::pair(one.size(), one) < std::pair(other.size(), other);
  });
  if (out.lanes.size() < 2) return std::nullopt;
  add_bars(trace, out);
  if (out.bars.empty()) return std::nullopt;
  for (const TracedMessage& message : trace.messages)
    if (message.left >= out.from && message.arrived <= out.to && out.lane_of(message.from) &&
        out.lane_of(message.to))
      out.messages.push_back(&message);
  find_way(trace, out);
  return out;
}

const char* colour_of(const std::string& unit) {
  return unit == "MVU" ? "f0" : unit == "MFU" ? "f2" : "f3";
}

class Drawing {
 public:
  explicit Drawing(const Gantt& gantt) : gantt_(gantt) {
    std::size_t longest = 0;
    for (const std::string& lane : gantt.lanes) longest = std::max(longest, lane.size());
    left_ = 14 + kLetter * static_cast<double>(longest);
    bottom_ = kTop + kLane * static_cast<double>(gantt.lanes.size());
  }

  std::string svg() {
    const double width = left_ + kPlotWidth + kRight;
    std::string out = fmt::format(
        "<svg width=\"{0:.0f}\" height=\"{1:.0f}\" viewBox=\"0 0 {0:.0f} {1:.0f}\" role=\"img\" "
        "aria-label=\"request {2} on its nodes over time; the table below has the same "
        "bars\">\n<defs><pattern id=\"wait{2}\" width=\"6\" height=\"6\" "
        "patternUnits=\"userSpaceOnUse\" patternTransform=\"rotate(45)\"><path class=\"wait\" "
        "d=\"M0 0v6\"/></pattern></defs>\n",
        width, bottom_ + kAxis, gantt_.request);
    out += axis();
    for (std::size_t lane = 0; lane < gantt_.lanes.size(); ++lane)
      out += fmt::format("<text class=\"end\" x=\"{:.1f}\" y=\"{:.1f}\">{}</text>\n", left_ - 8,
                         middle(lane) + 4, html_escape(gantt_.lanes[lane]));
    for (const Bar& bar : gantt_.served)
      out += rectangle(bar, fmt::format("fill=\"url(#wait{})\"", gantt_.request));
    for (const Bar& bar : gantt_.bars)
      out += rectangle(bar, fmt::format("class=\"{}\"", colour_of(bar.unit)));
    if (gantt_.messages.size() <= kArrowsMost)
      for (const TracedMessage* message : gantt_.messages) out += arrow(*message, "arrow");
    for (const TracedMessage* message : gantt_.way) out += arrow(*message, "path");
    return out + "</svg>\n";
  }

 private:
  double middle(std::size_t lane) const { return kTop + kLane * (static_cast<double>(lane) + 0.5); }

  std::string rectangle(const Bar& bar, const std::string& look) const {
    const double from = std::max(0.0, gantt_.x(bar.from)),
                 to = std::min(kPlotWidth, gantt_.x(bar.to));
    return fmt::format(
        "<rect {} x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{}\"><title>{}: {}, {} to "
        "{}</title></rect>\n",
        look, left_ + from, middle(bar.lane) - kBar / 2, std::max(0.8, to - from), kBar,
        html_escape(gantt_.lanes[bar.lane]), html_escape(bar_name(bar)),
        spell_time(bar.from - gantt_.from), spell_time(bar.to - gantt_.from));
  }

  std::string arrow(const TracedMessage& message, const char* kind) const {
    const std::size_t from = *gantt_.lane_of(message.from), to = *gantt_.lane_of(message.to);
    const double side = to > from ? kBar / 2 : -kBar / 2;
    const double x = left_ + gantt_.x(message.arrived), y = middle(to) - side;
    const double back = side > 0 ? -5 : 5;
    return fmt::format(
        "<path class=\"{}\" d=\"M{:.1f} {:.1f}L{:.1f} {:.1f}m-3 {}l3 {}l3 {}\"><title>{} to {}, {} "
        "on the way</title></path>\n",
        kind, left_ + gantt_.x(message.left), middle(from) + side, x, y, back, -back, back,
        html_escape(message.from), html_escape(message.to),
        spell_time(message.arrived - message.left));
  }

  std::string axis() const {
    const TimeUnit unit = TimeUnit::fitting(gantt_.to - gantt_.from);
    const double whole = static_cast<double>((gantt_.to - gantt_.from).count()) /
                         static_cast<double>(unit.size.count());
    std::string out;
    for (const double tick : round_ticks(whole, 8)) {
      if (tick > whole) continue;
      const double x = left_ + kPlotWidth * tick / whole;
      out += fmt::format(
          "<path class=\"grid\" d=\"M{0:.1f} {1}V{2:.1f}\"/><text class=\"soft middle\" "
          "x=\"{0:.1f}\" y=\"{3:.1f}\">{4}</text>\n",
          x, kTop, bottom_, bottom_ + 18,
          tick == 0 ? fmt::format("0 {}", unit.name) : brief(tick, 4));
    }
    return out;
  }

 public:
  static std::string bar_name(const Bar& bar) {
    if (bar.unit == "requests") return "serves it; hatched: waits";
    if (bar.count == 1) return fmt::format("{} {}", bar.unit, bar.name);
    return fmt::format("{} {} and {} more", bar.unit, bar.name, bar.count - 1);
  }

 private:
  const Gantt& gantt_;
  double left_ = 0, bottom_ = 0;
};

std::string table_of(const Gantt& gantt) {
  std::vector<std::vector<std::string>> rows;
  for (const Bar& bar : gantt.bars) {
    if (rows.size() == kRowsMost) break;
    rows.push_back({gantt.lanes[bar.lane], Drawing::bar_name(bar),
                    spell_time(bar.from - gantt.from), spell_time(bar.to - gantt.from)});
  }
  for (const TracedMessage* message : gantt.way) {
    if (rows.size() == kRowsMost) break;
    rows.push_back({message->from, "last message that " + message->to + " waited for",
                    spell_time(message->left - gantt.from),
                    spell_time(message->arrived - gantt.from)});
  }
  const std::size_t all = gantt.bars.size() + gantt.way.size();
  return fmt::format("<details><summary>{} as a table</summary>\n{}</details>",
                     rows.size() < all
                         ? fmt::format("The first {} of {} bars and messages", rows.size(), all)
                         : "These bars and messages",
                     html_table({"node", "what", "from", "to"}, rows, 2));
}

std::string keys() {
  return "<div class=\"keys\"><span><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect "
         "class=\"f0\" width=\"12\" height=\"12\"/></svg> chain with a matrix product (MVU)</span>"
         "<span><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect class=\"f2\" "
         "width=\"12\" height=\"12\"/></svg> chain without one (MFU)</span>"
         "<span><svg width=\"12\" height=\"12\" aria-hidden=\"true\"><rect class=\"f3\" "
         "width=\"12\" height=\"12\"/></svg> host</span>"
         "<span>hatched: has the request and waits</span>"
         "<span><svg width=\"28\" height=\"10\" aria-hidden=\"true\"><path class=\"path\" "
         "d=\"M0 5h28\"/></svg> last message that a node waited for, back from the answer</span>"
         "</div>\n";
}

std::string figure_of(const Gantt& gantt, const std::string& which) {
  Drawing drawing(gantt);
  std::string words =
      gantt.messages.size() > kArrowsMost
          ? fmt::format("It has {} messages: only those on the way back from the answer are drawn.",
                        gantt.messages.size())
          : "";
  return fmt::format(
      "<figure class=\"picture\"><figcaption>Request {}, {}: {}</figcaption>{}<div class=\"wide\" "
      "tabindex=\"0\">{}</div>{}{}</figure>\n",
      gantt.request, spell_time(gantt.to - gantt.from), html_escape(which),
      html_paragraph(words, "soft"), drawing.svg(), keys(), table_of(gantt));
}

std::vector<const TracedSlice*> traced_requests(const TracedRun& trace) {
  std::vector<const TracedSlice*> out;
  for (const TracedSlice& slice : trace.slices)
    if (slice.unit == "requests" && slice.name.starts_with("request ")) out.push_back(&slice);
  std::ranges::stable_sort(out, {}, [](const TracedSlice* it) { return it->to - it->from; });
  return out;
}

}  // namespace

std::string gantt_html(const RunReport& run) {
  const std::string& text = run.input.texts.trace;
  if (text.empty()) return "";
  if (text.size() > kTraceBytesLimit)
    return html_paragraph(
        "trace.json is too large to draw a request of it here; open it in Perfetto.", "soft");
  const TracedRun trace = read_trace(text);
  const std::vector<const TracedSlice*> requests = traced_requests(trace);
  if (requests.empty()) return "";
  const TracedSlice &median = *requests[(requests.size() - 1) / 2], &slowest = *requests.back();
  std::string out;
  if (const auto gantt = gantt_of(trace, median))
    out += figure_of(*gantt,
                     requests.size() == 1
                         ? "the one that was traced"
                         : fmt::format("the median of the {} that were traced", requests.size()));
  if ((slowest.to - slowest.from) * 10 > (median.to - median.from) * 11)
    if (const auto gantt = gantt_of(trace, slowest))
      out += figure_of(*gantt, "the slowest that was traced");
  return out;
}

}  // namespace soliton
