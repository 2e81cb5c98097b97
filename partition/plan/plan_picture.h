// The picture of a plan, before it is drawn: where everything stands. The hosts and each stage are
// groups below each other, a box for each node in them; arrows between groups run in lanes of their
// own beside them, so that nothing lies on anything else.
#pragma once

#include <string>
#include <vector>

#include "partition/plan/plan.h"
#include "partition/plan/traffic.h"

namespace soliton {

// In pixels, from the upper left corner.
struct Area {
  int x = 0, y = 0, width = 0, height = 0;
  int right() const { return x + width; }
  int bottom() const { return y + height; }
};

// A node, or neighbours alike where there are many.
struct PictureBox {
  Area area;
  std::string name, place, holds, memory;
  double fill = -1;  // of the fullest memory; below 0: it has none
};

struct PictureGroup {
  Area area;
  std::string title;
  std::string exchange;  // what its nodes send each other; may be ""
  std::vector<PictureBox> boxes;
};

// From the right side of a group to that of another: out at `from_y`, along a lane, in at `to_y`.
struct PictureArrow {
  std::size_t from = 0, to = 0;  // groups
  int from_y = 0, to_y = 0, lane = 0;
  std::string label;
  Area label_area;
};

struct PlanPicture {
  int width = 0, height = 0;
  std::vector<PictureGroup> groups;  // the hosts first, then the stages in order
  std::vector<PictureArrow> arrows;
};

// More nodes than this are drawn as one box for neighbours alike.
inline constexpr std::size_t kMostBoxes = 32;

// `flows` are what it sends.
PlanPicture picture_of(const Plan& plan, const std::vector<Flow>& flows);
inline PlanPicture picture_of(const Plan& plan) { return picture_of(plan, flows(plan)); }

}  // namespace soliton
