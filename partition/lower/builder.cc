#include "partition/lower/builder.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "partition/lower/lower.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

// Addresses have 32 bits.
constexpr std::int64_t kTilesAddressable = std::int64_t{0xffffffff};

}  // namespace

ShardBuilder::ShardBuilder(std::string node, const NpuDevice& device, const NpuFormat& format,
                           bool with_weights)
    : with_weights_(with_weights) {
  shard_.node = std::move(node);
  shard_.device = device;
  shard_.format = format.format;
  shard_.beats_per_tile = format.beats_per_tile;
}

std::uint32_t ShardBuilder::vectors(std::int64_t elements) const {
  return static_cast<std::uint32_t>(tiles_along(elements, native_dim()));
}

// Given out upwards and never returned: in a loop over the steps of a recurrent layer nearly all
// registers live throughout.
std::uint32_t ShardBuilder::reserve(Memory memory, std::uint32_t count) {
  std::uint32_t& next = reserved_[memory];
  const std::uint32_t first = next;
  next += count;
  return first;
}

std::uint32_t ShardBuilder::borrow(Memory memory, std::uint32_t count) {
  std::map<std::uint32_t, std::uint32_t>& free = free_[memory];
  for (auto it = free.begin(); it != free.end(); ++it) {
    const auto [first, length] = *it;
    if (length < count) continue;
    free.erase(it);
    if (length > count) free[first + count] = length - count;
    return first;
  }
  return reserve(memory, count);
}

// Neighbours become one range again.
void ShardBuilder::give_back(Memory memory, std::uint32_t first, std::uint32_t count) {
  if (count == 0) return;
  std::map<std::uint32_t, std::uint32_t>& free = free_[memory];
  auto next = free.lower_bound(first);
  if (next != free.end() && next->first == first + count) {
    count += next->second;
    next = free.erase(next);
  }
  if (next != free.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second == first) {
      before->second += count;
      return;
    }
  }
  free[first] = count;
}

std::uint32_t ShardBuilder::constant(std::string name, Memory memory, std::vector<Half> values) {
  const std::uint32_t index = reserve(memory, vectors(static_cast<std::int64_t>(values.size())));
  shard_.vectors.push_back({std::move(name), memory, index, std::move(values)});
  return index;
}

// After a failure lowering goes on with addresses that nobody will use, so that its callers need
// not check each matrix; take() reports it.
PlacedMatrix ShardBuilder::matrix(const MatrixCut& cut) {
  std::uint32_t& next = cut.in_dram ? dram_tiles_ : tiles_;
  const PlacedMatrix placed{cut.in_dram ? Memory::kDram : Memory::kMatrixRf, next,
                            vectors(cut.rows.count), vectors(columns_of(cut, native_dim()))};
  // Tiles in Dram lie one behind the other; on chip the engines' columns have the same length.
  const std::int64_t taken = cut.in_dram ? std::int64_t{placed.rows} * placed.columns
                                         : shard_.device.tiles_taken(placed.rows, placed.columns);
  if (!failure_ && taken > kTilesAddressable - next)
    failure_ =
        Error{ErrorCode::kDoesNotFit,
              fmt::format("{}: {} native tiles after {} others; a device can address at most {}",
                          cut.name, taken, next, kTilesAddressable)};
  if (failure_) return placed;
  next += static_cast<std::uint32_t>(taken);
  auto weights = cut_matrix(cut, shard_.format, native_dim(), with_weights_);
  if (!weights) {
    failure_ = std::move(weights.error());
    return placed;
  }
  shard_.matrices.push_back(
      {cut.name, placed.tile, placed.rows, placed.columns, std::move(*weights), placed.memory});
  return placed;
}

// Ports have 16 bits in a data message.
std::uint16_t ShardBuilder::in_port(std::string name, std::int64_t elements, bool reversed) {
  SOLITON_CHECK(shard_.in_ports.size() < 65535);
  shard_.in_ports.push_back({std::move(name), static_cast<std::uint32_t>(elements), reversed});
  return static_cast<std::uint16_t>(shard_.in_ports.size() - 1);
}

std::uint16_t ShardBuilder::out_port(std::string name, std::int64_t elements, std::size_t turn) {
  SOLITON_CHECK(shard_.out_ports.size() < 65535);
  shard_.out_ports.push_back({std::move(name), static_cast<std::uint32_t>(elements), {}});
  turns_.push_back(turn);
  return static_cast<std::uint16_t>(shard_.out_ports.size() - 1);
}

void ShardBuilder::connect(std::uint16_t out_port, const std::string& peer, std::uint16_t in_port) {
  shard_.out_ports.at(out_port).destinations.push_back({peer, in_port});
}

ChainWriter ShardBuilder::chain(std::string label, std::uint32_t rows, std::uint32_t columns) {
  Chain& chain = shard_.program.chains.emplace_back();
  chain.label = std::move(label);
  chain.rows = rows;
  chain.columns = columns;
  return ChainWriter(chain);
}

// A segment without chains is left out: a layer may have nothing to do on this node.
void ShardBuilder::end_segment(std::int32_t fixed, std::int32_t per_step) {
  const auto last = static_cast<std::uint32_t>(shard_.program.chains.size());
  if (last > segment_first_)
    shard_.program.segments.push_back({segment_first_, last, fixed, per_step});
  segment_first_ = last;
}

void ShardBuilder::add_segment(const Segment& segment) {
  SOLITON_CHECK(segment.first <= segment.last && segment.last <= chains());
  shard_.program.segments.push_back(segment);
  segment_first_ = chains();
}

Result<Shard> ShardBuilder::take(std::uint32_t batch, std::uint32_t window) {
  if (failure_) return tl::unexpected<Error>(*failure_);
  shard_.batch = batch;
  if (dram_tiles_ > 0) {
    // The window gets what pinned weights and the lanes of a batch leave free. At least one tile,
    // also where nothing is left: check_shard() then says what does not fit.
    const std::int64_t left =
        tiles_that_fit(shard_.device, shard_.format) - tiles_ - lane_tiles(shard_);
    shard_.window_tiles =
        window != 0 ? window
                    : static_cast<std::uint32_t>(std::clamp<std::int64_t>(left, 1, dram_tiles_));
  }
  // Only now: until here connect() may have added destinations.
  for (std::size_t port = 0; port < turns_.size(); ++port) {
    auto& destinations = shard_.out_ports[port].destinations;
    if (destinations.empty()) continue;
    std::ranges::rotate(
        destinations,
        destinations.begin() + static_cast<std::ptrdiff_t>(turns_[port] % destinations.size()));
  }
  return std::move(shard_);
}

}  // namespace soliton
