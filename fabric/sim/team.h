// Who plays hubs side by side: the engine owns no thread.
#pragma once

#include <cstddef>
#include <functional>

namespace soliton {

class Team {
 public:
  virtual ~Team() = default;
  // Calls task(i) once for each i below `count`, on any threads, and returns when all calls have.
  virtual void run(std::size_t count, const std::function<void(std::size_t)>& task) = 0;
};

// One after the other, on the caller's thread.
class OneByOne : public Team {
 public:
  void run(std::size_t count, const std::function<void(std::size_t)>& task) override {
    for (std::size_t i = 0; i < count; ++i) task(i);
  }
};

}  // namespace soliton
