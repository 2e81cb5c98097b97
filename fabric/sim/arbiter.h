// Whose packet a port of a switch sends next, where it has queues for several classes: strict ones
// first, in their order, then the others in turn by deficit round robin (Shreedhar and Varghese,
// "Efficient fair queueing using deficit round robin", SIGCOMM 1995).
//
// A class whose turn it is may send its quantum and what it did not use of the last one, packet by packet;
// a queue that has run empty loses the rest. One step of weight is a quantum of kQuantum.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "protocol/base/quantity.h"
#include "topologies/topology.h"

namespace soliton {

class Arbiter {
 public:
  // An Ethernet frame with 1,500 bytes of payload, on the line.
  static constexpr Bytes kQuantum{1'538};

  // `classes` empty: one class.
  explicit Arbiter(std::span<const TrafficClass> classes);

  // The class that sends. `next`: for each class the size of the packet that it could send now; 0: none.
  // REQUIRES: one of them has one.
  std::size_t choose(std::span<const Bytes> next);
  // The queue of this class has run empty.
  void emptied(std::size_t its);

 private:
  struct Class {
    bool strict = false;
    Bytes quantum{};
    Bytes deficit{};
  };

  void pass_on();

  std::vector<Class> classes_;
  std::size_t turn_ = 0;
  bool granted_ = false;  // the class whose turn it is has got its quantum
};

}  // namespace soliton
