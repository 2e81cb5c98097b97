#include "node/npu/input_streams.h"

#include <algorithm>

namespace soliton {
namespace {

bool same(VectorRange a, VectorRange b) { return a.first == b.first && a.count == b.count; }

bool is_move_from_netq(const CompiledChain& chain) {
  return chain.from_netq && chain.matrix == nullptr && chain.operations.empty();
}

bool writes_into(const CompiledChain& chain, VectorRange range) {
  return std::ranges::any_of(chain.writes, [&](const WriteTarget& write) {
    return !write.to_netq && overlap(write.vectors, range);
  });
}

bool writes_whole(const CompiledChain& chain, VectorRange range) {
  return std::ranges::all_of(chain.writes, [&](const WriteTarget& write) {
    return write.to_netq || !overlap(write.vectors, range) || same(write.vectors, range);
  });
}

// The chains that write `range`, when nothing but moves of whole messages does.
std::vector<CompiledChain*> feeders(std::span<CompiledChain> chains, VectorRange range) {
  std::vector<CompiledChain*> found;
  for (CompiledChain& chain : chains) {
    if (!writes_into(chain, range)) continue;
    if (!is_move_from_netq(chain) || !writes_whole(chain, range) || chain.feeds) return {};
    found.push_back(&chain);
  }
  return found;
}

}  // namespace

std::size_t find_input_streams(std::span<CompiledChain> chains, std::span<const VectorRange> kept) {
  std::size_t streams = 0;
  for (CompiledChain& chain : chains) {
    // Sums that come in a message are not known ahead.
    if (chain.matrix == nullptr || chain.stream || chain.onto_sums) continue;
    if (chain.from_netq) {
      chain.stream = chain.feeds = streams++;
      continue;
    }
    const VectorRange source = chain.source;
    if (std::ranges::any_of(kept, [&](VectorRange k) { return overlap(k, source); })) continue;
    const std::vector<CompiledChain*> from = feeders(chains, source);
    if (from.empty()) continue;
    for (CompiledChain* feeder : from) feeder->feeds = streams;
    for (CompiledChain& reader : chains)
      if (reader.matrix != nullptr && !reader.takes_message() && same(reader.source, source))
        reader.stream = streams;
    ++streams;
  }
  return streams;
}

}  // namespace soliton
