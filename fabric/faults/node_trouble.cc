#include "fabric/faults/node_trouble.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>
#include <vector>

#include "protocol/base/text.h"

namespace soliton {
namespace {

using What = NodeTrouble::What;

struct TroubleWord {
  What what;
  std::string_view name;
};
constexpr TroubleWord kTroubles[] = {
    {What::kNone, "none"},
    {What::kOff, "off"},
    {What::kFreeze, "freeze"},
    {What::kCutOff, "cut_off"},
    {What::kHang, "hang"},
    {What::kSlow, "slow"},
    {What::kWrong, "wrong"},
    {What::kGarbage, "garbage"},
    {What::kOtherImage, "other_image"},
    {What::kNoCalibration, "no_calibration"},
    {What::kReload, "reload"},
    {What::kManagerDown, "manager_down"},
    {What::kLeaseLost, "lease_lost"},
    {What::kLeaseTwice, "lease_twice"},
    {What::kNoSpare, "no_spare"},
    {What::kClockSlow, "clock_slow"},
    {What::kClockStands, "clock_stands"},
};

std::vector<std::string_view> words_of(std::string_view text) {
  std::vector<std::string_view> out;
  while (!text.empty()) {
    const std::size_t blank = std::min(text.find(' '), text.size());
    if (blank > 0) out.push_back(text.substr(0, blank));
    text.remove_prefix(std::min(blank + 1, text.size()));
  }
  return out;
}

}  // namespace

bool before(const NodeFiring& a, const NodeFiring& b) {
  return std::tuple(a.at, a.rule, a.node, a.ordinal) < std::tuple(b.at, b.rule, b.node, b.ordinal);
}

std::string spell(const NodeTrouble& trouble, Instant from) {
  const auto word = std::ranges::find(kTroubles, trouble.what, &TroubleWord::what);
  const std::int64_t lasts = trouble.until == kNever ? 0 : (trouble.until - from).count();
  return fmt::format("{} {} {}", word->name, lasts, trouble.value);
}

Result<NodeTrouble> parse_node_trouble(std::string_view text, Instant from) {
  const std::vector<std::string_view> words = words_of(text);
  const auto word = words.empty() ? std::end(kTroubles)
                                  : std::ranges::find(kTroubles, words[0], &TroubleWord::name);
  if (word == std::end(kTroubles) || words.size() != 3)
    return invalid(fmt::format("\"{}\" is not what a fault does to a node, such as \"off 0 0\"",
                               printable(text)));
  const Result<std::int64_t> lasts = parse_integer(words[1]);
  const Result<std::uint64_t> value = parse_unsigned(words[2]);
  if (!lasts || *lasts < 0 || !value || *value > UINT32_MAX)
    return invalid(
        fmt::format("\"{}\" has no time and value that a fault can have", printable(text)));
  NodeTrouble out{word->what, static_cast<std::uint32_t>(*value), kNever};
  if (*lasts > 0) out.until = later(from, Duration{*lasts});
  return out;
}

}  // namespace soliton
