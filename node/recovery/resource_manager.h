// The resource manager of a run: it knows which device has which slot of the model, asks every agent how it
// is, and gives the slot of one that fails to a device in reserve, or to one that has come back. A state
// machine without clock or transport.
//
// A slot is named after the node that had it first. Each change is a new generation, which all agents are
// told; what is of an older one is refused by those who receive it. So a device that was taken for dead
// and is not can do no harm, and the manager need not be right about who lives, only about what it said last.
// Grants are numbered by device (fencing), and no device has two.
//
// A layout is one division of the model, and has its slots. Where no device is left for a slot, the manager
// changes to the layout that does without it, if there is one.
//
// Nothing is decided on silence that all share: then it is the manager who is cut off. It waits, and ends
// the run when that lasts.
#pragma once

#include <algorithm>
#include <deque>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "node/deployment/manager_options.h"
#include "node/deployment/recovery_log.h"
#include "node/recovery/recovery_message.h"

namespace soliton {

// A division of the model for when a slot is lost.
struct ManagedLayout {
  NodeId lost = kNoSlot;  // of the first layout: none
  std::vector<NodeId> slots;
};

// A node that the manager looks after.
struct ManagedNode {
  NodeId node{};
  NodeId slot = kNoSlot;    // that it has at the start; none: a device in reserve
  std::vector<NodeId> can;  // slots that it can be granted, its own among them, in any layout
};

class ResourceManager {
 public:
  // `layouts`: those after the first, in which every node has the slot that it has at the start.
  ResourceManager(const ManagerOptions& options, std::vector<ManagedNode> nodes,
                  std::vector<ManagedLayout> layouts, NodeId self);

  void start(Instant now);
  void on_status(NodeId from, const AgentStatus& status, Instant now);
  Instant next_deadline() const;
  void on_deadline(Instant now);
  struct Letter {
    NodeId to{};
    std::variant<Question, Assignment> what;
  };
  std::optional<Letter> poll();

  // A manager that was down is back, and has forgotten what it knew.
  void restart(Instant now);
  // Faults: the device's lease is forgotten; the device may be granted although it is leased; or may not be
  // granted.
  void lose_lease(NodeId node, Instant now);
  void set_leased_twice(NodeId node, bool on) { device(node).leased_twice = on; }
  void set_forbidden(NodeId node, bool on) { device(node).forbidden = on; }

  // When it gave the run up; kNever: it has not.
  Instant gave_up() const { return gave_up_; }
  std::uint32_t generation() const { return generation_; }
  // In order of time.
  const std::vector<RecoveryEvent>& log() const { return log_; }
  std::string describe() const;

 private:
  struct Device : ManagedNode {
    bool alive = true;
    bool busy = false, broken = false;
    bool hung = false;  // and has made no progress since
    Duration wait{};    // after which it is tried again, longer each time
    Instant again{};
    bool forbidden = false, leased_twice = false;
    std::uint64_t fence = 0;
    Instant heard{};
    Instant next_question{};
    bool asked = false;  // and not answered yet
    std::uint64_t progress = 0;
    Instant progressed{};
    Instant spared{};           // not taken for dead before
    bool told = false;          // the present generation
    std::uint64_t told_at = 0;  // questions that were asked by then
  };
  struct Slot {
    NodeId slot{};
    NodeId node{};
    Instant vacant = kNever;  // since when nobody has it
    Instant idle = kNever;    // since when it was vacant, or with a node that had hung
  };

  Device& device(NodeId node);
  const Device* find(NodeId node) const;
  bool leased(NodeId node) const;
  void note(RecoveryEvent::What what, NodeId node, NodeId slot, Instant now);
  Instant dead_at(const Device& device) const {
    return std::max(later(device.heard, options_.patience()), device.spared);
  }
  bool hears_others(const Device& device, Instant now) const;
  void watch(Instant now);
  void declare_dead(Device& device, Instant now);
  void vacate(NodeId node, Instant now);
  // Gives every vacant slot to somebody, if there are enough, and tells all.
  void fill(Instant now);
  Device* candidate(const Slot& slot, std::span<const NodeId> taken, Instant now);
  void find_hung(Device& device, Instant now);
  void go_on(Device& device);
  // Changes to the layout without the only vacant slot, if it is time and all its other nodes live.
  bool divide_anew(Instant now);
  // The layout without this slot; null: there is none, or the layout has changed already.
  const ManagedLayout* layout_without(NodeId slot) const;
  // All slots of a layout, without a node.
  std::vector<Slot> slots_of(std::uint32_t layout) const;
  void begin_generation(Instant now);
  Instant patience_with(const Slot& slot) const;
  void tell(Device& device);
  void give_up(RecoveryEvent::What what, NodeId node, NodeId slot, Instant now);
  void learn(NodeId from, const AgentStatus& status);
  void compare(Device& device, const AgentStatus& status, Instant now);
  void take_progress(Device& device, const AgentStatus& status, Instant now);

  ManagerOptions options_;
  NodeId self_;
  std::vector<ManagedLayout> layouts_;
  std::vector<Device> devices_;
  std::vector<Slot> slots_;
  std::deque<Letter> letters_;
  std::vector<RecoveryEvent> log_;
  std::uint32_t generation_ = 1;
  std::uint32_t layout_ = 0;
  std::uint64_t questions_ = 0;
  Instant looked_{};       // the last deadline
  Instant grants_from_{};  // a manager that was down waits
  Instant alone_since_ = kNever;
  bool learning_ = false;  // after a restart, until grants_from_
  Instant gave_up_ = kNever;
};

}  // namespace soliton
