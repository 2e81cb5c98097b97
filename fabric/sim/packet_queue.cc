#include "fabric/sim/packet_queue.h"

#include <utility>

namespace soliton {

void PacketQueue::push(Entry entry) {
  waiting_.push_back(entry);
  waiting_bytes_ += entry.size;
}

void PacketQueue::pop() {
  waiting_bytes_ = waiting_bytes_ - waiting_.front().size;
  waiting_.pop_front();
  ++started_;
}

std::vector<PacketQueue::Entry> PacketQueue::drop_all(Instant dropping_until) {
  std::vector<Entry> dropped(waiting_.begin(), waiting_.end());
  waiting_.clear();
  waiting_bytes_ = {};
  stalled_polls_ = 0;
  dropping_until_ = dropping_until;
  return dropped;
}

PortLine::Sending PortLine::end() { return std::exchange(sending_, {}); }

Bytes PacketQueue::length_at(Instant came, Bytes size, Bytes before) {
  while (!left_.empty() && left_.front().start <= came) {
    left_bytes_ = left_bytes_ - left_.front().size;
    left_.pop_front();
  }
  return left_bytes_ + before + size;
}

void PacketQueue::left_card(Instant start, Bytes size) {
  left_.push_back({start, size});
  left_bytes_ += size;
}

bool PortLine::expect(Instant at) {
  if (event_ == at) return false;
  event_ = at;
  return true;
}

void PortLine::came(Instant now) {
  if (event_ <= now) event_ = kNever;
}

bool PacketQueue::stalled(std::int64_t polls) {
  const bool stalled = stalled_polls_ > 0 && started_ == started_at_poll_;
  stalled_polls_ = waiting_.empty() ? 0 : stalled ? stalled_polls_ + 1 : 1;
  started_at_poll_ = started_;
  return stalled_polls_ >= polls;
}

}  // namespace soliton
