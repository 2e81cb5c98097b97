#include "partition/plan/plan_picture.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "partition/plan/explain.h"

namespace soliton {
namespace {

constexpr int kMargin = 20, kPadding = 12, kGap = 16;
constexpr int kBoxWidth = 216, kBoxHeight = 76;
constexpr int kLine = 20;  // of text above the boxes of a group
constexpr int kRow = 24;   // for the end of an arrow and its label
constexpr int kLabelWidth = 170;
constexpr int kLane = 14;
constexpr std::size_t kColumns = 4, kFewestColumns = 2;  // boxes side by side; room for titles
constexpr double kLetter = 6.6;                          // mean width in 12 pixels

// The beginning, as many letters as fit; never a part of one.
std::string shortened(const std::string& text, int pixels) {
  const auto most = static_cast<std::size_t>(pixels / kLetter);
  if (text.size() <= most) return text;
  std::size_t end = most - 3;
  while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80U) --end;
  return text.substr(0, end) + "...";
}

PictureBox box_of(const Placement& it) {
  PictureBox box;
  constexpr int kInside = kBoxWidth - 16;
  box.place = shortened(it.place, kInside / 3);
  box.name = shortened(it.node, kInside * 2 / 3);
  box.holds = shortened(fmt::format("{}", fmt::join(it.holds, ", ")), kInside);
  for (const MemoryUse& use : it.memory) {
    if (use.capacity == 0) continue;
    const double fill = static_cast<double>(use.used) / static_cast<double>(use.capacity);
    if (fill < box.fill) continue;
    box.fill = fill;
    box.memory = shortened(fmt::format("{} {}/{} ({} %)", use.memory, use.used, use.capacity,
                                       use.used * 100 / use.capacity),
                           kInside);
  }
  return box;
}

// Neighbours alike in one box.
std::vector<PictureBox> boxes_of(const std::vector<const Placement*>& nodes, bool merged) {
  std::vector<PictureBox> out;
  for (std::size_t i = 0; i < nodes.size();) {
    std::size_t end = i + 1;
    const auto alike = [&](const Placement& it) {
      return it.place == nodes[i]->place && it.step == nodes[i]->step;
    };
    while (merged && end < nodes.size() && alike(*nodes[end])) ++end;
    PictureBox& box = out.emplace_back(box_of(*nodes[i]));
    if (end - i > 1) {
      box.name = shortened(fmt::format("{} to {}", nodes[i]->node, nodes[end - 1]->node),
                           (kBoxWidth - 16) * 2 / 3);
      box.holds = fmt::format("{} nodes alike", end - i);
    }
    i = end;
  }
  return out;
}

class Layout {
 public:
  Layout(const Plan& plan, const std::vector<Flow>& flows) : plan_(plan), flows_(flows) {}

  PlanPicture run() {
    find_groups();
    find_arrows();
    place_groups();
    place_arrows();
    return std::move(picture_);
  }

 private:
  struct Sum {
    std::int64_t bytes = 0, messages = 0;
  };

  void find_groups() {
    std::vector<std::vector<const Placement*>> nodes(plan_.stages.size() + 1);
    for (std::size_t k = 0; k < plan_.stages.size(); ++k)
      for (const std::string& node : plan_.stages[k].nodes) group_[node] = k + 1;
    for (const Placement& it : plan_.placements) nodes[group_[it.node]].push_back(&it);
    const bool merged = plan_.placements.size() > kMostBoxes;
    for (std::size_t g = 0; g < nodes.size(); ++g) {
      PictureGroup& group = picture_.groups.emplace_back();
      group.boxes = boxes_of(nodes[g], merged);
      group.title = g == 0 ? "hosts" : fmt::format("stage {}: {}", g, layers(plan_.stages[g - 1]));
    }
    if (std::ranges::find(plan_.placements, plan_.host, &Placement::node) ==
        plan_.placements.end()) {
      std::vector<PictureBox>& hosts = picture_.groups.front().boxes;
      hosts.insert(hosts.begin(), PictureBox{{}, plan_.host, "", "clients", "", -1});
    }
  }

  static std::string layers(const PlanStage& stage) {
    if (stage.layers.size() < 2) return stage.layers.empty() ? "" : stage.layers.front();
    return fmt::format("{} to {}, {} layers", stage.layers.front(), stage.layers.back(),
                       stage.layers.size());
  }

  void find_arrows() {
    std::map<std::pair<std::size_t, std::size_t>, Sum> sums;
    for (const Flow& flow : flows_) {
      Sum& sum = sums[{group_[flow.from], group_[flow.to]}];
      sum.bytes += flow.bytes;
      sum.messages += flow.messages;
    }
    for (const auto& [ends, sum] : sums) {
      const std::string words = fmt::format("{}, {} message{}", bytes_words(sum.bytes),
                                            sum.messages, sum.messages == 1 ? "" : "s");
      if (ends.first == ends.second)
        picture_.groups[ends.first].exchange = "sent among them: " + words;
      else
        picture_.arrows.push_back({ends.first, ends.second, 0, 0, 0, words, {}});
    }
  }

  int head(const PictureGroup& group) const { return group.exchange.empty() ? kLine : 2 * kLine; }

  void place_groups() {
    std::size_t columns = kFewestColumns;
    for (const PictureGroup& group : picture_.groups)
      columns = std::max(columns, std::min(kColumns, group.boxes.size()));
    const int width = 2 * kPadding + static_cast<int>(columns) * (kBoxWidth + kGap) - kGap;
    int y = kMargin;
    for (std::size_t g = 0; g < picture_.groups.size(); ++g) {
      PictureGroup& group = picture_.groups[g];
      group.title = shortened(group.title, width - 2 * kPadding);
      group.exchange = shortened(group.exchange, width - 2 * kPadding);
      const auto rows = static_cast<int>((group.boxes.size() + columns - 1) / columns);
      const auto ends = std::ranges::count_if(
          picture_.arrows, [&](const PictureArrow& it) { return it.from == g || it.to == g; });
      const int inside = head(group) + rows * (kBoxHeight + kGap) - kGap;
      group.area = {kMargin, y, width,
                    std::max(2 * kPadding + inside, kRow * (static_cast<int>(ends) + 1))};
      for (std::size_t b = 0; b < group.boxes.size(); ++b)
        group.boxes[b].area = {
            kMargin + kPadding + static_cast<int>(b % columns) * (kBoxWidth + kGap),
            y + kPadding + head(group) + static_cast<int>(b / columns) * (kBoxHeight + kGap),
            kBoxWidth, kBoxHeight};
      y = group.area.bottom() + kGap;
    }
    picture_.width = kMargin + width + kMargin;
    picture_.height = y - kGap + kMargin;
  }

  // Ends of arrows get rows of their groups, those to groups above first; then lanes, short arrows
  // inside.
  void place_arrows() {
    for (std::size_t g = 0; g < picture_.groups.size(); ++g) {
      std::vector<std::pair<std::size_t, int*>> ends;  // by the group at the other end
      for (PictureArrow& arrow : picture_.arrows) {
        if (arrow.to == g) ends.emplace_back(arrow.from, &arrow.to_y);
        if (arrow.from == g) ends.emplace_back(arrow.to, &arrow.from_y);
      }
      std::ranges::stable_sort(ends, {}, [](const auto& it) { return it.first; });
      for (std::size_t k = 0; k < ends.size(); ++k)
        *ends[k].second = picture_.groups[g].area.y + kRow * (static_cast<int>(k) + 1);
    }
    std::vector<PictureArrow*> order;
    for (PictureArrow& arrow : picture_.arrows) order.push_back(&arrow);
    std::ranges::stable_sort(
        order, {}, [](const PictureArrow* it) { return std::abs(it->from_y - it->to_y); });
    std::vector<std::vector<std::pair<int, int>>> lanes;  // what is taken, from and to
    for (PictureArrow* arrow : order) place_arrow(*arrow, lanes);
  }

  void place_arrow(PictureArrow& arrow, std::vector<std::vector<std::pair<int, int>>>& lanes) {
    const auto [low, high] = std::minmax(arrow.from_y, arrow.to_y);
    const auto free = [low = low, high = high](const std::vector<std::pair<int, int>>& taken) {
      return std::ranges::none_of(
          taken, [&](const auto& it) { return it.first <= high && low <= it.second; });
    };
    auto lane = std::ranges::find_if(lanes, free);
    if (lane == lanes.end()) lane = lanes.emplace(lanes.end());
    lane->emplace_back(low, high);
    const int right = picture_.groups[arrow.from].area.right();
    arrow.lane = right + kLabelWidth + kLane * static_cast<int>(lane - lanes.begin());
    arrow.label = shortened(arrow.label, kLabelWidth - 2 * kPadding);
    arrow.label_area = {right + kPadding, arrow.from_y - kLine + 2, kLabelWidth - 2 * kPadding,
                        kLine - 4};
    picture_.width = std::max(picture_.width, arrow.lane + kMargin);
  }

  const Plan& plan_;
  const std::vector<Flow>& flows_;
  PlanPicture picture_;
  std::map<std::string, std::size_t> group_;  // by node; others are hosts
};

}  // namespace

PlanPicture picture_of(const Plan& plan, const std::vector<Flow>& flows) {
  return Layout(plan, flows).run();
}

}  // namespace soliton
