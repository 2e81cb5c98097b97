// A warning says what a reader must know before trusting a run's numbers. It is not an error, since
// the run did what it was told. Each has an id for scripts and a sentence for people.
//
//   warn(results, warning_id::kWindowLimited, "the window fills 8 % of the path ...");
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace soliton {

struct RunWarning {
  std::string id;
  std::string text;  // one sentence, without a full stop
  bool operator==(const RunWarning&) const = default;
};

namespace warning_id {
inline constexpr std::string_view kPredictionOff = "prediction_off";
inline constexpr std::string_view kNodeOff = "node_prediction_off";
inline constexpr std::string_view kBeyondFp16 = "beyond_fp16";
inline constexpr std::string_view kResendsExceedDrops = "resends_exceed_drops";
inline constexpr std::string_view kWindowLimited = "window_limited";
inline constexpr std::string_view kFewSamples = "few_samples";
inline constexpr std::string_view kOverload = "overload";
inline constexpr std::string_view kRuleNeverFired = "rule_never_fired";
inline constexpr std::string_view kUnusedLink = "unused_link";
inline constexpr std::string_view kMessageModeOutside = "message_mode_outside";
inline constexpr std::string_view kUdpRefused = "udp_refused";
inline constexpr std::string_view kPeerLost = "peer_lost";
inline constexpr std::string_view kSeriesCoarser = "series_coarser";
}  // namespace warning_id

// Appends a warning, unless the same one is present.
void warn(std::vector<RunWarning>& warnings, std::string_view id, std::string text);

}  // namespace soliton
