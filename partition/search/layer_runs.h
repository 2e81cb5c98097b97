// Identifies runs of consecutive layers by the programs that they make.
#pragma once

#include <cstdint>
#include <vector>

#include "partition/ir/layer_graph.h"
#include "partition/search/memo.h"

namespace soliton {

class LayerRuns {
 public:
  explicit LayerRuns(const LayerGraph& model);

  // Equal for runs [first, last) that make equal programs on equal nodes, wherever in the model
  // they are.
  std::uint32_t run(std::size_t first, std::size_t last);
  std::uint32_t layer_class(std::size_t layer) const { return classes_[layer]; }

 private:
  // Hashes of all prefixes of the layers, modulo 2^61 - 1 and with two bases. The hash of any run is
  // a difference of two of them.
  struct Hash {
    std::uint64_t a = 0;
    std::uint64_t b = 0;
    bool operator==(const Hash&) const = default;
  };
  struct Key {
    Hash hash;
    std::uint64_t ends = 0;  // the length, and whether it is the first
    bool operator==(const Key&) const = default;
  };
  struct Mix {
    std::size_t operator()(const Key& key) const {
      return key.hash.a ^ (key.hash.b << 1) ^ (key.ends * 0x9e3779b97f4a7c15ULL);
    }
  };

  std::vector<std::uint32_t> classes_;
  std::vector<Hash> prefix_;
  std::vector<Hash> power_;
  Memo<Key, std::uint32_t, Mix> runs_;
};

}  // namespace soliton
