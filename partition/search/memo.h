// A table of earlier results. It offers no iteration, so the order of entries in its hash table
// cannot influence any result.
#pragma once

#include <unordered_map>
#include <utility>

namespace soliton {

template <typename Key, typename Value, typename Hash>
class Memo {
 public:
  using Entry = std::pair<const Key, Value>;

  // The entry of `key`, which stays where it is, and whether it is new: then its value is made of
  // `value`.
  template <typename... Args>
  std::pair<Entry*, bool> try_emplace(const Key& key, Args&&... value) {
    const auto [at, fresh] = entries_.try_emplace(key, std::forward<Args>(value)...);
    return {&*at, fresh};
  }
  std::size_t size() const { return entries_.size(); }

 private:
  std::unordered_map<Key, Value, Hash> entries_;
};

}  // namespace soliton
