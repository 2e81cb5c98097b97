// A role under the faults of its node: it may hang, take longer, or send a wrong bit. Nothing is in its way
// while there are none.
#pragma once

#include <deque>
#include <memory>

#include "node/service/node_condition.h"
#include "node/service/role.h"

namespace soliton {

class FaultyRole final : public Role {
 public:
  // `data`: its messages begin with a header of data messages, whose path is charged with what a slow role
  // takes longer.
  FaultyRole(std::unique_ptr<Role> role, bool data) : role_(std::move(role)), data_(data) {}

  void set_condition(const NodeCondition& condition, Instant now) override;
  // Things that the role could do now and does not: messages before it, and what it would do by itself.
  std::uint64_t waiting(Instant now) const {
    return held_.size() + (hangs_ && role_->next_deadline() <= now ? 1 : 0);
  }
  // Messages that it has taken and made.
  std::uint64_t progress() const { return progress_; }

  void start(Instant at) override { role_->start(at); }
  void on_message(NodeId peer, Payload message, Instant now) override;
  std::optional<RoleMessage> poll_message(Instant now) override;
  Instant next_deadline() const override;
  void on_deadline(Instant now) override;
  void on_blocked(NodeId peer) override { role_->on_blocked(peer); }
  void on_room(NodeId peer) override { role_->on_room(peer); }
  void stop() override { role_->stop(); }
  std::vector<std::string> describe_outstanding() const override;
  bool finished() const override { return role_->finished(); }
  void hand_over(Records& to) override { role_->hand_over(to); }
  void add_stats(RoleStats& to) const override { role_->add_stats(to); }
  RunEnd run_end() const override { return role_->run_end(); }
  std::uint32_t first_open() const override { return role_->first_open(); }
  void restart(std::uint32_t first, Instant now) override;
  void adopt(const RoleSpec& spec) override { role_->adopt(spec); }
  void revive(Instant now) override { role_->revive(now); }
  bool outlives_peers() const override { return role_->outlives_peers(); }
  std::uint32_t generation() const override { return role_->generation(); }

 private:
  struct Held {
    NodeId peer{};
    Payload message;
  };
  struct Late {
    Instant leaves{};
    RoleMessage message;
  };

  bool wrong() const { return always_wrong_ || wrong_done_ < wrong_messages_; }
  void flip(Payload& message);
  // What the role makes by `now` goes behind what it takes longer for.
  void stretch(Instant now);

  std::unique_ptr<Role> role_;
  bool data_;
  bool hangs_ = false;
  std::uint64_t slowness_ = 1'000;
  bool always_wrong_ = false;
  std::uint64_t wrong_messages_ = 0, wrong_done_ = 0;
  std::deque<Held> held_;  // while it hangs
  std::deque<Late> late_;  // made, but a slow role would not be done yet
  Instant taken_{};        // when it took the last message, or made one
  std::uint64_t progress_ = 0;
};

}  // namespace soliton
