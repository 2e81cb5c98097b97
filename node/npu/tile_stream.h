// Weights on their way from Dram to the matrix-vector unit, through a window of the matrix register
// file (docs/persistent-vs-streaming.md).
//
//   a tile is here:     max(the tile before is here, its place in the window is free)
//                       + tile bits / DRAM rate
//   a place is free:    the tile that lay there, `window` tiles before, has been multiplied
//
// One stream a device, in program order: without branches the order is known, so it runs ahead of
// the program by the size of its window, across chains and steps. It starts with the request's
// program: nothing is fetched for a request that is not here.
#pragma once

#include <vector>

#include "node/npu/moment.h"
#include "protocol/isa/shard.h"

namespace soliton {

class TileStream {
 public:
  // For a shard without matrices in Dram the stream is empty and must not be used.
  // `ticks_per_second` is that of the clock domain.
  TileStream(const Shard& shard, std::int64_t ticks_per_second);

  // Begins a request: the window is empty, and the first tile can start at `start`.
  void begin(Moment start);
  // Takes the next `tiles` tiles of the stream. Each is multiplied for `each` ticks once it has
  // arrived and the one before is done; the first not before `ready`. Returns when the last one is
  // done.
  Moment multiply(Moment ready, std::int64_t tiles, Ticks each);

 private:
  Moment fetch(Moment place_free);

  std::vector<Moment> places_;  // by place of the window: when it becomes free
  std::size_t next_ = 0;
  Moment channel_;  // when the last tile has arrived
  // A tile takes whole_ + part_ / rate_ ticks; while the channel is busy the parts add up exactly.
  Ticks whole_ = 0;
  std::int64_t part_ = 0;
  std::int64_t rate_ = 1;
  std::int64_t parts_ = 0;  // of the current tick, below rate_
};

}  // namespace soliton
