#include "partition/ir/ops/moves.h"

#include <cstring>

namespace soliton::ir {

namespace {

// The axes of a copy without those of extent 1, adjacent ones joined where both ends pass them in
// one stride.
struct Block {
  Shape extents;
  std::vector<std::int64_t> from, to;

  void push(std::int64_t extent, std::int64_t from_step, std::int64_t to_step) {
    extents.push_back(extent);
    from.push_back(from_step);
    to.push_back(to_step);
  }
  // Moves an axis to the end.
  void rotate(std::size_t axis) {
    for (std::vector<std::int64_t>* v : {&extents, &from, &to})
      std::rotate(v->begin() + static_cast<std::ptrdiff_t>(axis),
                  v->begin() + static_cast<std::ptrdiff_t>(axis) + 1, v->end());
  }
};

Block joined(const Shape& extents, const Steps& from, const Steps& to) {
  Block block;
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    if (extents[axis] == 1) continue;
    const std::int64_t f = from.steps[axis], t = to.steps[axis];
    if (!block.extents.empty() && block.from.back() == f * extents[axis] &&
        block.to.back() == t * extents[axis]) {
      block.extents.back() *= extents[axis];
      block.from.back() = f;
      block.to.back() = t;
    } else {
      block.push(extents[axis], f, t);
    }
  }
  return block;
}

// Calls body(from, to) for every index of all but the last `inner` axes.
template <typename Body>
void for_each_outer(const Block& block, std::size_t inner, std::int64_t from, std::int64_t to,
                    Body&& body) {
  const std::size_t axes = block.extents.size() - inner;
  std::vector<std::int64_t> index(axes, 0);
  while (true) {
    body(from, to);
    std::size_t axis = axes;
    while (axis > 0) {
      --axis;
      from += block.from[axis];
      to += block.to[axis];
      if (++index[axis] < block.extents[axis]) break;
      from -= block.from[axis] * block.extents[axis];
      to -= block.to[axis] * block.extents[axis];
      index[axis] = 0;
      if (axis == 0) return;
    }
    if (axes == 0) return;
  }
}

// One line of elements of kSize bytes.
template <std::size_t kSize>
void copy_line(std::int64_t count, const std::byte* from, std::int64_t from_step, std::byte* to,
               std::int64_t to_step) {
  constexpr auto kBytes = static_cast<std::int64_t>(kSize);
  if (from_step == 1 && to_step == 1) {
    std::memcpy(to, from, static_cast<std::size_t>(count) * kSize);
  } else if (to_step == 1) {
    for (std::int64_t i = 0; i < count; ++i)
      std::memcpy(to + i * kBytes, from + i * from_step * kBytes, kSize);
  } else {
    for (std::int64_t i = 0; i < count; ++i)
      std::memcpy(to + i * to_step * kBytes, from + i * from_step * kBytes, kSize);
  }
}

// The last two axes in tiles, for transpositions: a line of either end stays in the cache while the
// other end's lines are used up.
template <std::size_t kSize>
void copy_tiles(const Block& block, const std::byte* from, std::byte* to) {
  constexpr std::int64_t kTile = 32;
  constexpr auto kBytes = static_cast<std::int64_t>(kSize);
  const std::size_t a = block.extents.size() - 2, b = a + 1;
  for (std::int64_t i = 0; i < block.extents[a]; i += kTile)
    for (std::int64_t j = 0; j < block.extents[b]; j += kTile) {
      const std::int64_t last = std::min(i + kTile, block.extents[a]);
      const std::int64_t count = std::min(kTile, block.extents[b] - j);
      for (std::int64_t row = i; row < last; ++row)
        copy_line<kSize>(count, from + (row * block.from[a] + j * block.from[b]) * kBytes,
                         block.from[b], to + (row * block.to[a] + j * block.to[b]) * kBytes,
                         block.to[b]);
    }
}

template <std::size_t kSize>
void copy_sized(Block block, const std::byte* from, std::int64_t from_first, std::byte* to,
                std::int64_t to_first) {
  constexpr auto kBytes = static_cast<std::int64_t>(kSize);
  if (block.extents.empty()) block.push(1, 1, 1);
  const std::size_t last = block.extents.size() - 1;
  const auto unit = std::ranges::find(block.from, 1);
  const bool tiles = block.from[last] != 1 && block.from[last] != 0 && unit != block.from.end();
  if (tiles) {
    block.rotate(static_cast<std::size_t>(unit - block.from.begin()));
    block.rotate(last - 1);  // the axis contiguous in `to` last
  }
  for_each_outer(block, tiles ? 2 : 1, from_first, to_first, [&](std::int64_t f, std::int64_t t) {
    if (tiles)
      copy_tiles<kSize>(block, from + f * kBytes, to + t * kBytes);
    else
      copy_line<kSize>(block.extents[last], from + f * kBytes, block.from[last], to + t * kBytes,
                       block.to[last]);
  });
}

}  // namespace

void copy_block(std::size_t element_bytes, const Shape& extents, const std::byte* from,
                const Steps& from_steps, std::byte* to, const Steps& to_steps) {
  if (std::ranges::find(extents, 0) != extents.end()) return;
  Block block = joined(extents, from_steps, to_steps);
  const std::int64_t f = from_steps.first, t = to_steps.first;
  if (element_bytes == 1) return copy_sized<1>(std::move(block), from, f, to, t);
  if (element_bytes == 2) return copy_sized<2>(std::move(block), from, f, to, t);
  if (element_bytes == 4) return copy_sized<4>(std::move(block), from, f, to, t);
  SOLITON_CHECK_MSG(element_bytes == 8, "{}", element_bytes);
  copy_sized<8>(std::move(block), from, f, to, t);
}

Moved::Moved(ElementType type, Shape shape)
    : type_(type),
      shape_(std::move(shape)),
      size_(element_bytes(type)),
      bytes_(static_cast<std::size_t>(extent_product(shape_, 0, shape_.size())) * size_) {}

void Moved::fill(std::int64_t first, std::int64_t count, const std::byte* value) {
  copy_block(size_, {count}, value, {0, {0}}, at(first), {0, {1}});
}

Array strided(const Array& in, Shape shape, const Steps& steps) {
  if (!in.known()) return Array::unknown(in.type(), std::move(shape));
  Moved out(in.type(), shape);
  copy_block(out.element_size(), shape, in.raw().data(), steps, out.at(0), {0, strides_of(shape)});
  return std::move(out).take();
}

AxisView view_of(const Shape& shape, std::size_t axis) {
  return {extent_product(shape, 0, axis), shape[axis],
          extent_product(shape, axis + 1, shape.size())};
}

void copy_elements(std::byte* to, const std::byte* from, std::int64_t count,
                   std::size_t element_bytes) {
  if (count > 0) std::memcpy(to, from, static_cast<std::size_t>(count) * element_bytes);
}

Array picked(const Array& in, std::size_t axis, std::span<const std::int64_t> picks) {
  Shape shape = in.shape();
  shape[axis] = static_cast<std::int64_t>(picks.size());
  if (!in.known()) return Array::unknown(in.type(), std::move(shape));
  const AxisView view = view_of(in.shape(), axis);
  Moved out(in.type(), std::move(shape));
  std::int64_t to = 0;
  const bool empty = view.inner == 0 || picks.empty();
  for (std::int64_t o = 0; o < view.outer && !empty; ++o)
    for (std::size_t i = 0; i < picks.size();) {
      std::size_t run = 1;
      while (i + run < picks.size() && picks[i + run] == picks[i] + static_cast<std::int64_t>(run))
        ++run;
      const std::int64_t count = static_cast<std::int64_t>(run) * view.inner;
      copy_elements(out.at(to), element_at(in, (o * view.extent + picks[i]) * view.inner), count,
                    out.element_size());
      to += count;
      i += run;
    }
  return std::move(out).take();
}

}  // namespace soliton::ir
