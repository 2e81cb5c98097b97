#include "node/npu/tile_stream.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

TileStream::TileStream(const Shard& shard, std::int64_t ticks_per_second)
    : places_(shard.window_tiles) {
  if (places_.empty()) return;
  rate_ = shard.device.dram_rate.bits_per_second;
  SOLITON_CHECK(rate_ > 0);
  const __int128 scaled =
      static_cast<__int128>(tile_bits(shard.format, shard.device.native_dim)) * ticks_per_second;
  whole_ = ticks_up_to_end(scaled / rate_);
  part_ = static_cast<std::int64_t>(scaled % rate_);
}

void TileStream::begin(Moment start) {
  std::ranges::fill(places_, start);
  next_ = 0;
  channel_ = start;
  parts_ = 0;
}

Moment TileStream::fetch(Moment place_free) {
  if (place_free.at > channel_.at) {
    channel_ = place_free;
    parts_ = 0;
  }
  channel_.at = add_ticks(channel_.at, whole_);
  parts_ += part_;
  if (parts_ >= rate_) {
    parts_ -= rate_;
    channel_.at = add_ticks(channel_.at, 1);
  }
  return after(channel_, parts_ > 0 ? 1 : 0);
}

Moment TileStream::multiply(Moment ready, std::int64_t tiles, Ticks each) {
  SOLITON_CHECK(!places_.empty());
  Moment done = ready;
  for (std::int64_t tile = 0; tile < tiles; ++tile) {
    Moment& place = places_[next_];
    done = after(later_of(done, fetch(place)), each);
    place = done;
    if (++next_ == places_.size()) next_ = 0;
  }
  return done;
}

}  // namespace soliton
