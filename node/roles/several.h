// A node with several roles at once: parts in several communication workloads, or in one beside a model.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "node/deployment/role_spec.h"
#include "node/service/role.h"

namespace soliton {

// The options of kSeveralRoles. Every node of a run that has several workloads has this role, even if
// it plays in one only, because the last byte of each message says whose it is.
struct SeveralRoles {
  struct Part {
    RoleSpec role;
    std::uint8_t tag = 0;  // 0: the model; from 1 on the communication workloads
    Duration start{};      // after the others' start
  };
  std::vector<Part> parts;  // tags are unequal
};

// A message with its tag, and without it. Messages without bytes have a tag all the same: only what
// follows it has none.
void add_tag(std::uint8_t tag, Payload& message);
// 0 if there is none, which no peer sends.
std::uint8_t take_tag(Payload& message);

// Takes turns between its parts, so that one with much to send does not hold up the others.
class SeveralRole final : public Role {
 public:
  struct Part {
    std::unique_ptr<Role> role;
    std::uint8_t tag = 0;
    Duration start{};
    bool takes_part = false;  // RoleSpec::takes_part()
  };
  explicit SeveralRole(std::vector<Part> parts) : parts_(std::move(parts)) {}

  void start(Instant at) override;
  void on_message(NodeId peer, Payload message, Instant now) override;
  std::optional<RoleMessage> poll_message(Instant now) override;
  Instant next_deadline() const override;
  void on_deadline(Instant now) override;
  void on_blocked(NodeId peer) override;
  void on_room(NodeId peer) override;
  std::vector<std::string> describe_outstanding() const override;
  bool finished() const override;
  void hand_over(Records& to) override;
  void add_stats(RoleStats& to) const override;

 private:
  std::vector<Part> parts_;
  std::size_t turn_ = 0;
};

}  // namespace soliton
