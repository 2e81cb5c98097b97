// What a cluster file expects of a run: `expect:`. Each expectation is judged when the run has ended, with
// what was measured beside it; one that is not met makes status 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/fields.h"
#include "protocol/base/result.h"

namespace soliton {

enum class Comparison : std::uint8_t { kLess, kAtMost, kMore, kAtLeast };

// "< 1 ms", ">= 84 %". The number is in the unit that fields of this type travel in; of a real it is a
// thousandth.
struct Threshold {
  Comparison how = Comparison::kLess;
  double value = 0;
  bool operator==(const Threshold&) const = default;
  bool met_by(double measured) const;
};
Result<Threshold> parse_threshold(FieldType type, std::string_view text);

struct Expectation {
  std::string key;   // of kExpectRows
  std::string said;  // its value as written
  std::optional<Threshold> threshold;
  std::int64_t status = 0;         // of key `end`
  std::string cause;               // the same; "": any
  std::int64_t most_timeouts = 0;  // of key `failover`
  bool operator==(const Expectation&) const = default;
};

// What may be expected: a threshold of some type, or one word.
struct ExpectKind {
  std::string_view key;
  std::string_view meaning;
  FieldType type = FieldType::kText;  // of a threshold
  std::string_view word;              // else
  bool needs_model = false;           // has a meaning for requests to a model only
  bool needs_faults = false;
};
inline constexpr ExpectKind kExpectKinds[] = {
    {"p50", "Median latency, `\"< 1 ms\"`.", FieldType::kDuration, {}},
    {"p90", "90th percentile.", FieldType::kDuration, {}},
    {"p99", "99th percentile.", FieldType::kDuration, {}},
    {"p99_9", "99.9th percentile.", FieldType::kDuration, {}},
    {"max", "Longest latency.", FieldType::kDuration, {}},
    {"throughput", "Requests a second, `\"> 10 k/s\"`.", FieldType::kEventRate, {}},
    {"accuracy", "Share of correct classes, `\">= 84 %\"`.", FieldType::kProbability, {}, true},
    {"resends", "Packets sent over packets needed, `\"< 1.6\"`.", FieldType::kReal, {}},
    {"completes_within",
     "Emulated time of the whole run, `\"< 5 s\"` or `5 s`.",
     FieldType::kDuration,
     {}},
    {"outputs", "`bit_identical`: every output was checked and none differs.", FieldType::kText,
     "bit_identical"},
    {"delivery",
     "`exactly_once_in_order`: every request is answered once and every message is what was sent.",
     FieldType::kText, "exactly_once_in_order"},
    {"mismatched",
     "Share of checked outputs that may differ, `\"< 5 %\"`: with faults that nothing but a "
     "comparison of outputs finds.",
     FieldType::kProbability,
     {},
     true},
    {"fired", "`true`: every fault rule hit something.", FieldType::kText, "true", false, true},
    {"leaks", "`none`: no process of the run is left.", FieldType::kText, "none"},
};
const ExpectKind* find_expect_kind(std::string_view key);

}  // namespace soliton
