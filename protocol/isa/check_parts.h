// The checks that make up shard_faults(), and where they put what they find. Inside protocol/isa only.
#pragma once

#include <fmt/format.h>

#include <iterator>
#include <utility>
#include <vector>

#include "protocol/isa/shard.h"

namespace soliton {

// The faults found so far. Each is of the place named last.
class ShardFaults {
 public:
  void at(ShardPlace place) { place_ = place; }

  template <typename... Arguments>
  void report(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    add({{ErrorCode::kInvalid, fmt::format(format, std::forward<Arguments>(arguments)...)},
         place_});
  }
  void add(ShardFault fault) { found_.push_back(std::move(fault)); }
  void add(std::vector<ShardFault> more) {
    std::move(more.begin(), more.end(), std::back_inserter(found_));
  }

  std::size_t count() const { return found_.size(); }
  std::vector<ShardFault> take() { return std::move(found_); }

 private:
  ShardPlace place_;
  std::vector<ShardFault> found_;
};

// Device and number format; no other check makes sense when it returns false.
bool check_device(const Shard& shard, ShardFaults& faults);
// Sizes, formats and places of matrices and constants.
void check_resident(const Shard& shard, ShardFaults& faults);
// A matrix in Dram needs tiles of MatrixRf to be streamed through.
void check_stream(const Shard& shard, ShardFaults& faults);
// Chains: their rules, operands, matrices and ports. False if an instruction has an operand that it
// cannot have.
bool check_chains(const Shard& shard, ShardFaults& faults);
// Segments, and that every chain is in one.
void check_segments(const Shard& shard, ShardFaults& faults);
void check_batch(const Shard& shard, ShardFaults& faults);
// What every memory has to hold against what it holds, and that Dram, if used, has a rate.
void check_budgets(const Shard& shard, ShardFaults& faults);

}  // namespace soliton
