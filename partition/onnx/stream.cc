#include "partition/onnx/stream.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace soliton::onnx_import {

std::size_t Stream::find(Role role) const {
  const auto at =
      std::find_if(axes.begin(), axes.end(), [&](const Axis& axis) { return axis.role == role; });
  return static_cast<std::size_t>(at - axes.begin());
}

Result<std::size_t> axis_of(std::int64_t axis, std::size_t rank) {
  const auto extent = static_cast<std::int64_t>(rank);
  if (axis < -extent || axis >= extent)
    return invalid(fmt::format("axis {} of a tensor with {} axes", axis, rank));
  return static_cast<std::size_t>(axis < 0 ? axis + extent : axis);
}

Result<std::vector<std::size_t>> axes_of(const Integers& axes, std::size_t rank) {
  std::vector<std::size_t> out;
  for (const std::int64_t axis : axes) {
    const Result<std::size_t> position = axis_of(axis, rank);
    if (!position) return tl::unexpected(position.error());
    if (std::find(out.begin(), out.end(), *position) != out.end())
      return invalid(fmt::format("axis {} twice", axis));
    out.push_back(*position);
  }
  return out;
}

std::string describe(const Stream& stream) {
  std::string text;
  for (const Axis& axis : stream.axes) {
    if (!text.empty()) text += ", ";
    text += axis.size != kUnknown ? fmt::format("{}", axis.size)
            : axis.symbol.empty() ? "?"
                                  : axis.symbol;
  }
  return "[" + text + "]";
}

namespace {

// With one step in all there is no sequence left: what follows sees the only state.
void forget_steps(Stream& stream) {
  if (stream.form == Form::kSequence) stream.form = Form::kLast;
}

}  // namespace

Result<Stream> squeezed(Stream stream, const std::vector<std::size_t>& axes) {
  std::vector<Axis> kept;
  for (std::size_t i = 0; i < stream.axes.size(); ++i) {
    const Axis& axis = stream.axes[i];
    if (std::find(axes.begin(), axes.end(), i) == axes.end()) {
      kept.push_back(axis);
      continue;
    }
    const bool free_batch = axis.role == Role::kOpen && axis.size == kUnknown;
    if (axis.role == Role::kFeature || (axis.size != 1 && !free_batch))
      return invalid(fmt::format("axis {} of {} cannot be removed", i, describe(stream)));
    if (axis.role == Role::kSteps) forget_steps(stream);
  }
  stream.axes = std::move(kept);
  return stream;
}

Result<Stream> unsqueezed(Stream stream, const std::vector<std::size_t>& axes) {
  std::vector<std::size_t> sorted = axes;
  std::sort(sorted.begin(), sorted.end());
  for (const std::size_t axis : sorted)
    stream.axes.insert(stream.axes.begin() + static_cast<std::ptrdiff_t>(axis), Axis{});
  return stream;
}

Result<Stream> transposed(const Stream& stream, const std::vector<std::size_t>& order) {
  if (order.size() != stream.axes.size())
    return invalid(fmt::format("{} axes in the permutation of {}", order.size(), describe(stream)));
  Stream out = stream;
  for (std::size_t i = 0; i < order.size(); ++i) out.axes[i] = stream.axes[order[i]];
  return out;
}

namespace {

// Finds which axes, all but units, become which of the target's. Few axes, so trying is cheap; the
// work is bounded anyway.
class Matcher {
 public:
  Matcher(const Stream& stream, const Shape& target, bool merge_open)
      : target_(target), merge_open_(merge_open) {
    for (const Axis& axis : stream.axes)
      if (axis.role != Role::kUnit) axes_.push_back(axis);
  }

  bool run() { return match(0, 0); }
  const std::vector<Axis>& result() const { return result_; }

 private:
  static constexpr int kMaxTries = 100'000;

  static bool agree(std::int64_t target, std::int64_t size) {
    return target == -1 || target == size;
  }

  bool match(std::size_t from, std::size_t to) {
    if (++tries_ > kMaxTries) return false;
    if (to == target_.size()) return from == axes_.size();
    if (from < axes_.size() && take(axes_[from], from + 1, to)) return true;
    if (from + 1 < axes_.size() && can_merge(axes_[from], axes_[from + 1]) &&
        take(merged(from), from + 2, to))
      return true;
    if (merge_open_ && from + 2 < axes_.size() && take_rest(from, to)) return true;
    return agree(target_[to], 1) && keep(Axis{}, from, to);
  }

  bool take(const Axis& axis, std::size_t from, std::size_t to) {
    return agree(target_[to], axis.size) && keep(axis, from, to);
  }

  bool keep(const Axis& axis, std::size_t from, std::size_t to) {
    result_.push_back(axis);
    if (match(from, to + 1)) return true;
    result_.pop_back();
    return false;
  }

  // Several open axes and the feature into one vector.
  bool take_rest(std::size_t from, std::size_t to) {
    Axis all{Role::kFeature, 1, ""};
    for (std::size_t i = from; i < axes_.size(); ++i) {
      const bool last = i + 1 == axes_.size();
      if (axes_[i].role != (last ? Role::kFeature : Role::kOpen) || axes_[i].size == kUnknown)
        return false;
      if (__builtin_mul_overflow(all.size, axes_[i].size, &all.size)) return false;
    }
    return take(all, axes_.size(), to);
  }

  bool can_merge(const Axis& left, const Axis& right) const {
    if (right.role != Role::kFeature || left.size == kUnknown) return false;
    return left.role == Role::kPieces || (left.role == Role::kOpen && merge_open_);
  }

  Axis merged(std::size_t at) const {
    std::int64_t size = 0;
    // An impossible size agrees with no target but -1, and no layer takes it.
    if (__builtin_mul_overflow(axes_[at].size, axes_[at + 1].size, &size)) size = kUnknown;
    return {Role::kFeature, size, ""};
  }

  std::vector<Axis> axes_;
  const Shape& target_;
  bool merge_open_;
  std::vector<Axis> result_;
  int tries_ = 0;
};

}  // namespace

Result<Stream> reshaped(const Stream& stream, const Shape& target, bool merge_open) {
  Matcher matcher(stream, target, merge_open);
  if (!matcher.run()) {
    std::string text;
    for (const std::int64_t size : target)
      text += (text.empty() ? "" : ", ") +
              (size == kUnknown ? std::string("?") : fmt::format("{}", size));
    return invalid(
        fmt::format("{} cannot be seen as [{}] without mixing steps", describe(stream), text));
  }
  Stream out = stream;
  out.axes = matcher.result();
  return out;
}

namespace {

Result<Stream> picked_step(Stream stream, std::int64_t first, std::int64_t size) {
  if (stream.form != Form::kSequence)
    return invalid("picks a step of something that is not a sequence");
  const bool is_last = first == -1 || (size != kUnknown && first == size - 1);
  if (!is_last && first != 0)
    return invalid(fmt::format("picks step {}; supported: the last or the first", first));
  stream.form = is_last ? Form::kAtLastStep : Form::kAtFirstStep;
  return stream;
}

Result<Stream> picked_pieces(Stream stream, std::size_t axis, std::int64_t first,
                             std::int64_t count, std::int64_t stride) {
  std::vector<Piece> pieces;
  for (std::int64_t i = 0; i < count; ++i)
    pieces.push_back(stream.pieces[static_cast<std::size_t>(first + i * stride)]);
  stream.pieces = std::move(pieces);
  stream.axes[axis].size = count;
  return stream;
}

Result<Stream> picked_from(Stream stream, std::size_t axis, std::int64_t first, std::int64_t count,
                           std::int64_t stride) {
  Axis& at = stream.axes[axis];
  const bool all = first == 0 && stride == 1 && count == at.size;
  if (at.role == Role::kSteps && count == 1) {
    Result<Stream> step = picked_step(std::move(stream), first, at.size);
    if (step) step->axes[axis] = Axis{};
    return step;
  }
  if (at.role == Role::kPieces) return picked_pieces(std::move(stream), axis, first, count, stride);
  if (all) return stream;
  if (stream.form == Form::kSequence && stream.pieces == std::vector<Piece>{Piece{}} &&
      !stream.integers) {
    stream.whole = false;
    at = count == 1 ? Axis{} : Axis{at.role, count, ""};
    return stream;
  }
  return invalid(fmt::format("takes a part of axis {} of {}", axis, describe(stream)));
}

}  // namespace

Result<Stream> picked(Stream stream, std::size_t axis, std::int64_t first, std::int64_t count,
                      std::int64_t stride, bool drop) {
  const std::int64_t size = stream.axes[axis].size;
  // Of an unknown number of steps only the first and the last have a place that can be named.
  if (size != kUnknown) {
    if (first < 0) first += size;
    if (count < 1 || first < 0 || first >= size || first + (count - 1) * stride < 0 ||
        first + (count - 1) * stride >= size)
      return invalid(fmt::format("picks outside axis {} of {}", axis, describe(stream)));
  } else if (count != 1 || (first != 0 && first != -1)) {
    return invalid(fmt::format("takes a part of axis {} of {}", axis, describe(stream)));
  }
  Result<Stream> out = picked_from(std::move(stream), axis, first, count, stride);
  if (!out || !drop) return out;
  if (out->axes[axis].role == Role::kFeature) return invalid("picks one element of a vector");
  out->axes.erase(out->axes.begin() + static_cast<std::ptrdiff_t>(axis));
  return out;
}

namespace {

// Adds `next` behind `out` along `at`. A unit axis of single pieces becomes a stack of pieces.
Status append(Stream& out, const Stream& next, std::size_t at) {
  if (next.form != out.form || next.axes.size() != out.axes.size())
    return invalid("joins tensors of different kinds");
  if (!next.whole || next.integers || out.integers) return invalid("joins graph inputs");
  for (std::size_t i = 0; i < out.axes.size(); ++i)
    if (i != at && (out.axes[i].role != next.axes[i].role || out.axes[i].size != next.axes[i].size))
      return invalid(fmt::format("joins {} and {}", describe(out), describe(next)));
  Axis& mine = out.axes[at];
  const Role theirs = next.axes[at].role;
  const bool features =
      mine.role == Role::kFeature && theirs == Role::kFeature && !out.has(Role::kPieces);
  const auto stackable = [](Role role) { return role == Role::kPieces || role == Role::kUnit; };
  if (!features && !(stackable(mine.role) && stackable(theirs)))
    return invalid(fmt::format("joins along axis {} of {}", at, describe(out)));
  if (mine.role == Role::kUnit) mine.role = Role::kPieces;
  if (__builtin_add_overflow(mine.size, next.axes[at].size, &mine.size))
    return invalid("joins too much");
  out.pieces.insert(out.pieces.end(), next.pieces.begin(), next.pieces.end());
  return {};
}

}  // namespace

Result<Stream> concatenated(const std::vector<Stream>& streams, std::int64_t axis) {
  Stream out = streams.front();
  if (streams.size() == 1) return out;
  const Result<std::size_t> at = axis_of(axis, out.axes.size());
  if (!at) return tl::unexpected(at.error());
  for (std::size_t i = 1; i < streams.size(); ++i)
    if (const Status status = append(out, streams[i], *at); !status)
      return tl::unexpected(status.error());
  // A stack of single vectors has one piece an entry; one of concatenated ones has more, and cannot
  // be followed.
  const Axis& joined = out.axes[*at];
  if (joined.role == Role::kPieces && joined.size != static_cast<std::int64_t>(out.pieces.size()))
    return invalid("stacks vectors that are joined already");
  return out;
}

}  // namespace soliton::onnx_import
