// Delta debugging: a small part of a list that still fails (Zeller and Hildebrandt, "Simplifying and
// isolating failure-inducing input", IEEE TSE 2002).
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <vector>

namespace soliton {

// Asks `fails` at most `tries` times. REQUIRES: the whole list fails. No single item of what comes back can be
// left out, unless the tries were used up.
template <typename T>
std::vector<T> shrunk(std::vector<T> items, const std::function<bool(const std::vector<T>&)>& fails,
                      std::size_t tries) {
  std::size_t parts = 2;
  while (items.size() > 1 && tries > 0) {
    const std::size_t length = (items.size() + parts - 1) / parts;
    bool smaller = false;
    for (std::size_t at = 0; at < items.size() && tries > 0; at += length) {
      std::vector<T> rest(items.begin(), items.begin() + static_cast<std::ptrdiff_t>(at));
      const std::size_t end = std::min(at + length, items.size());
      rest.insert(rest.end(), items.begin() + static_cast<std::ptrdiff_t>(end), items.end());
      --tries;
      if (rest.empty() || !fails(rest)) continue;
      items = std::move(rest);
      parts = std::max<std::size_t>(parts - 1, 2);
      smaller = true;
      break;
    }
    if (smaller) continue;
    if (length == 1) break;
    parts = std::min(parts * 2, items.size());
  }
  return items;
}

}  // namespace soliton
