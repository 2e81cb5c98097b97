#include "node/npu/recurrence.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace soliton {
namespace {

// Chains by whose results a chain is computed.
class Dependences {
 public:
  Dependences(std::span<const CompiledChain> chains, std::uint32_t slots)
      : chains_(chains), writers_(slots), needed_(chains.size()) {}

  // The next chain in program order reads what the latest writers left, and writes.
  void pass(std::uint32_t index) {
    const CompiledChain& chain = chains_[index];
    if (!chain.from_netq) read(index, chain.source);
    for (const MfuOperation& operation : chain.operations)
      if (operation.has_operand) read(index, operation.operand);
    for (const WriteTarget& write : chain.writes)
      if (!write.to_netq)
        std::fill_n(writers_.begin() + write.vectors.first, write.vectors.count, index);
  }

  // Chains are taken away as long as one needs none that is left. Those of a circle stay.
  bool has_circle() {
    std::vector<std::vector<std::uint32_t>> users(needed_.size());
    std::vector<std::size_t> left(needed_.size());
    std::vector<std::uint32_t> free;
    for (std::uint32_t i = 0; i < needed_.size(); ++i) {
      left[i] = needed_[i].size();
      for (const std::uint32_t other : needed_[i]) users[other].push_back(i);
      if (left[i] == 0) free.push_back(i);
    }
    std::size_t taken = 0;
    for (; !free.empty(); ++taken) {
      const std::uint32_t next = free.back();
      free.pop_back();
      for (const std::uint32_t user : users[next])
        if (--left[user] == 0) free.push_back(user);
    }
    return taken < needed_.size();
  }

 private:
  void read(std::uint32_t index, VectorRange range) {
    std::vector<std::uint32_t>& needed = needed_[index];
    for (std::uint32_t i = 0; i < range.count; ++i) {
      const std::optional<std::uint32_t> writer = writers_[range.first + i];
      if (writer && std::ranges::find(needed, *writer) == needed.end()) needed.push_back(*writer);
    }
  }

  std::span<const CompiledChain> chains_;
  std::vector<std::optional<std::uint32_t>> writers_;  // by native vector
  std::vector<std::vector<std::uint32_t>> needed_;     // by chain
};

}  // namespace

// Twice through the program: what is read before it is written comes from the round before.
bool is_recurrent(std::span<const CompiledChain> chains, const Program& program,
                  std::uint32_t slots) {
  Dependences dependences(chains, slots);
  for (int round = 0; round < 2; ++round)
    for (const Segment& segment : program.segments)
      for (int again = 0; again < 2; ++again)
        for (std::uint32_t chain = segment.first; chain < segment.last; ++chain)
          dependences.pass(chain);
  return dependences.has_circle();
}

}  // namespace soliton
