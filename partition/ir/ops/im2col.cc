#include "partition/ir/ops/im2col.h"

#include <algorithm>

#include "partition/ir/ops/product.h"
#include "partition/ir/ops/wide.h"

namespace soliton::ir {

namespace {

// Of B: together 1 MB of fp32.
constexpr std::int64_t kBlockRows = 512;
constexpr std::int64_t kBlockColumns = 512;
// With fewer channels a group has too few rows for a product; its outputs are summed directly.
constexpr std::int64_t kFewChannels = 4;

using Axes = std::array<WindowAxis, kMostSpatialAxes>;

// What a group's planes look like.
struct Planes {
  Axes axes;
  std::int64_t taps, positions, elements;  // of a kernel, of an output plane, of an input plane

  explicit Planes(const Window& window)
      : axes(window.three()),
        taps(window.taps()),
        positions(window.positions()),
        elements(axes[0].in * axes[1].in * axes[2].in) {}
};

// A row of B: one channel and one tap.
struct Tap {
  std::int64_t channel;
  std::array<std::int64_t, kMostSpatialAxes> at;

  Tap(const Planes& planes, std::int64_t row) : channel(row / planes.taps) {
    std::int64_t rest = row % planes.taps;
    for (std::size_t k = kMostSpatialAxes; k-- > 0;) {
      at[k] = rest % planes.axes[k].kernel;
      rest /= planes.axes[k].kernel;
    }
  }
};

// The line of the input plane that position (depth, height) of the output sees through a tap, as the
// offset of its first element, or -1 in the padding.
std::int64_t line_of(const Planes& planes, const Tap& tap, std::int64_t depth,
                     std::int64_t height) {
  const Axes& axes = planes.axes;
  const std::int64_t z = depth * axes[0].stride - axes[0].before + tap.at[0] * axes[0].dilation;
  const std::int64_t y = height * axes[1].stride - axes[1].before + tap.at[1] * axes[1].dilation;
  if (z < 0 || z >= axes[0].in || y < 0 || y >= axes[1].in) return -1;
  return (z * axes[1].in + y) * axes[2].in;
}

// Calls body(offset in the row of B, line, first column, count) for the pieces of lines of the output
// in the positions [first, last).
template <typename Body>
void for_each_line(const Planes& planes, std::int64_t first, std::int64_t last, Body&& body) {
  const std::int64_t width = planes.axes[2].out, height = planes.axes[1].out;
  for (std::int64_t at = first; at < last;) {
    const std::int64_t column = at % width;
    const std::int64_t count = std::min(width - column, last - at);
    body(at - first, at / width / height, at / width % height, column, count);
    at += count;
  }
}

template <typename T>
void fill_row(const Planes& planes, const Tap& tap, const T* x, std::int64_t first,
              std::int64_t last, T* to) {
  const WindowAxis& axis = planes.axes[2];
  const T* plane = x + tap.channel * planes.elements;
  const WindowAxis::Range range = axis.inside(tap.at[2]);
  const std::int64_t shift = tap.at[2] * axis.dilation - axis.before;
  for_each_line(planes, first, last,
                [&](std::int64_t offset, std::int64_t depth, std::int64_t height,
                    std::int64_t column, std::int64_t count) {
                  T* piece = to + offset;
                  const std::int64_t line = line_of(planes, tap, depth, height);
                  const std::int64_t end = column + count;
                  const std::int64_t from = std::clamp(line < 0 ? end : range.first, column, end);
                  const std::int64_t until = std::clamp(range.last, from, end);
                  std::fill(piece, piece + (from - column), T{0});
                  const std::int64_t source = line + shift;
                  for (std::int64_t o = from; o < until; ++o)
                    piece[o - column] = plane[source + o * axis.stride];
                  std::fill(piece + (until - column), piece + count, T{0});
                });
}

template <typename T>
void add_by_product(const ConvPlan& plan, const Planes& planes, const T* x, const T* w, T* y) {
  const std::int64_t depth = plan.channels_in * planes.taps;
  std::vector<T> block(
      to_size(std::min(depth, kBlockRows) * std::min(planes.positions, kBlockColumns)));
  for (std::int64_t first = 0; first < planes.positions; first += kBlockColumns) {
    const std::int64_t last = std::min(first + kBlockColumns, planes.positions);
    for (std::int64_t row = 0; row < depth; row += kBlockRows) {
      const std::int64_t rows = std::min(kBlockRows, depth - row);
      for (std::int64_t i = 0; i < rows; ++i)
        fill_row(planes, Tap(planes, row + i), x, first, last, block.data() + i * (last - first));
      add_product<T>({plan.channels_out, last - first, rows}, {w + row, depth},
                     {block.data(), last - first}, y + first, planes.positions);
    }
  }
}

// One line of the output and one line of taps.
template <typename T>
void add_line(const WindowAxis& axis, const T* line, const T* taps, T* out) {
  for (std::int64_t tap = 0; tap < axis.kernel; ++tap) {
    const WindowAxis::Range range = axis.inside(tap);
    const std::int64_t from = tap * axis.dilation - axis.before;
    const T factor = taps[tap];
    if (axis.stride == 1)
      for (std::int64_t o = range.first; o < range.last; ++o) out[o] += factor * line[from + o];
    else
      for (std::int64_t o = range.first; o < range.last; ++o)
        out[o] += factor * line[from + o * axis.stride];
  }
}

template <typename T>
void add_directly(const ConvPlan& plan, const Planes& planes, const T* x, const T* w, T* y) {
  const Axes& axes = planes.axes;
  const std::int64_t rows = plan.channels_in * planes.taps;
  for (std::int64_t m = 0; m < plan.channels_out; ++m, w += rows)
    for (std::int64_t depth = 0; depth < axes[0].out; ++depth)
      for (std::int64_t height = 0; height < axes[1].out; ++height, y += axes[2].out)
        for (std::int64_t row = 0; row < rows; row += axes[2].kernel) {
          const Tap tap(planes, row);
          const std::int64_t line = line_of(planes, tap, depth, height);
          if (line >= 0) add_line(axes[2], x + tap.channel * planes.elements + line, w + row, y);
        }
}

// Every position of the output sees one element, the one in its place.
bool is_pointwise(const Planes& planes) {
  return planes.taps == 1 && std::ranges::all_of(planes.axes, [](const WindowAxis& axis) {
           return axis.stride == 1 && axis.before == 0 && axis.out == axis.in;
         });
}

// Adds rows of B^T x to the places of y that they come from.
template <typename T>
void scatter_row(const Planes& planes, const Tap& tap, const T* from, std::int64_t first,
                 std::int64_t last, T* y) {
  const WindowAxis& axis = planes.axes[2];
  T* plane = y + tap.channel * planes.elements;
  const WindowAxis::Range range = axis.inside(tap.at[2]);
  const std::int64_t shift = tap.at[2] * axis.dilation - axis.before;
  for_each_line(planes, first, last,
                [&](std::int64_t offset, std::int64_t depth, std::int64_t height,
                    std::int64_t column, std::int64_t count) {
                  const std::int64_t line = line_of(planes, tap, depth, height);
                  if (line < 0) return;
                  const std::int64_t begin = std::clamp(range.first, column, column + count);
                  const std::int64_t end = std::clamp(range.last, begin, column + count);
                  const T* piece = from + offset;
                  const std::int64_t to = line + shift;
                  for (std::int64_t o = begin; o < end; ++o)
                    plane[to + o * axis.stride] += piece[o - column];
                });
}

}  // namespace

template <typename T>
void add_convolution(const ConvPlan& plan, const T* x, const T* weights, T* y) {
  const Planes planes(plan.window);
  if (std::ranges::find(plan.out, 0) != plan.out.end()) return;
  const std::int64_t depth = plan.channels_in * planes.taps;
  for (std::int64_t i = 0; i < plan.batch * plan.groups; ++i) {
    const T* in = x + i * plan.channels_in * planes.elements;
    const T* w = weights + (i % plan.groups) * plan.channels_out * depth;
    T* out = y + i * plan.channels_out * planes.positions;
    if (plan.channels_out < kFewChannels)
      add_directly(plan, planes, in, w, out);
    else if (is_pointwise(planes))
      add_product<T>({plan.channels_out, planes.positions, depth}, {w, depth},
                     {in, planes.positions}, out, planes.positions);
    else
      add_by_product(plan, planes, in, w, out);
  }
}

template <typename T>
void add_transposed_convolution(const ConvPlan& plan, const T* x, const T* weights, T* y) {
  const Planes planes(plan.window);
  if (std::ranges::find(plan.out, 0) != plan.out.end()) return;
  const std::int64_t rows = plan.channels_out * planes.taps;
  std::vector<T> block;
  for (std::int64_t i = 0; i < plan.batch * plan.groups; ++i) {
    const T* in = x + i * plan.channels_in * planes.positions;
    const T* w = weights + (i % plan.groups) * plan.channels_in * rows;
    T* out = y + i * plan.channels_out * planes.elements;
    for (std::int64_t row = 0; row < rows; row += kBlockRows)
      for (std::int64_t first = 0; first < planes.positions; first += kBlockColumns) {
        const std::int64_t height = std::min(kBlockRows, rows - row);
        const std::int64_t width = std::min(kBlockColumns, planes.positions - first);
        block.assign(to_size(height * width), T{0});
        add_product<T>({height, width, plan.channels_in}, {w + row, 1, rows},
                       {in + first, planes.positions}, block.data(), width);
        for (std::int64_t k = 0; k < height; ++k)
          scatter_row(planes, Tap(planes, row + k), block.data() + k * width, first, first + width,
                      out);
      }
  }
}

template void add_convolution(const ConvPlan&, const float*, const float*, float*);
template void add_convolution(const ConvPlan&, const double*, const double*, double*);
template void add_convolution(const ConvPlan&, const std::uint32_t*, const std::uint32_t*,
                              std::uint32_t*);
template void add_transposed_convolution(const ConvPlan&, const float*, const float*, float*);
template void add_transposed_convolution(const ConvPlan&, const double*, const double*, double*);

}  // namespace soliton::ir
