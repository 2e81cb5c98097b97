// What trace.json says of single requests, for pictures of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/time.h"

namespace soliton {

struct TracedSlice {
  std::string node, unit, name;  // unit: "requests", "MVU", "MFU", "host"
  std::int64_t request = 0;
  Duration from{}, to{};
};

struct TracedMessage {
  std::string from, to;  // nodes
  Duration left{}, arrived{};
};

struct TracedRun {
  std::vector<TracedSlice> slices;      // in order of the file
  std::vector<TracedMessage> messages;  // both ends of which are known, by arrival
};

// Larger traces are for other programs.
inline constexpr std::size_t kTraceBytesLimit = std::size_t{64} << 20;

// What cannot be read is left out. REQUIRES: the text is not longer than kTraceBytesLimit.
TracedRun read_trace(std::string_view text);

}  // namespace soliton
