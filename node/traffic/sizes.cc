#include "node/traffic/sizes.h"

#include <fmt/format.h>

#include <algorithm>

#include "node/traffic/text_rows.h"
#include "node/traffic/traffic_kind.h"
#include "protocol/math/math.h"

namespace soliton {
namespace {

constexpr Probability percent(std::int64_t tenths) { return {tenths * 1'000'000}; }

constexpr SizePoint kWebSearch[] = {
    {0, percent(0)},           {10'000, percent(150)},     {20'000, percent(200)},
    {30'000, percent(300)},    {50'000, percent(400)},     {80'000, percent(530)},
    {200'000, percent(600)},   {1'000'000, percent(700)},  {2'000'000, percent(800)},
    {5'000'000, percent(900)}, {10'000'000, percent(970)}, {30'000'000, percent(1'000)}};
constexpr SizePoint kHadoop[] = {
    {0, percent(0)},           {100, percent(10)},          {200, percent(20)},
    {300, percent(50)},        {350, percent(150)},         {400, percent(200)},
    {500, percent(300)},       {600, percent(400)},         {700, percent(500)},
    {1'000, percent(600)},     {2'000, percent(670)},       {7'000, percent(700)},
    {30'000, percent(720)},    {50'000, percent(820)},      {80'000, percent(870)},
    {120'000, percent(900)},   {300'000, percent(950)},     {1'000'000, percent(975)},
    {2'000'000, percent(990)}, {10'000'000, percent(1'000)}};

constexpr std::int64_t kAll = 1'000'000'000;

std::span<const SizePoint> points_of(SizeName name, std::span<const SizePoint> points) {
  if (name == SizeName::kWebSearch) return kWebSearch;
  if (name == SizeName::kHadoop) return kHadoop;
  return points;
}

double drawn_from(std::span<const SizePoint> points, std::int64_t share) {
  const auto above = std::find_if(points.begin(), points.end(), [share](const SizePoint& point) {
    return point.share.parts_per_billion > share;
  });
  if (above == points.end()) return static_cast<double>(points.back().bytes);
  if (above == points.begin()) return static_cast<double>(above->bytes);
  const SizePoint& below = *std::prev(above);
  const double part =
      static_cast<double>(share - below.share.parts_per_billion) /
      static_cast<double>(above->share.parts_per_billion - below.share.parts_per_billion);
  return static_cast<double>(below.bytes) + part * static_cast<double>(above->bytes - below.bytes);
}

}  // namespace

Sizes::Sizes(SizeName name, std::uint64_t mean, std::span<const SizePoint> points)
    : name_(name), mean_(static_cast<double>(mean)), points_(points_of(name, points)) {}

std::uint64_t Sizes::draw(const Random& chance, std::uint64_t ordinal) const {
  const auto size = [&]() -> double {
    switch (name_) {
      case SizeName::kFixed:
        return mean_;
      case SizeName::kUniform:
        return 1 + chance.unit(ordinal) * (2 * mean_ - 1);
      case SizeName::kExponential:
        return 1 + chance.exponential(ordinal) * (mean_ - 1);
      case SizeName::kLognormal:
        return mean_ * math::exp(kLognormalSigma * chance.normal(ordinal) -
                                 kLognormalSigma * kLognormalSigma / 2);
      case SizeName::kWebSearch:
      case SizeName::kHadoop:
      case SizeName::kFile:
        break;
    }
    return drawn_from(points_, static_cast<std::int64_t>(chance.below(ordinal, kAll)));
  }();
  return static_cast<std::uint64_t>(std::clamp(size, 1.0, static_cast<double>(kMessageMost.count)));
}

double Sizes::mean() const {
  if (points_.empty()) return mean_;
  double sum = static_cast<double>(points_.front().bytes) *
               static_cast<double>(points_.front().share.parts_per_billion);
  for (std::size_t i = 1; i < points_.size(); ++i)
    sum += static_cast<double>(points_[i].bytes + points_[i - 1].bytes) / 2 *
           static_cast<double>(points_[i].share.parts_per_billion -
                               points_[i - 1].share.parts_per_billion);
  return std::max(1.0, sum / static_cast<double>(kAll));
}

Checked<std::vector<SizePoint>> read_sizes(std::string_view text, std::string_view file) {
  Diagnostics problems;
  std::vector<SizePoint> out;
  for (const TextRow& row : text_rows(text)) {
    const auto problem = [&](const std::string& what) {
      problems.add(ErrorCode::kInvalid, fmt::format("{}:{}: {}", file, row.line, what));
    };
    if (row.words.size() != 2) {
      problem(
          fmt::format("has {} values; a size in bytes and a percentage are due", row.words.size()));
      continue;
    }
    const Result<std::int64_t> bytes = parse_integer(row.words[0]);
    const Result<Probability> share = parse_probability(row.words[1] + " %");
    if (!bytes) problem(bytes.error().message);
    if (!share) problem(share.error().message);
    if (!bytes || !share) continue;
    if (*bytes < 0 || *bytes > kMessageMost.count)
      problem(fmt::format("{} bytes is not between 0 and 1 GiB", *bytes));
    if (!out.empty() && *bytes <= out.back().bytes)
      problem(
          fmt::format("{} bytes is not above the {} of the line before", *bytes, out.back().bytes));
    if (!out.empty() && *share < out.back().share)
      problem(fmt::format("{} % is below the percentage of the line before", row.words[1]));
    out.push_back({*bytes, *share});
  }
  if (problems.empty() && (out.empty() || out.back().share.parts_per_billion != kAll))
    problems.add(
        ErrorCode::kInvalid,
        fmt::format("{}: ends without a size that 100 % of the messages do not exceed", file));
  if (!problems.empty()) return tl::unexpected<Diagnostics>(std::move(problems));
  return out;
}

}  // namespace soliton
