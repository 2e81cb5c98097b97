// How long something of the host plane has taken.
#pragma once

#include <chrono>

namespace soliton {

inline double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

}  // namespace soliton
