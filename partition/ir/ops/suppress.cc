// NonMaxSuppression: of boxes that overlap, the one with the best score.
#include <array>
#include <numeric>

#include "partition/ir/ops/common.h"

namespace soliton::ir {

namespace {

struct Box {
  float low_y, low_x, high_y, high_x;
  float area() const { return (high_y - low_y) * (high_x - low_x); }
};

// Two opposite corners in any order, or with `centred` a centre, a width and a height.
Box box_of(const float* four, bool centred) {
  if (centred)
    return {four[1] - four[3] / 2, four[0] - four[2] / 2, four[1] + four[3] / 2,
            four[0] + four[2] / 2};
  return {std::min(four[0], four[2]), std::min(four[1], four[3]), std::max(four[0], four[2]),
          std::max(four[1], four[3])};
}

// Whether the overlap, as a part of what both cover, is above the threshold.
bool overlap(const Box& a, const Box& b, float threshold) {
  const float height = std::min(a.high_y, b.high_y) - std::max(a.low_y, b.low_y);
  const float width = std::min(a.high_x, b.high_x) - std::max(a.low_x, b.low_x);
  if (!(height > 0) || !(width > 0) || !(a.area() > 0) || !(b.area() > 0)) return false;
  const float common = height * width;
  return common / (a.area() + b.area() - common) > threshold;
}

struct Limits {
  std::int64_t most = 0;  // boxes of each batch and class
  float overlap = 0;
  bool has_score = false;
  float score = 0;
};

Result<Limits> limits_of(const Call& call) {
  Limits limits;
  for (const std::size_t k : {2UL, 3UL, 4UL})
    if (call.has(k) && call.input(k).elements() != 1)
      return invalid(fmt::format("has an input {} that is not one number", k));
  if (call.has(2))
    limits.most = converted(call.input(2), ElementType::kInt64).as<std::int64_t>()[0];
  if (call.has(3)) limits.overlap = static_cast<float>(number_of(call.input(3)));
  limits.has_score = call.has(4);
  if (limits.has_score) limits.score = static_cast<float>(number_of(call.input(4)));
  return limits;
}

// The boxes of one batch and class that stay, the best first; of equal scores the lower index.
std::vector<std::int64_t> chosen(std::span<const Box> boxes, const float* scores,
                                 const Limits& limits) {
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < boxes.size(); ++i)
    if (limits.has_score ? scores[i] > limits.score : scores[i] == scores[i])
      order.push_back(static_cast<std::int64_t>(i));
  std::ranges::stable_sort(order, [&](auto a, auto b) { return scores[a] > scores[b]; });
  std::vector<std::int64_t> out;
  for (const std::int64_t candidate : order) {
    if (static_cast<std::int64_t>(out.size()) >= limits.most) break;
    const bool hidden = std::ranges::any_of(out, [&](std::int64_t other) {
      return overlap(boxes[static_cast<std::size_t>(candidate)],
                     boxes[static_cast<std::size_t>(other)], limits.overlap);
    });
    if (!hidden) out.push_back(candidate);
  }
  return out;
}

Status check_boxes(const Call& call) {
  static constexpr std::array kFloat = {ElementType::kFloat32};
  for (const std::size_t k : {0UL, 1UL}) SOLITON_IR_CHECK(check_type(call, k, kFloat));
  const Shape& boxes = call.input(0).shape();
  const Shape& scores = call.input(1).shape();
  if (boxes.size() != 3 || scores.size() != 3 || boxes[2] != 4 || boxes[0] != scores[0] ||
      boxes[1] != scores[2])
    return invalid(fmt::format("has boxes of shape {} and scores of shape {}", shape_text(boxes),
                               shape_text(scores)));
  if (!call.known()) return invalid("makes as many elements as the data of a request say");
  return {};
}

// Rows of batch, class, box.
Result<Outputs> non_max_suppression(const Call& call) {
  SOLITON_IR_CHECK(check_boxes(call));
  SOLITON_IR_TRY(limits, limits_of(call));
  SOLITON_IR_TRY(centred, call.node.integer("center_point_box", 0));
  const Array& scores = call.input(1);
  const std::int64_t batches = scores.shape()[0], classes = scores.shape()[1],
                     count = scores.shape()[2];
  std::vector<std::int64_t> rows;
  for (std::int64_t batch = 0; batch < (scores.elements() == 0 ? 0 : batches); ++batch) {
    std::vector<Box> boxes;
    for (std::int64_t i = 0; i < count; ++i)
      boxes.push_back(
          box_of(call.input(0).as<float>().data() + (batch * count + i) * 4, centred != 0));
    for (std::int64_t c = 0; c < classes; ++c)
      for (const std::int64_t box :
           chosen(boxes, scores.as<float>().data() + (batch * classes + c) * count, limits))
        rows.insert(rows.end(), {batch, c, box});
  }
  const auto selected = static_cast<std::int64_t>(rows.size()) / 3;
  return one(Array::of({selected, 3}, std::move(rows)));
}

constexpr Operator kOperators[] = {{"NonMaxSuppression", non_max_suppression}};

}  // namespace

std::span<const Operator> suppress_operators() { return kOperators; }

}  // namespace soliton::ir
