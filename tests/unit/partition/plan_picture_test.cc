// The picture of a plan: nothing lies on anything else, and words can be read.
#include "partition/plan/plan_picture.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

#include "partition/plan/explain.h"
#include "partition/plan/plan_colours.h"
#include "protocol/base/rng.h"

namespace soliton::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

bool overlap(const Area& a, const Area& b) {
  return a.x < b.right() && b.x < a.right() && a.y < b.bottom() && b.y < a.bottom();
}

bool inside(const Area& a, const Area& b) {
  return a.x >= b.x && a.y >= b.y && a.right() <= b.right() && a.bottom() <= b.bottom();
}

Placement placement(const std::string& node, std::int64_t used) {
  Placement out;
  out.node = node;
  out.device = "bw-s10";
  out.place = "rack0";
  out.holds = {"rows 0-1199 of a layer with a long name"};
  out.memory = {{"MatrixRf", used, 306}};
  out.step.cycles = static_cast<double>(used);
  return out;
}

// Stages of some nodes each; every node sends to a few others.
Plan random_plan(std::uint64_t seed) {
  const Random random(seed, "picture");
  std::uint64_t turn = 0;
  const auto below = [&](std::size_t most) {
    return std::min(most - 1,
                    static_cast<std::size_t>(random.unit(turn++) * static_cast<double>(most)));
  };
  Plan plan;
  plan.host = "host0";
  plan.steps = 7;
  const std::size_t nodes = 1 + below(40);
  for (std::size_t i = 0; i < nodes; ++i) {
    if (i == 0 || below(3) == 0) {
      PlanStage& stage = plan.stages.emplace_back();
      stage.layers.assign(1 + below(3), "some/layer/with/a/long/name");
    }
    plan.stages.back().nodes.push_back("fpga" + std::to_string(i));
    plan.placements.push_back(
        placement(plan.stages.back().nodes.back(), 10 + static_cast<std::int64_t>(i)));
  }
  for (std::size_t i = 0; i <= nodes; ++i)
    for (std::size_t k = below(4); k > 0; --k) {
      HostPorts::Send& send = plan.host_ports.sends.emplace_back();
      send.host = i == nodes ? plan.host : "fpga" + std::to_string(i);
      send.elements = 100'000;
      send.destinations = {{below(9) == 0 ? plan.host : "fpga" + std::to_string(below(nodes)), 0}};
    }
  return plan;
}

void expect_apart(const std::vector<Area>& areas, const char* what) {
  for (std::size_t i = 0; i < areas.size(); ++i)
    for (std::size_t j = i + 1; j < areas.size(); ++j)
      EXPECT_FALSE(overlap(areas[i], areas[j])) << what << " " << i << " and " << j;
}

void expect_groups_apart(const PlanPicture& picture, const Area& whole) {
  std::vector<Area> groups;
  for (const PictureGroup& group : picture.groups) {
    groups.push_back(group.area);
    EXPECT_TRUE(inside(group.area, whole));
    std::vector<Area> boxes;
    for (const PictureBox& box : group.boxes) {
      boxes.push_back(box.area);
      EXPECT_TRUE(inside(box.area, group.area));
      EXPECT_GT(box.area.y, group.area.y + (group.exchange.empty() ? 22 : 42));
    }
    expect_apart(boxes, "boxes");
  }
  expect_apart(groups, "groups");
}

void expect_arrows_apart(const PlanPicture& picture, const Area& whole) {
  std::vector<Area> labels;
  std::map<int, std::vector<Area>> lanes;
  std::map<std::size_t, std::set<int>> rows;
  std::size_t ends = 0;
  for (const PictureArrow& arrow : picture.arrows) {
    labels.push_back(arrow.label_area);
    EXPECT_TRUE(inside(arrow.label_area, whole));
    EXPECT_GT(arrow.lane, arrow.label_area.right());
    EXPECT_LT(arrow.lane, whole.right());
    const auto [low, high] = std::minmax(arrow.from_y, arrow.to_y);
    lanes[arrow.lane].push_back({arrow.lane, low, 1, high - low + 1});
    for (const auto& [group, y] : {std::pair{arrow.from, arrow.from_y}, {arrow.to, arrow.to_y}}) {
      const Area& area = picture.groups[group].area;
      EXPECT_TRUE(area.y < y && y < area.bottom());
      rows[group].insert(y);
      ++ends;
    }
  }
  expect_apart(labels, "labels");
  for (const auto& [x, parts] : lanes) expect_apart(parts, "parts of a lane");
  for (const auto& [group, own] : rows) ends -= own.size();
  EXPECT_EQ(ends, 0u) << "two ends in one row";
}

TEST(PlanPicture, NothingLiesOnAnythingElse) {
  std::size_t arrows = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const PlanPicture picture = picture_of(random_plan(seed));
    const Area whole{0, 0, picture.width, picture.height};
    expect_groups_apart(picture, whole);
    expect_arrows_apart(picture, whole);
    arrows += picture.arrows.size();
  }
  EXPECT_GT(arrows, 1000u);
}

TEST(PlanPicture, ManyNodesAlikeAreOneBox) {
  Plan plan;
  plan.host = "host0";
  plan.steps = 1;
  PlanStage& stage = plan.stages.emplace_back();
  stage.layers = {"lstm0"};
  for (int i = 0; i < 64; ++i) {
    stage.nodes.push_back("fpga" + std::to_string(i));
    plan.placements.push_back(placement(stage.nodes.back(), i < 63 ? 20 : 30));
  }
  const PlanPicture picture = picture_of(plan);
  ASSERT_EQ(picture.groups.size(), 2u);
  ASSERT_EQ(picture.groups[1].boxes.size(), 2u);
  EXPECT_EQ(picture.groups[1].boxes[0].name, "fpga0 to fpga62");
  EXPECT_EQ(picture.groups[1].boxes[0].holds, "63 nodes alike");
  EXPECT_EQ(picture.groups[1].boxes[1].name, "fpga63");
}

TEST(PlanPicture, AHostWithAPartIsOneBox) {
  Plan plan;
  plan.host = "host0";
  plan.steps = 1;
  EXPECT_EQ(picture_of(plan).groups[0].boxes.at(0).holds, "clients");
  plan.placements.push_back(placement("host0", 1));
  plan.placements.push_back(placement("host1", 1));
  EXPECT_EQ(picture_of(plan).groups[0].boxes.size(), 2u);
}

TEST(PlanPicture, NamesCannotBreakThePicture) {
  Plan plan;
  plan.host = "<host & \"others\"\x01>";
  plan.model = "a<b";
  plan.steps = 1;
  plan.placements.push_back(placement("n", 1));
  // A letter of two bytes is cut off whole.
  plan.placements.back().holds = {std::string(26, 'a') + "\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9"};
  const std::string svg = plan_svg(plan);
  EXPECT_THAT(svg, HasSubstr("&lt;host &amp; &quot;others&quot; &gt;"));
  EXPECT_THAT(svg, HasSubstr("<title>a&lt;b: "));
  EXPECT_THAT(svg, HasSubstr(std::string(26, 'a') + "..."));
  EXPECT_THAT(svg, Not(HasSubstr("\xc3...")));
}

// Relative luminance, WCAG 2.1.
double luminance(const std::string& colour) {
  const double weights[] = {0.2126, 0.7152, 0.0722};
  double out = 0;
  for (std::size_t k = 0; k < 3; ++k) {
    const double share = std::stoi(colour.substr(1 + 2 * k, 2), nullptr, 16) / 255.0;
    out += weights[k] * (share <= 0.04045 ? share / 12.92 : std::pow((share + 0.055) / 1.055, 2.4));
  }
  return out;
}

TEST(PlanPicture, WordsCanBeReadInLightAndDark) {
  std::map<std::string, PlanColour> colours;
  for (const PlanColour& colour : plan_colours()) colours[colour.name] = colour;
  for (std::string PlanColour::*theme : {&PlanColour::light, &PlanColour::dark})
    for (const char* words : {"text", "soft", "arrow"})
      for (const char* back : {"back", "box"}) {
        const double a = luminance(colours.at(words).*theme),
                     b = luminance(colours.at(back).*theme);
        EXPECT_GE((std::max(a, b) + 0.05) / (std::min(a, b) + 0.05), 4.5)
            << words << " on " << back;
      }
}

}  // namespace
}  // namespace soliton::test
