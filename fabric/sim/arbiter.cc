#include "fabric/sim/arbiter.h"

#include "protocol/base/check.h"

namespace soliton {

Arbiter::Arbiter(std::span<const TrafficClass> classes) {
  for (const TrafficClass& its : classes)
    classes_.push_back({its.strict, Bytes{its.weight * kQuantum.count}, {}});
  if (classes_.empty()) classes_.push_back({.strict = true});
}

std::size_t Arbiter::choose(std::span<const Bytes> next) {
  SOLITON_CHECK(next.size() == classes_.size());
  bool any = false;
  for (std::size_t c = 0; c < next.size(); ++c) {
    if (next[c] == Bytes{}) continue;
    if (classes_[c].strict) return c;
    any = true;
  }
  SOLITON_CHECK(any);
  for (;; pass_on()) {
    Class& its = classes_[turn_];
    if (its.strict || next[turn_] == Bytes{}) continue;
    if (!granted_) its.deficit += its.quantum;
    granted_ = true;
    if (next[turn_] > its.deficit) continue;
    its.deficit = its.deficit - next[turn_];
    return turn_;
  }
}

void Arbiter::emptied(std::size_t its) {
  classes_[its].deficit = {};
  if (turn_ == its && granted_) pass_on();
}

void Arbiter::pass_on() {
  turn_ = (turn_ + 1) % classes_.size();
  granted_ = false;
}

}  // namespace soliton
