#include "cluster/experiment/compare_results.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace soliton {
namespace {

std::vector<double> values_of(const MeasuredPoint& point, const std::string& key) {
  std::vector<double> out;
  for (const Scalars& run : point.runs)
    if (const std::optional<double> value = number_in(run, key)) out.push_back(*value);
  return out;
}

// The text that all runs of a side have; nullopt: they differ, or it is a number or null.
std::optional<std::string> text_of(const MeasuredPoint& point, const std::string& key) {
  std::optional<std::string> out;
  for (const Scalars& run : point.runs) {
    const Scalar* found = find_scalar(run, key);
    if (found == nullptr ||
        (found->kind != Scalar::Kind::kText && found->kind != Scalar::Kind::kBoolean))
      return std::nullopt;
    if (out && *out != found->text) return std::nullopt;
    out = found->text;
  }
  return out;
}

// What says how a run was made, and not what came out.
bool is_left_out(const std::string& key) { return key.starts_with("wall.") || key == "seed"; }

void compare_key(const std::string& key, ComparedPoint& out) {
  const std::vector<double> a = values_of(*out.one, key), b = values_of(*out.other, key);
  if (!a.empty() && !b.empty()) {
    ComparedNumber number{key, spread_of(a), spread_of(b), {}};
    number.beyond_noise = differs_beyond_noise(number.one, number.other);
    out.numbers.push_back(std::move(number));
    return;
  }
  const std::optional<std::string> one = text_of(*out.one, key), other = text_of(*out.other, key);
  if (one && other && *one != *other) out.texts.push_back({key, *one, *other});
}

ComparedPoint compare_points(const MeasuredPoint& one, const MeasuredPoint& other) {
  ComparedPoint out{.name = one.name, .numbers = {}, .texts = {}, .one = &one, .other = &other};
  for (const Scalar& scalar : one.runs.front())
    if (!is_left_out(scalar.key)) compare_key(scalar.key, out);
  return out;
}

const char* kind_words(MeasuredSide::Kind kind) {
  return kind == MeasuredSide::Kind::kSweep ? "a sweep" : "a run";
}

}  // namespace

// What a difference of two numbers has beyond the fifteenth digit of the larger one is the rounding of binary
// fractions, and not in their files.
double ComparedNumber::difference() const {
  const double found = other.mean - one.mean;
  if (one.count > 1 || other.count > 1) return found;
  double scale = 1e14;
  double largest = std::max(std::abs(one.mean), std::abs(other.mean));
  for (; largest >= 10 && scale > 1; largest /= 10) scale /= 10;
  for (; largest < 1 && scale < 1e22; largest *= 10) scale *= 10;
  return std::round(found * scale) / scale;
}

std::optional<double> ComparedNumber::relative() const {
  if (one.mean == 0) return std::nullopt;
  return difference() / std::abs(one.mean);
}

const ComparedNumber* ComparedPoint::find(std::string_view key) const {
  const auto found = std::ranges::find(numbers, key, &ComparedNumber::key);
  return found == numbers.end() ? nullptr : &*found;
}

bool ComparedSides::tells_noise() const {
  return std::min(one->least_runs(), other->least_runs()) >= kNoiseLeast;
}

Result<ComparedSides> compare_sides(const MeasuredSide& one, const MeasuredSide& other) {
  if (one.kind != other.kind)
    return invalid(fmt::format("{} is {} and {} is {}: compare takes two of a kind", one.path,
                               kind_words(one.kind), other.path, kind_words(other.kind)));
  ComparedSides out{.one = &one, .other = &other, .points = {}};
  if (one.points.size() == 1 && other.points.size() == 1) {
    out.points.push_back(compare_points(one.points.front(), other.points.front()));
    return out;
  }
  for (const MeasuredPoint& point : one.points) {
    const auto same = std::ranges::find(other.points, point.name, &MeasuredPoint::name);
    if (same != other.points.end()) out.points.push_back(compare_points(point, *same));
  }
  out.only_one = one.points.size() - out.points.size();
  out.only_other = other.points.size() - out.points.size();
  return out;
}

}  // namespace soliton
