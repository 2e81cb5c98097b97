#include "cluster/file/expectation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

#include "cluster/file/cluster_fields.h"
#include "cluster/file/parts.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

struct ComparisonWord {
  std::string_view spelling;
  Comparison how;
};
// Longer ones first.
constexpr ComparisonWord kComparisons[] = {{"<=", Comparison::kAtMost},
                                           {">=", Comparison::kAtLeast},
                                           {"<", Comparison::kLess},
                                           {">", Comparison::kMore}};

constexpr FieldWord kEndCauses[] = {{"no_spare", 0}, {"isolated", 1}};
constexpr Field kEndRows[] = {
    described("status", "The exit status of the run, which is then 0 instead.", FieldType::kInteger)
        .between<std::int64_t>(4, 5)
        .needed(),
    described("cause", "Why: the last step of its recovery, `no_spare` or `isolated`.",
              FieldType::kChoice)
        .spelled(kEndCauses)
        .by_default("any"),
};
constexpr Field kFailoverRows[] = {
    described("max_timeouts",
              "Most timeouts of the resource manager from a fault to the first answer afterwards, "
              "without the time in which the node that takes over is configured.",
              FieldType::kInteger)
        .between<std::int64_t>(1, 1'000'000)
        .needed(),
};

// An expectation of the one word `true` is a flag, of which false expects nothing.
constexpr bool is_flag(const ExpectKind& kind) { return kind.word == "true"; }

constexpr std::size_t kExpectCount = std::size(kExpectKinds);
constexpr std::array<FieldWord, kExpectCount> kExpectWords = [] {
  std::array<FieldWord, kExpectCount> out{};
  for (std::size_t i = 0; i < kExpectCount; ++i) out[i] = {kExpectKinds[i].word, 0};
  return out;
}();

constexpr Field expect_row(std::size_t at) {
  const ExpectKind& kind = kExpectKinds[at];
  if (is_flag(kind)) return described(kind.key, kind.meaning, FieldType::kFlag);
  const Field row = described(kind.key, kind.meaning, FieldType::kText);
  return kind.word.empty() ? row : row.spelled(std::span(&kExpectWords[at], 1));
}

template <std::size_t... at>
constexpr std::array<Field, sizeof...(at) + 2> expect_rows(std::index_sequence<at...>) {
  return {expect_row(at)...,
          described("failover", "How soon work goes on after a node has failed.", FieldType::kMap)
              .of(kExpectFailoverFields),
          described("end", "The run is to end without success: with this status.", FieldType::kMap)
              .of(kExpectEndFields)};
}
constexpr auto kExpectRows = expect_rows(std::make_index_sequence<std::size(kExpectKinds)>{});

void read_one(MapReader& map, const ExpectKind& kind, std::vector<Expectation>& out) {
  if (map.find(kind.key) == nullptr) return;
  const YamlValue* said = map.scalar(kind.key);
  if (said == nullptr) return;
  Expectation expectation{.key = std::string(kind.key), .said = said->text, .threshold = {}};
  if (!kind.word.empty()) {
    const std::optional<FieldValue> word = read_value(map, kind.key);
    if (!word || (is_flag(kind) && word->number() == 0)) return;
  } else {
    const bool bare = kind.key == "completes_within" && !said->text.empty() &&
                      said->text.front() >= '0' && said->text.front() <= '9';
    const Result<Threshold> threshold =
        parse_threshold(kind.type, bare ? "<= " + said->text : said->text);
    if (!threshold) return map.error(kind.key, threshold.error().message);
    expectation.threshold = *threshold;
  }
  out.push_back(std::move(expectation));
}

}  // namespace

constexpr FieldTable kExpectEndFields = fields_of<Expectation>("expect_end", kEndRows);
constexpr FieldTable kExpectFailoverFields =
    fields_of<Expectation>("expect_failover", kFailoverRows);
constexpr FieldTable kExpectFields = fields_of<Expectation>("expect", kExpectRows);

bool Threshold::met_by(double measured) const {
  switch (how) {
    case Comparison::kLess:
      return measured < value;
    case Comparison::kAtMost:
      return measured <= value;
    case Comparison::kMore:
      return measured > value;
    case Comparison::kAtLeast:
      return measured >= value;
  }
  return false;
}

Result<Threshold> parse_threshold(FieldType type, std::string_view text) {
  const Field field{.key = "", .type = type, .least = 0, .most = INT64_MAX};
  for (const ComparisonWord& word : kComparisons) {
    if (!text.starts_with(word.spelling)) continue;
    std::string_view rest = text.substr(word.spelling.size());
    while (rest.starts_with(' ')) rest.remove_prefix(1);
    const Result<FieldValue> value = parse_value(field, rest);
    if (!value) return tl::unexpected<Error>(value.error());
    const double number = type == FieldType::kReal ? 1'000 * std::get<double>(value->value)
                                                   : static_cast<double>(value->number());
    return Threshold{word.how, number};
  }
  return invalid(fmt::format("\"{}\" does not begin with <, <=, > or >=", printable(text)));
}

const ExpectKind* find_expect_kind(std::string_view key) {
  const auto at = std::ranges::find(kExpectKinds, key, &ExpectKind::key);
  return at == std::end(kExpectKinds) ? nullptr : &*at;
}

void read_expectations(MapReader& cluster, ClusterSpec& spec) {
  const YamlValue* value = cluster.find("expect");
  if (value == nullptr) return;
  MapReader map(cluster.context(), *value, kExpectFields, "expect");
  if (!map.is_map()) return;
  for (const ExpectKind& kind : kExpectKinds) {
    if (map.find(kind.key) == nullptr) continue;
    if (kind.needs_model && !has_model(spec))
      map.error(kind.key, "belongs to requests to a model");
    else if (kind.needs_faults && spec.faults.empty())
      map.error(kind.key, "there are no faults");
    else
      read_one(map, kind, spec.expectations);
  }
  if (const YamlValue* failover = map.find("failover")) {
    MapReader inner(map.context(), *failover, kExpectFailoverFields, "expect.failover");
    inner.require("max_timeouts");
    const auto most = read_value(inner, "max_timeouts");
    if (!is_managed(spec))
      map.error("failover", "there is no resource manager: write service: {spares: 1}");
    else if (most)
      spec.expectations.push_back({.key = "failover",
                                   .said = fmt::format("max_timeouts {}", most->number()),
                                   .threshold = {},
                                   .most_timeouts = most->number()});
    inner.finish();
  }
  if (const YamlValue* end = map.find("end")) {
    MapReader inner(map.context(), *end, kExpectEndFields, "expect.end");
    inner.require("status");
    const auto cause = read_value(inner, "cause");
    const std::string why =
        cause ? std::string(spelling_of(kEndCauses, cause->number())) : std::string();
    if (const auto status = read_value(inner, "status"))
      spec.expectations.push_back(
          {.key = "end",
           .said = fmt::format("status {}{}", status->number(), why.empty() ? "" : ", " + why),
           .threshold = {},
           .status = status->number(),
           .cause = why});
    inner.finish();
  }
  map.finish();
}

std::string expectations_text(const std::vector<Expectation>& expectations) {
  if (expectations.empty()) return "";
  WrittenKeys keys;
  for (const Expectation& e : expectations)
    keys.emplace_back(e.key,
                      e.key == "end"        ? fmt::format("{{status: {}{}}}", e.status,
                                                   e.cause.empty() ? "" : ", cause: " + e.cause)
                      : e.key == "failover" ? fmt::format("{{max_timeouts: {}}}", e.most_timeouts)
                      : e.threshold         ? yaml_quoted(e.said)
                                            : e.said);
  return fmt::format("expect: {}\n", flow_text(keys));
}

}  // namespace soliton
