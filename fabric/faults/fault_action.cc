#include "fabric/faults/fault_action.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <set>
#include <tuple>

#include "protocol/base/rng.h"
#include "protocol/base/suggestion.h"
#include "protocol/base/text.h"
#include "protocol/wire/ltl_header.h"

namespace soliton {
namespace {

using What = FaultAction::What;

// Which numbers follow the name.
struct ActionWords {
  What what;
  std::string_view name;
  bool count, value, late;
};
constexpr ActionWords kActions[] = {
    {What::kDrop, "drop", false, false, false},
    {What::kDelay, "delay", false, false, true},
    {What::kDuplicate, "duplicate", true, false, true},
    {What::kCorrupt, "corrupt", true, true, false},
    {What::kCorruptHeader, "corrupt-header", true, true, false},
    {What::kCorruptPayload, "corrupt-payload", true, true, false},
    {What::kCutShort, "cut", true, false, false},
    {What::kPad, "pad", true, false, false},
    {What::kMark, "mark", false, false, false},
    {What::kStrip, "strip", false, false, false},
    {What::kMisroute, "misroute", true, false, false},
    {What::kRefuse, "refuse", false, false, false},
    {What::kBehind, "behind", false, true, false},
    {What::kHold, "hold", false, true, false},
    {What::kFlush, "flush", false, false, false},
    {What::kStretch, "stretch", false, false, true},
};

std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> words;
  for (;;) {
    const std::size_t end = text.find(' ');
    words.push_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return words;
}

template <typename T>
bool read_number(std::string_view text, T& out) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
  return error == std::errc{} && end == text.data() + text.size();
}

void flip(std::uint64_t bit, Datagram& datagram) {
  std::vector<std::byte>& bytes = datagram.payload.bytes;
  if (bit / 8 >= bytes.size())
    datagram.damaged = true;
  else
    bytes[bit / 8] ^= static_cast<std::byte>(1U << (bit % 8));
}

void cut_short(std::uint64_t count, Payload& payload) {
  const std::uint64_t ghosts = std::min(count, payload.ghost);
  payload.ghost -= ghosts;
  payload.bytes.resize(payload.bytes.size() -
                       std::min<std::uint64_t>(count - ghosts, payload.bytes.size()));
}

void pad(std::uint64_t count, Payload& payload) {
  if (payload.ghost > 0)
    payload.ghost += count;
  else
    payload.bytes.resize(payload.bytes.size() + count);
}

}  // namespace

std::string spell(const FaultAction& action) {
  for (const ActionWords& words : kActions) {
    if (words.what != action.what) continue;
    std::string out(words.name);
    if (words.count) out += fmt::format(" {}", action.count);
    if (words.value) out += fmt::format(" {}", action.value);
    if (words.late) out += fmt::format(" {}", action.late.count());
    return out;
  }
  return "none";
}

Result<FaultAction> parse_fault_action(std::string_view text) {
  const std::vector<std::string_view> said = split(text);
  std::vector<std::string> names;
  for (const ActionWords& words : kActions) {
    names.emplace_back(words.name);
    if (words.name != said.front()) continue;
    FaultAction out{.what = words.what};
    std::int64_t late = 0;
    std::size_t at = 1;
    const auto number = [&](bool has, auto& to) {
      return !has || (at < said.size() && read_number(said[at++], to));
    };
    const bool good = number(words.count, out.count) && number(words.value, out.value) &&
                      number(words.late, late) && at == said.size() && late >= 0;
    if (!good)
      return invalid(fmt::format("\"{}\" is not an action such as \"{}\"", printable(text),
                                 spell(FaultAction{.what = words.what})));
    out.late = Duration{late};
    if (out.value > INT64_MAX && (out.what == What::kBehind || out.what == What::kHold))
      return invalid(fmt::format("\"{}\" ends later than any run", printable(text)));
    return out;
  }
  const std::string name(said.front());
  return invalid(fmt::format("no action \"{}\"{}", printable(name), suggestion(name, names)));
}

std::vector<std::uint64_t> flipped_bits(const FaultAction& action, std::uint64_t bytes) {
  const std::uint64_t header = std::min<std::uint64_t>(bytes, kLtlHeaderSize) * 8;
  const std::uint64_t first = action.what == What::kCorruptPayload ? header : 0;
  const std::uint64_t all = action.what == What::kCorruptHeader ? header : bytes * 8 - first;
  const Random chance(action.value, "flipped bits");
  std::set<std::uint64_t> bits;
  for (std::uint64_t i = 0; bits.size() < std::min<std::uint64_t>(action.count, all); ++i)
    bits.insert(first + chance.below(i, all));
  return {bits.begin(), bits.end()};
}

void change(const FaultAction& action, Datagram& datagram) {
  switch (action.what) {
    case What::kCorrupt:
    case What::kCorruptHeader:
    case What::kCorruptPayload:
      for (const std::uint64_t bit : flipped_bits(action, datagram.payload.size()))
        flip(bit, datagram);
      return;
    case What::kCutShort:
      return cut_short(action.count, datagram.payload);
    case What::kPad:
      return pad(action.count, datagram.payload);
    case What::kMark:
      datagram.congestion_seen = true;
      return;
    case What::kStrip:
      datagram.congestion_seen = false;
      return;
    case What::kMisroute:
      datagram.destination = NodeId{action.count};
      return;
    case What::kNone:
    case What::kDrop:
    case What::kDelay:
    case What::kDuplicate:
    case What::kRefuse:
    case What::kBehind:
    case What::kHold:
    case What::kFlush:
    case What::kStretch:
      return;
  }
}

bool before(const FaultFiring& a, const FaultFiring& b) {
  const auto key = [](const FaultFiring& f) {
    return std::tuple(f.at, f.hop.link, f.hop.direction, f.ordinal, f.rule, f.action.what);
  };
  return key(a) < key(b);
}

}  // namespace soliton
