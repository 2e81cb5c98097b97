// A node with several roles at once: parts in several communication workloads, or in one beside a model.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
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
  // How work without an end of its own is ended, at the same instant whatever runs the nodes: every node
  // whose part is measured tells one of them when it is done, with a message over the network, and that
  // one tells all.
  struct Ending {
    NodeId judge{};
    std::uint32_t awaited = 0;  // nodes that will say that they are done
    std::vector<NodeId> told;   // whom the judge tells, itself not among them
  };
  std::vector<Part> parts;  // tags are unequal
  std::optional<Ending> ending;
};
inline constexpr std::uint8_t kEndingTag = 255;

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
  SeveralRole(NodeId self, std::vector<Part> parts, std::optional<SeveralRoles::Ending> ending)
      : self_(self), parts_(std::move(parts)), ending_(std::move(ending)) {}

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
  bool takes_part() const;
  // Says that this node is done, once it is.
  void say_done();
  void hear_done();
  void stop_all();

  const NodeId self_;
  std::vector<Part> parts_;
  const std::optional<SeveralRoles::Ending> ending_;
  std::size_t turn_ = 0;
  bool said_done_ = false;
  std::uint32_t heard_ = 0;       // of the judge: nodes that are done
  std::deque<NodeId> to_notify_;  // of a message that says so, or that it is over
};

}  // namespace soliton
