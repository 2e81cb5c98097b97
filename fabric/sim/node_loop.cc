#include "fabric/sim/node_loop.h"

#include <algorithm>
#include <tuple>

#include "protocol/base/check.h"

namespace soliton {
namespace {

// A machine that always has more to do at one instant would stop time. No real one needs a
// thousandth of this.
constexpr std::uint32_t kTurnsMax = 1'000'000;

bool arrives_later(const Frame& a, const Frame& b) {
  return std::tie(a.at, a.datagram.source, a.ordinal) >
         std::tie(b.at, b.datagram.source, b.ordinal);
}

}  // namespace

void NodeLoop::deliver(Frame frame) {
  SOLITON_CHECK_MSG(frame.at >= now_, "node {} is at {} ps, a frame arrives at {} ps", index(self_),
                    now_.time_since_epoch().count(), frame.at.time_since_epoch().count());
  inbox_.push_back(std::move(frame));
  std::push_heap(inbox_.begin(), inbox_.end(), arrives_later);
}

Instant NodeLoop::next_event() const {
  if (kept_) return now_;
  const Instant event = inbox_.empty() ? machine_.next_deadline()
                                       : std::min(inbox_.front().at, machine_.next_deadline());
  return std::max(event, now_);
}

void NodeLoop::begin(Instant now) {
  turns_ = now == now_ ? turns_ + 1 : 0;
  SOLITON_CHECK_MSG(turns_ < kTurnsMax, "node {} makes no progress at {} ps", index(self_),
                    now.time_since_epoch().count());
  now_ = now;
  while (!inbox_.empty() && inbox_.front().at <= now) {
    std::pop_heap(inbox_.begin(), inbox_.end(), arrives_later);
    Datagram datagram = std::move(inbox_.back().datagram);
    inbox_.pop_back();
    ++events_;
    machine_.on_input(std::move(datagram), now);
  }
  if (machine_.next_deadline() <= now) {
    ++events_;
    machine_.on_deadline(now);
  }
}

std::optional<Frame> NodeLoop::next_frame() {
  std::optional<Datagram> datagram = machine_.poll_output(now_);
  if (!datagram) return std::nullopt;
  SOLITON_CHECK_MSG(datagram->source == self_, "node {} sends as node {}", index(self_),
                    index(datagram->source));
  ++events_;
  return Frame{std::move(*datagram), now_, sent_++};
}

}  // namespace soliton
