#include "node/roles/several.h"

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

void add_tag(std::uint8_t tag, Payload& message) { message.bytes.push_back(std::byte{tag}); }

std::uint8_t take_tag(Payload& message) {
  if (message.bytes.empty()) return 0;
  const auto tag = static_cast<std::uint8_t>(message.bytes.back());
  message.bytes.pop_back();
  return tag;
}

void SeveralRole::start(Instant at) {
  for (Part& part : parts_) part.role->start(later(at, part.start));
}

void SeveralRole::on_message(NodeId peer, Payload message, Instant now) {
  const std::uint8_t tag = take_tag(message);
  if (tag == kEndingTag && ending_) return self_ == ending_->judge ? hear_done() : stop_all();
  const auto part =
      std::find_if(parts_.begin(), parts_.end(), [tag](const Part& p) { return p.tag == tag; });
  if (part != parts_.end()) part->role->on_message(peer, std::move(message), now);
}

std::optional<RoleMessage> SeveralRole::poll_message(Instant now) {
  for (std::size_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[(turn_ + i) % parts_.size()];
    std::optional<RoleMessage> message = part.role->poll_message(now);
    if (!message) continue;
    add_tag(part.tag, message->message);
    turn_ = (turn_ + i + 1) % parts_.size();
    return message;
  }
  say_done();
  if (to_notify_.empty()) return std::nullopt;
  RoleMessage notice{to_notify_.front(), {}};
  to_notify_.pop_front();
  add_tag(kEndingTag, notice.message);
  return notice;
}

bool SeveralRole::takes_part() const {
  return std::any_of(parts_.begin(), parts_.end(),
                     [](const Part& part) { return part.takes_part; });
}

void SeveralRole::say_done() {
  if (said_done_ || !ending_ || !finished()) return;
  said_done_ = true;
  if (self_ == ending_->judge) return hear_done();
  to_notify_.push_back(ending_->judge);
}

void SeveralRole::hear_done() {
  if (++heard_ < ending_->awaited) return;
  to_notify_.insert(to_notify_.end(), ending_->told.begin(), ending_->told.end());
  stop_all();
}

void SeveralRole::stop_all() {
  for (Part& part : parts_) part.role->stop();
}

Instant SeveralRole::next_deadline() const {
  Instant next = kNever;
  for (const Part& part : parts_) next = std::min(next, part.role->next_deadline());
  return next;
}

void SeveralRole::on_deadline(Instant now) {
  for (Part& part : parts_)
    if (part.role->next_deadline() <= now) part.role->on_deadline(now);
}

void SeveralRole::on_blocked(NodeId peer) {
  for (Part& part : parts_) part.role->on_blocked(peer);
}

void SeveralRole::on_room(NodeId peer) {
  for (Part& part : parts_) part.role->on_room(peer);
}

std::vector<std::string> SeveralRole::describe_outstanding() const {
  std::vector<std::string> out;
  for (const Part& part : parts_)
    for (std::string& line : part.role->describe_outstanding()) out.push_back(std::move(line));
  return out;
}

// False where nothing is asked for, as of other roles: a run counts those who say that they are done.
bool SeveralRole::finished() const {
  return takes_part() && std::all_of(parts_.begin(), parts_.end(), [](const Part& part) {
           return !part.takes_part || part.role->finished();
         });
}

void SeveralRole::hand_over(Records& to) {
  for (Part& part : parts_) {
    const std::size_t before = to.messages.size();
    part.role->hand_over(to);
    for (std::size_t i = before; i < to.messages.size(); ++i)
      to.messages[i].workload = static_cast<std::uint16_t>(part.tag - 1);
  }
}

void SeveralRole::add_stats(RoleStats& to) const {
  for (const Part& part : parts_) part.role->add_stats(to);
}

}  // namespace soliton
