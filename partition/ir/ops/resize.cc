// Resize and Upsample: interpolation axis after axis.
//
// Coordinates are computed in fp32 as ONNX Runtime does, because a nearest neighbour at a tie
// depends on their rounding; weighted sums in double for float64 and in fp32 otherwise.
#include <array>
#include <cmath>

#include "partition/ir/ops/common.h"
#include "partition/ir/ops/moves.h"

namespace soliton::ir {

namespace {

enum class Coordinates : std::uint8_t {
  kHalfPixel,
  kHalfPixelSymmetric,
  kPytorchHalfPixel,
  kAlignCorners,
  kAsymmetric,
  kTfHalfPixelForNn,
  kTfCropAndResize,
};
enum class Filter : std::uint8_t { kNearest, kLinear, kCubic };
enum class Nearest : std::uint8_t { kPreferFloor, kPreferCeil, kFloor, kCeil, kSimple };

template <typename T>
using Names = std::span<const std::pair<std::string_view, T>>;

constexpr std::pair<std::string_view, Coordinates> kCoordinates[] = {
    {"half_pixel", Coordinates::kHalfPixel},
    {"half_pixel_symmetric", Coordinates::kHalfPixelSymmetric},
    {"pytorch_half_pixel", Coordinates::kPytorchHalfPixel},
    {"align_corners", Coordinates::kAlignCorners},
    {"asymmetric", Coordinates::kAsymmetric},
    {"tf_half_pixel_for_nn", Coordinates::kTfHalfPixelForNn},
    {"tf_crop_and_resize", Coordinates::kTfCropAndResize},
};
constexpr std::pair<std::string_view, Filter> kFilters[] = {
    {"nearest", Filter::kNearest}, {"linear", Filter::kLinear}, {"cubic", Filter::kCubic}};
constexpr std::pair<std::string_view, Nearest> kNearest[] = {
    {"round_prefer_floor", Nearest::kPreferFloor},
    {"round_prefer_ceil", Nearest::kPreferCeil},
    {"floor", Nearest::kFloor},
    {"ceil", Nearest::kCeil}};

template <typename T>
Result<T> named(const Call& call, std::string_view attribute, std::string_view otherwise,
                Names<T> names) {
  SOLITON_IR_TRY(name, call.node.text(attribute, otherwise));
  std::string allowed;
  for (const auto& [known, value] : names) {
    if (name == known) return value;
    allowed += fmt::format("{}{}", allowed.empty() ? "" : ", ", known);
  }
  return invalid(fmt::format("has a {} that is none of {}", attribute, allowed));
}

// How one axis is resized.
struct AxisPlan {
  std::int64_t in = 0, out = 0;
  float scale = 1;
  float roi_start = 0, roi_end = 1;  // of tf_crop_and_resize
};

struct ResizePlan {
  Coordinates coordinates = Coordinates::kAsymmetric;
  Filter filter = Filter::kNearest;
  Nearest nearest = Nearest::kSimple;
  float cubic_a = -0.75F;
  bool exclude_outside = false;
  bool antialias = false;
  float extrapolation = 0;
  std::vector<AxisPlan> axes;  // one for each axis of the input

  // The axes that change, those that shrink first: no intermediate array is larger than both the
  // input and the output.
  std::vector<std::size_t> order() const {
    std::vector<std::size_t> out;
    for (const bool shrinks : {true, false})
      for (std::size_t k = 0; k < axes.size(); ++k) {
        const AxisPlan& a = axes[k];
        const bool same =
            a.in == a.out && a.scale == 1 && coordinates != Coordinates::kTfCropAndResize;
        if (!same && (a.out < a.in) == shrinks) out.push_back(k);
      }
    return out;
  }
};

// Before opset 11 there is one meaning of coordinates, and Upsample never got another.
Result<ResizePlan> modes_of(const Call& call) {
  ResizePlan plan;
  SOLITON_IR_TRY(filter, named<Filter>(call, "mode", "nearest", kFilters));
  plan.filter = filter;
  if (call.opset < 11 || call.node.op == "Upsample") return plan;
  SOLITON_IR_TRY(coordinates, named<Coordinates>(call, "coordinate_transformation_mode",
                                                 "half_pixel", kCoordinates));
  SOLITON_IR_TRY(nearest, named<Nearest>(call, "nearest_mode", "round_prefer_floor", kNearest));
  SOLITON_IR_TRY(cubic_a, call.node.real("cubic_coeff_a", -0.75F));
  SOLITON_IR_TRY(exclude, call.node.integer("exclude_outside", 0));
  SOLITON_IR_TRY(antialias, call.node.integer("antialias", 0));
  SOLITON_IR_TRY(extrapolation, call.node.real("extrapolation_value", 0));
  plan.coordinates = coordinates;
  plan.nearest = nearest;
  plan.cubic_a = cubic_a;
  plan.exclude_outside = exclude != 0;
  plan.antialias = antialias != 0 && filter != Filter::kNearest;
  plan.extrapolation = extrapolation;
  return plan;
}

// Numbers of an input that may be left out or be empty.
Result<std::vector<float>> reals_of(const Call& call, std::size_t k, const char* what) {
  const Array& array = call.input(k);
  if (!array.present() || array.elements() == 0) return std::vector<float>();
  if (!is_real(array.type()))
    return invalid(fmt::format("has {} of type {}", what, element_name(array.type())));
  if (!array.known())
    return invalid(fmt::format("has {} that depend on the data of a request", what));
  const Array wide = converted(array, ElementType::kFloat32);
  const std::span<const float> values = wide.as<float>();
  return std::vector<float>(values.begin(), values.end());
}

Status scale_axis(AxisPlan& axis, float scale) {
  const double out = std::floor(static_cast<double>(axis.in) * static_cast<double>(scale));
  if (!(scale > 0) || !(out < 0x1p62))
    return invalid(fmt::format("has a scale {} for an axis of extent {}", scale, axis.in));
  axis.scale = scale;
  axis.out = static_cast<std::int64_t>(out);
  return {};
}

// Extents that are named, or with the aspect ratio kept the largest or smallest common scale.
Status size_axes(ResizePlan& plan, std::span<const std::size_t> axes,
                 std::span<const std::int64_t> sizes, std::string_view policy) {
  float common = 0;
  for (std::size_t k = 0; k < axes.size(); ++k) {
    AxisPlan& axis = plan.axes[axes[k]];
    if (sizes[k] < 0 || (axis.in == 0 && sizes[k] != 0))
      return invalid(fmt::format("has a size {} for an axis of extent {}", sizes[k], axis.in));
    axis.out = sizes[k];
    axis.scale = axis.in == 0 ? 1 : static_cast<float>(axis.out) / static_cast<float>(axis.in);
    const bool better = policy == "not_larger" ? axis.scale < common : axis.scale > common;
    if (k == 0 || better) common = axis.scale;
  }
  if (policy == "stretch") return {};
  if (policy != "not_larger" && policy != "not_smaller")
    return invalid(
        "has a keep_aspect_ratio_policy that is none of stretch, not_larger, not_smaller");
  for (const std::size_t k : axes) {
    AxisPlan& axis = plan.axes[k];
    const double out = std::floor(static_cast<double>(axis.in) * static_cast<double>(common) + 0.5);
    if (!(out < 0x1p62)) return invalid("has sizes that are too large");
    axis.out = static_cast<std::int64_t>(out);
    axis.scale = common;
  }
  return {};
}

// The inputs that say how large the output is: scales are input 1 up to opset 10, and an attribute
// of Upsample before opset 9.
struct SizeInputs {
  std::vector<float> scales, roi;
  std::vector<std::int64_t> sizes;
};
Result<SizeInputs> size_inputs(const Call& call) {
  SizeInputs in;
  const bool modern = call.opset >= 11 && call.node.op == "Resize";
  if (call.node.find("scales") != nullptr) {
    SOLITON_IR_TRY(scales, call.node.reals("scales"));
    in.scales = scales;
    return in;
  }
  SOLITON_IR_TRY(scales, reals_of(call, modern ? 2 : 1, "scales"));
  in.scales = scales;
  if (modern && call.has(3) && call.input(3).elements() > 0) {
    SOLITON_IR_TRY(sizes, integers_of(call, 3, "sizes"));
    in.sizes = sizes;
  }
  if (in.scales.empty() == in.sizes.empty()) return invalid("has to have either scales or sizes");
  return in;
}

Status roi_axes(const Call& call, ResizePlan& plan, std::span<const std::size_t> axes) {
  SOLITON_IR_TRY(roi, reals_of(call, 1, "a roi"));
  if (roi.size() != 2 * axes.size())
    return invalid(fmt::format("has {} numbers of a roi for {} axes", roi.size(), axes.size()));
  for (std::size_t k = 0; k < axes.size(); ++k) {
    plan.axes[axes[k]].roi_start = roi[k];
    plan.axes[axes[k]].roi_end = roi[axes.size() + k];
  }
  return {};
}

Result<ResizePlan> plan_of(const Call& call) {
  SOLITON_IR_CHECK(check_number(call, 0));
  const Shape& shape = call.input(0).shape();
  SOLITON_IR_TRY(plan, modes_of(call));
  std::vector<std::int64_t> all;
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    plan.axes.push_back({shape[axis], shape[axis]});
    all.push_back(static_cast<std::int64_t>(axis));
  }
  SOLITON_IR_TRY(listed, call.node.integers("axes", all));
  SOLITON_IR_TRY(axes, axes_in(listed, shape.size()));
  SOLITON_IR_TRY(inputs, size_inputs(call));
  const std::size_t given = std::max(inputs.scales.size(), inputs.sizes.size());
  if (given != axes.size())
    return invalid(fmt::format("has {} scales or sizes for {} axes", given, axes.size()));
  if (inputs.sizes.empty()) {
    for (std::size_t k = 0; k < axes.size(); ++k)
      SOLITON_IR_CHECK(scale_axis(plan.axes[axes[k]], inputs.scales[k]));
  } else {
    SOLITON_IR_TRY(policy, call.node.text("keep_aspect_ratio_policy", "stretch"));
    SOLITON_IR_CHECK(size_axes(plan, axes, inputs.sizes, policy));
  }
  if (plan.coordinates == Coordinates::kTfCropAndResize)
    SOLITON_IR_CHECK(roi_axes(call, plan, axes));
  return plan;
}

// Where output index i lies on the input's axis.
float coordinate(Coordinates mode, const AxisPlan& axis, std::int64_t index) {
  const auto i = static_cast<float>(index);
  const auto in = static_cast<float>(axis.in), out = static_cast<float>(axis.out);
  switch (mode) {
    case Coordinates::kHalfPixel:
      return (i + 0.5F) / axis.scale - 0.5F;
    case Coordinates::kHalfPixelSymmetric: {
      const float adjustment = out / (axis.scale * in);
      return in / 2 * (1 - adjustment) + (i + 0.5F) / axis.scale - 0.5F;
    }
    case Coordinates::kPytorchHalfPixel:
      return axis.out > 1 ? (i + 0.5F) / axis.scale - 0.5F : 0;
    case Coordinates::kAlignCorners:
      return axis.out == 1 ? 0 : i * (in - 1) / (out - 1);
    case Coordinates::kTfHalfPixelForNn:
      return (i + 0.5F) / axis.scale;
    case Coordinates::kTfCropAndResize:
      return axis.out > 1 ? axis.roi_start * (in - 1) +
                                i * (axis.roi_end - axis.roi_start) * (in - 1) / (out - 1)
                          : 0.5F * (axis.roi_start + axis.roi_end) * (in - 1);
    default:
      return i / axis.scale;
  }
}

// Whether the coordinate lies off the axis and is to be extrapolated.
bool is_outside(const ResizePlan& plan, const AxisPlan& axis, float x) {
  return plan.coordinates == Coordinates::kTfCropAndResize &&
         !(x >= 0 && x <= static_cast<float>(axis.in - 1));
}

std::int64_t nearest_index(Nearest mode, const AxisPlan& axis, float x) {
  float at = std::floor(x);
  if (mode == Nearest::kPreferFloor) at = std::ceil(x - 0.5F);
  if (mode == Nearest::kPreferCeil) at = std::floor(x + 0.5F);
  if (mode == Nearest::kCeil || (mode == Nearest::kSimple && axis.scale < 1)) at = std::ceil(x);
  const double last = static_cast<double>(axis.in - 1);
  return static_cast<std::int64_t>(std::clamp(static_cast<double>(at), 0.0, last));
}

// Keys' cubic kernel with parameter a (Keys 1981, equation 15), or the triangle.
double weight_at(const ResizePlan& plan, double distance) {
  const double x = std::abs(distance), a = static_cast<double>(plan.cubic_a);
  if (plan.filter == Filter::kLinear) return std::max(0.0, 1 - x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((x - 5) * x + 8) * x * a - 4 * a : 0;
}

struct Tap {
  std::int64_t index;
  double weight;
};

// The input elements an output element is a sum of. With antialias the kernel is stretched over all
// that one output element stands for.
void taps_of(const ResizePlan& plan, const AxisPlan& axis, float x, std::vector<Tap>& taps) {
  taps.clear();
  const std::int64_t last = axis.in - 1;
  const double squeeze = plan.antialias ? std::min(1.0, static_cast<double>(axis.scale)) : 1.0;
  const double support = (plan.filter == Filter::kLinear ? 1 : 2) / squeeze;
  // Beyond the edge by more than the support all taps are the edge.
  const double at =
      std::clamp(static_cast<double>(x), -support, static_cast<double>(last) + support);
  const auto middle = static_cast<std::int64_t>(std::floor(at));
  const auto reach = static_cast<std::int64_t>(std::ceil(support));
  double sum = 0;
  for (std::int64_t i = middle - reach + 1; i <= middle + reach; ++i) {
    const bool outside = i < 0 || i > last;
    const double weight = weight_at(plan, (static_cast<double>(i) - at) * squeeze);
    if (weight == 0 || (outside && plan.exclude_outside)) continue;
    taps.push_back({std::clamp<std::int64_t>(i, 0, last), weight});
    sum += weight;
  }
  if (sum != 0 && (plan.exclude_outside || plan.antialias))
    for (Tap& tap : taps) tap.weight /= sum;
}

// One axis, `C` numbers. Taps are made for some outputs at a time, so that they take little memory
// whatever the output's extent is.
template <typename C>
std::vector<C> interpolated(const std::vector<C>& in, const AxisView& view, const ResizePlan& plan,
                            const AxisPlan& axis) {
  constexpr std::int64_t kTogether = 1024;
  std::vector<C> out(static_cast<std::size_t>(view.outer * axis.out * view.inner), C{0});
  std::vector<std::vector<Tap>> taps(static_cast<std::size_t>(std::min(kTogether, axis.out)));
  for (std::int64_t first = 0; first < axis.out; first += kTogether) {
    const std::int64_t count = std::min(kTogether, axis.out - first);
    for (std::int64_t j = 0; j < count; ++j) {
      const float x = coordinate(plan.coordinates, axis, first + j);
      if (is_outside(plan, axis, x))
        taps[static_cast<std::size_t>(j)].clear();
      else
        taps_of(plan, axis, x, taps[static_cast<std::size_t>(j)]);
    }
    for (std::int64_t o = 0; o < view.outer; ++o)
      for (std::int64_t j = 0; j < count; ++j) {
        C* to = out.data() + (o * axis.out + first + j) * view.inner;
        for (const Tap& tap : taps[static_cast<std::size_t>(j)]) {
          const C* from = in.data() + (o * view.extent + tap.index) * view.inner;
          const C weight = static_cast<C>(tap.weight);
          for (std::int64_t i = 0; i < view.inner; ++i) to[i] += weight * from[i];
        }
      }
  }
  return out;
}

Array nearest(Array in, const ResizePlan& plan) {
  for (const std::size_t k : plan.order()) {
    const AxisPlan& axis = plan.axes[k];
    std::vector<std::int64_t> picks(static_cast<std::size_t>(axis.out));
    for (std::size_t i = 0; i < picks.size(); ++i) {
      const float x = coordinate(plan.coordinates, axis, static_cast<std::int64_t>(i));
      picks[i] = is_outside(plan, axis, x) ? 0 : nearest_index(plan.nearest, axis, x);
    }
    in = picked(in, k, picks);
  }
  return in;
}

template <typename C>
Array weighted(const Array& in, const ResizePlan& plan) {
  const std::span<const C> given = in.as<C>();
  std::vector<C> values(given.begin(), given.end());
  Shape shape = in.shape();
  for (const std::size_t k : plan.order()) {
    values = interpolated(values, view_of(shape, k), plan, plan.axes[k]);
    shape[k] = plan.axes[k].out;
  }
  return Array::of(std::move(shape), std::move(values));
}

// Puts the value for extrapolation wherever a coordinate lies off its axis.
Array extrapolated(const Array& in, const ResizePlan& plan) {
  const Array value = converted(Array::scalar(plan.extrapolation), in.type());
  Moved out(in.type(), in.shape());
  copy_elements(out.at(0), in.raw().data(), in.elements(), out.element_size());
  for (std::size_t k = 0; k < plan.axes.size(); ++k) {
    const AxisView view = view_of(in.shape(), k);
    for (std::int64_t i = 0; i < view.extent; ++i) {
      if (!is_outside(plan, plan.axes[k], coordinate(plan.coordinates, plan.axes[k], i))) continue;
      for (std::int64_t o = 0; o < view.outer; ++o)
        out.fill((o * view.extent + i) * view.inner, view.inner, value.raw().data());
    }
  }
  return std::move(out).take();
}

Result<Outputs> resize(const Call& call) {
  SOLITON_IR_TRY(plan, plan_of(call));
  const Array& in = call.input(0);
  Shape shape;
  for (const AxisPlan& axis : plan.axes) shape.push_back(axis.out);
  SOLITON_IR_CHECK(check_fits(call, shape));
  if (!in.known()) return one(Array::unknown(in.type(), std::move(shape)));
  if (extent_product(shape, 0, shape.size()) == 0) return one(Moved(in.type(), shape).take());
  Array out;
  if (plan.filter == Filter::kNearest)
    out = nearest(in, plan);
  else if (in.type() == ElementType::kFloat32)
    out = weighted<float>(in, plan);
  else
    out = converted(weighted<double>(converted(in, ElementType::kFloat64), plan), in.type());
  if (plan.coordinates == Coordinates::kTfCropAndResize) out = extrapolated(out, plan);
  return one(std::move(out));
}

constexpr Operator kOperators[] = {{"Resize", resize}, {"Upsample", resize}};

}  // namespace

std::span<const Operator> resize_operators() { return kOperators; }

}  // namespace soliton::ir
