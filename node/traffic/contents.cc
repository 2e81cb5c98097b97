#include "node/traffic/contents.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {
namespace {

constexpr std::uint64_t kWord = sizeof(std::uint64_t);

// The first word of part `part`: words are spread evenly.
std::uint64_t first_word(std::uint64_t bytes, std::uint32_t count, std::uint32_t part) {
  const std::uint64_t words = (bytes + kWord - 1) / kWord;
  return static_cast<std::uint64_t>(static_cast<unsigned __int128>(words) * part / count);
}

class BlocksOfRanks : public Contents {
 public:
  explicit BlocksOfRanks(const ContentsOf& of) : of_(of) {}

  std::uint64_t size(Parts parts) const override { return parts.count * of_.traffic.bytes; }
  void append_own(Parts, std::uint32_t, std::uint32_t round, Payload& out) const override {
    block(of_.me, round).append_to(out, of_.traffic.bytes);
  }
  void add_own(Parts, std::uint32_t, std::span<std::byte>) const override {
    SOLITON_CHECK_MSG(false, "blocks are not added");
  }
  bool are_final(Parts parts, std::uint32_t, std::uint32_t round,
                 std::span<const std::byte> bytes) const override {
    bool good = true;
    for (std::uint32_t i = 0; i < parts.count; ++i)
      good = good && block(parts.first + i, round)
                         .is_at(bytes.subspan(i * of_.traffic.bytes, of_.traffic.bytes));
    return good;
  }

 protected:
  Pattern block(std::uint32_t rank, std::uint32_t number) const {
    return Pattern::of({of_.traffic.seed, of_.ranks.node(rank), number});
  }

  const ContentsOf of_;
};

class BlocksOfPairs final : public BlocksOfRanks {
 public:
  using BlocksOfRanks::BlocksOfRanks;

  void append_own(Parts, std::uint32_t to, std::uint32_t round, Payload& out) const override {
    block(of_.me, number(to, round)).append_to(out, of_.traffic.bytes);
  }
  bool are_final(Parts, std::uint32_t from, std::uint32_t round,
                 std::span<const std::byte> bytes) const override {
    return block(from, number(of_.me, round)).is_at(bytes);
  }

 private:
  // A block for another rank is another block.
  std::uint32_t number(std::uint32_t to, std::uint32_t round) const {
    return round * of_.ranks.count() + to;
  }
};

class Vector : public Contents {
 public:
  Vector(const ContentsOf& of, std::uint32_t parts, std::uint32_t contributors)
      : of_(of), parts_(parts), contributors_(contributors) {}

  std::uint64_t size(Parts parts) const override {
    return bytes_of_parts(of_.traffic.bytes, parts_, parts);
  }
  void append_own(Parts parts, std::uint32_t, std::uint32_t round, Payload& out) const override {
    at(own(of_.me, round), parts).append_to(out, size(parts));
  }
  void add_own(Parts parts, std::uint32_t round, std::span<std::byte> bytes) const override {
    at(own(of_.me, round), parts).add_to(bytes);
  }
  bool are_final(Parts parts, std::uint32_t, std::uint32_t round,
                 std::span<const std::byte> bytes) const override {
    if (round != summed_) {
      sum_ = {};
      for (std::uint32_t rank = 0; rank < contributors_; ++rank) sum_ = sum_ + own(rank, round);
      summed_ = round;
    }
    return at(sum_, parts).is_at(bytes);
  }

 private:
  Pattern own(std::uint32_t rank, std::uint32_t round) const {
    return Pattern::of({of_.traffic.seed, of_.ranks.node(rank), round});
  }
  Pattern at(Pattern whole, Parts parts) const {
    return whole.from(first_word(of_.traffic.bytes, parts_, parts.first));
  }

  const ContentsOf of_;
  const std::uint32_t parts_;
  const std::uint32_t contributors_;  // ranks from 0 on
  mutable Pattern sum_;               // of the contributions to round `summed_`
  mutable std::uint32_t summed_ = UINT32_MAX;
};

}  // namespace

std::uint32_t Ranks::rank_of(NodeId node) const {
  if (root_ == 1 && node == traffic_.receiver) return 0;
  const std::vector<NodeId>& nodes = traffic_.senders;
  if (nodes.empty()) return kNoRank;
  const std::uint32_t guess = index(node) - index(nodes.front());
  if (guess < nodes.size() && nodes[guess] == node) return guess + root_;
  const auto found = std::find(nodes.begin(), nodes.end(), node);
  if (found == nodes.end()) return kNoRank;
  return static_cast<std::uint32_t>(found - nodes.begin()) + root_;
}

std::uint64_t bytes_of_parts(std::uint64_t bytes, std::uint32_t count, Parts parts) {
  const auto first = [&](std::uint32_t part) {
    return std::min(bytes, first_word(bytes, count, part) * kWord);
  };
  return first(parts.first + parts.count) - first(parts.first);
}

std::unique_ptr<Contents> blocks_of_ranks(const ContentsOf& of) {
  return std::make_unique<BlocksOfRanks>(of);
}
std::unique_ptr<Contents> blocks_of_pairs(const ContentsOf& of) {
  return std::make_unique<BlocksOfPairs>(of);
}
std::unique_ptr<Contents> sum_of_ranks(const ContentsOf& of) {
  return std::make_unique<Vector>(of, of.ranks.count(), of.ranks.count());
}
std::unique_ptr<Contents> parts_of_root(const ContentsOf& of) {
  return std::make_unique<Vector>(of, of.ranks.count(), 1);
}
std::unique_ptr<Contents> whole_of_root(const ContentsOf& of) {
  return std::make_unique<Vector>(of, 1, 1);
}

}  // namespace soliton
