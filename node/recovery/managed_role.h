// The role of a node in a run with a resource manager: an agent, the manager itself on one node, and the
// role of the slot that the node has at present. The agent answers the manager, takes what it is assigned,
// and lets nothing through that is of another generation.
//
// A role talks to slots; here they become the nodes that have them. On a new generation the host with the
// clients sends its open requests again, from their inputs, and the others begin anew with the first of
// them: the state of a program lives no longer than a request, so there is nothing else to restore, and the
// answers have the same bits.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "node/deployment/deployment.h"
#include "node/recovery/resource_manager.h"
#include "node/service/faulty_role.h"
#include "node/service/role.h"

namespace soliton {

// The options of kManagedRole.
struct ManagedRoles {
  // What the node can be.
  struct Play {
    std::uint32_t layout = 0;
    NodeId slot{};
    RoleSpec role;
    Duration ready_after{};  // how long it takes to become that
  };
  ManagerOptions options;
  NodeId manager{};       // the node that has the manager
  NodeId slot = kNoSlot;  // that this node has at the start
  std::vector<Play> plays;
  // Of the manager's node: all nodes and layouts; of others: none.
  std::vector<ManagedNode> nodes;
  std::vector<ManagedLayout> layouts;
};

class ManagedRole final : public Role {
 public:
  // Makes the role of a slot for a node with this deployment.
  using Make = std::function<std::unique_ptr<Role>(const RoleSpec& spec, const Deployment& as)>;

  // `spec` and `deployment` outlive the object. A node whose deployment is of a later epoch than the first
  // has nothing until it is granted something.
  ManagedRole(const ManagedRoles& spec, const Deployment& deployment, Make make);

  void start(Instant at) override;
  void on_message(NodeId peer, Payload message, Instant now) override;
  std::optional<RoleMessage> poll_message(Instant now) override;
  Instant next_deadline() const override;
  void on_deadline(Instant now) override;
  std::vector<std::string> describe_outstanding() const override;
  bool finished() const override;
  void hand_over(Records& to) override;
  void add_stats(RoleStats& to) const override;
  RunEnd run_end() const override;
  bool outlives_peers() const override { return true; }
  std::uint32_t generation() const override { return generation_; }
  void set_condition(const NodeCondition& condition, Instant now) override;
  void revive(Instant now) override {
    revived_ = true;
    answer(0, now);
  }

 private:
  struct Held {
    NodeId peer{};
    Envelope envelope;
    Payload message;
  };

  bool has_manager() const { return spec_.manager == deployment_.id; }
  const ManagedRoles::Play* play_of(std::uint32_t layout, NodeId slot) const;
  bool has_clients() const;
  // Whether the role of the slot takes part in the present generation.
  bool plays() const { return role_ != nullptr && begun_; }
  NodeId holder(NodeId slot) const;
  NodeId slot_of(NodeId node) const;
  void make_role();
  // Takes the records of the role, and notes the first answer of a generation.
  void collect();
  void keep_stats();
  void take(const Held& held, Instant now);
  void take_held(Instant now);
  void take_control(NodeId peer, const Envelope& envelope, const Payload& message, Instant now);
  void adopt(const Assignment& assignment, Instant now);
  void become(std::uint32_t layout, NodeId slot, Instant now);
  void configured(Instant now);
  void begin(std::uint32_t first, Instant now);
  void answer(std::uint64_t question, Instant now);
  AgentStatus status(std::uint64_t question, Instant now) const;
  void send_control(NodeId to, Envelope::What what, Payload message);
  void run_manager(Instant now);
  void note(RecoveryEvent::What what, Instant now, std::uint64_t count = 0);
  void look_for_end(Instant now);
  void take_troubles(const NodeCondition& condition, Instant now);

  const ManagedRoles& spec_;
  const Deployment& deployment_;
  Make make_;
  std::optional<ResourceManager> manager_;
  Deployment as_;  // what the role of the slot takes for its node's
  std::unique_ptr<FaultyRole> role_;
  NodeId slot_ = kNoSlot;
  std::uint32_t layout_ = 0;
  NodeId refused_ = kNoSlot;
  std::uint32_t generation_ = 1;
  std::uint32_t first_ = 0;  // request of the generation, once begun
  bool begun_ = false;
  bool broken_ = false;
  bool revived_ = false;  // what was on its way to it is lost, and no generation has begun since
  std::vector<Grant> grants_;  // empty: every slot is where it was first
  Instant configured_at_ = kNever;
  std::deque<Held> held_;  // of generations that this node has not begun
  std::deque<RoleMessage> control_;
  NodeCondition condition_;
  Instant ends_at_ = kNever;  // the run, because all is answered or nothing can be
  bool ended_ = false;
  bool awaits_answer_ = false;  // the first of this generation
  std::size_t answers_ = 0;
  Records records_;
  RoleStats before_;  // of roles that this node had
  std::uint64_t stale_ = 0, replayed_ = 0;
  std::vector<RecoveryEvent> log_;
};

}  // namespace soliton
