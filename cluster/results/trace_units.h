// The units of a node in trace.json.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cluster/results/results.h"

namespace soliton {

// What works on a node: whole requests, the chains with and without a matrix product, a CPU, and the
// transport with its messages.
enum class TraceUnit : std::uint8_t { kRequests, kMvu, kMfu, kHost, kNetwork };
inline constexpr std::uint32_t kTraceUnits = 5;
const char* trace_unit_name(TraceUnit unit);

// By NodeId and number in the program: whether the chain has a matrix product. A chain that is not
// listed has one.
using ChainProducts = std::vector<std::vector<bool>>;

// trace_json() that tells chains with a product from others.
std::string trace_json(const std::vector<TraceEvent>& events, const TraceNames& names,
                       const ChainProducts& products, const SeriesResult* series);

}  // namespace soliton
