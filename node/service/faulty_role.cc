#include "node/service/faulty_role.h"

#include <algorithm>

#include "protocol/control/data_message.h"

namespace soliton {

void FaultyRole::set_condition(const NodeCondition& condition, Instant now) {
  role_->set_condition(condition, now);
  slowness_ = condition.slowness;
  always_wrong_ = condition.always_wrong;
  wrong_messages_ = condition.wrong_messages;
  if (std::exchange(hangs_, condition.hangs) == condition.hangs || hangs_) return;
  // What came meanwhile is taken now.
  for (std::deque<Held> held = std::exchange(held_, {}); !held.empty(); held.pop_front())
    on_message(held.front().peer, std::move(held.front().message), now);
}

void FaultyRole::on_message(NodeId peer, Payload message, Instant now) {
  if (hangs_) {
    held_.push_back({peer, std::move(message)});
    return;
  }
  ++progress_;
  taken_ = now;
  role_->on_message(peer, std::move(message), now);
}

// A slow role is a queue: what took the role `work` leaves `slowness` times `work` after what it was made
// of, and not before what was made before it.
void FaultyRole::stretch(Instant now) {
  while (std::optional<RoleMessage> made = role_->poll_message(now)) {
    const Duration work = std::max(now - taken_, Duration{});
    const auto more =
        static_cast<std::int64_t>(slowness_ > 1'000 ? slowness_ - 1'000 : std::uint64_t{0});
    const Duration extra = times(work, more) / 1'000;
    Instant leaves = later(now, extra);
    if (!late_.empty()) leaves = std::max(leaves, later(late_.back().leaves, extra));
    if (leaves > now && data_)
      if (Result<DataMessage> data = unpack_data(made->message)) {
        data->header.path.compute = sum(data->header.path.compute, leaves - now);
        made->message = pack_data(data->header, data->vectors);
      }
    taken_ = now;
    late_.push_back({leaves, std::move(*made)});
  }
}

std::optional<RoleMessage> FaultyRole::poll_message(Instant now) {
  if (hangs_) return std::nullopt;
  std::optional<RoleMessage> out;
  if (slowness_ > 1'000 || !late_.empty()) {
    stretch(now);
    if (late_.empty() || late_.front().leaves > now) return std::nullopt;
    out = std::move(late_.front().message);
    late_.pop_front();
  } else {
    out = role_->poll_message(now);
  }
  if (!out) return std::nullopt;
  ++progress_;
  if (wrong()) flip(out->message);
  return out;
}

// The sign of the last element: what is less is lost where products take few bits of a value. Ghosts have
// none.
void FaultyRole::flip(Payload& message) {
  ++wrong_done_;
  const std::size_t head = data_ ? kDataHeaderBytes : 0;
  // Halves and floats are little endian.
  if (message.ghost == 0 && message.bytes.size() > head) message.bytes.back() ^= std::byte{0x80};
}

Instant FaultyRole::next_deadline() const {
  if (hangs_) return kNever;
  const Instant late = late_.empty() ? kNever : late_.front().leaves;
  return std::min(late, role_->next_deadline());
}

void FaultyRole::on_deadline(Instant now) {
  if (!hangs_ && role_->next_deadline() <= now) role_->on_deadline(now);
}

std::vector<std::string> FaultyRole::describe_outstanding() const {
  std::vector<std::string> out = role_->describe_outstanding();
  if (hangs_) out.insert(out.begin(), "its role hangs");
  return out;
}

void FaultyRole::restart(std::uint32_t first, Instant now) {
  held_.clear();
  late_.clear();
  role_->restart(first, now);
}

}  // namespace soliton
