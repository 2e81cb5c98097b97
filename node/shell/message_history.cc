#include "node/shell/message_history.h"

#include <algorithm>
#include <cstring>
#include <span>
#include <utility>

#include "protocol/base/rng.h"

namespace soliton {
namespace {

// A word at a time, as messages may be long.
std::uint64_t hash_of(std::span<const std::byte> bytes) {
  std::uint64_t hash = mix64(bytes.size());
  for (std::size_t at = 0; at < bytes.size(); at += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, std::min<std::size_t>(8, bytes.size() - at));
    hash = mix64(hash ^ word);
  }
  return hash;
}

class RecordedRole : public Role {
 public:
  RecordedRole(std::unique_ptr<Role> role, NodeId self, MessageHistory& history)
      : role_(std::move(role)), self_(self), history_(history) {}

  void start(Instant at) override { role_->start(at); }
  void on_message(NodeId peer, Payload message, Instant now) override {
    history_.delivered(peer, self_, message, now);
    role_->on_message(peer, std::move(message), now);
  }
  std::optional<RoleMessage> poll_message(Instant now) override {
    std::optional<RoleMessage> next = role_->poll_message(now);
    if (next) history_.sent(self_, next->peer, next->message, now);
    return next;
  }
  Instant next_deadline() const override { return role_->next_deadline(); }
  void on_deadline(Instant now) override { role_->on_deadline(now); }
  void on_blocked(NodeId peer) override { role_->on_blocked(peer); }
  void on_room(NodeId peer) override { role_->on_room(peer); }
  void stop() override { role_->stop(); }
  std::vector<std::string> describe_outstanding() const override {
    return role_->describe_outstanding();
  }
  bool finished() const override { return role_->finished(); }
  void hand_over(Records& records) override { role_->hand_over(records); }
  void add_stats(RoleStats& stats) const override { role_->add_stats(stats); }
  RunEnd run_end() const override { return role_->run_end(); }
  std::uint32_t first_open() const override { return role_->first_open(); }
  void restart(std::uint32_t first, Instant now) override { role_->restart(first, now); }
  void adopt(const RoleSpec& spec) override { role_->adopt(spec); }
  bool outlives_peers() const override { return role_->outlives_peers(); }
  std::uint32_t generation() const override { return role_->generation(); }
  void revive(Instant now) override { role_->revive(now); }
  void set_condition(const NodeCondition& condition, Instant now) override {
    role_->set_condition(condition, now);
  }

 private:
  std::unique_ptr<Role> role_;
  NodeId self_;
  MessageHistory& history_;
};

}  // namespace

void MessageHistory::add(bool delivered, NodeId from, NodeId to, const Payload& message,
                         Instant at) {
  events_.push_back({delivered, from, to, message.size(), hash_of(message.bytes), at});
}

std::unique_ptr<Role> recorded(std::unique_ptr<Role> role, NodeId self, MessageHistory& history) {
  return std::make_unique<RecordedRole>(std::move(role), self, history);
}

}  // namespace soliton
