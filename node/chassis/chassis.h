// What a node is mounted in: it lives through crashes, pauses and whatever else the fault plan has for the
// node, as a decorator of the same four verbs. So a fault of a node is the same packed, in a process of its
// own, and over sockets.
//
// A node that crashes is gone with its transport and its role; when it comes back it is another incarnation
// (LtlIdentity::epoch). A node that is frozen keeps what comes in for later; one that is cut off works on,
// and nothing comes in or leaves.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "fabric/machine.h"
#include "node/deployment/deployment.h"
#include "node/deployment/node_rule.h"
#include "node/service/node_condition.h"
#include "node/shell/node.h"

namespace soliton {

class Chassis final : public Machine {
 public:
  // `deployment` outlives the object.
  Chassis(const Deployment& deployment, NodeRules rules);

  // What a driver runs: the node itself if nothing ever happens to it.
  Machine& machine() {
    if (rules_.empty()) return *node_;
    return *this;
  }
  void start(Instant at);
  // The present incarnation, or the last one.
  Node& node() { return *node_; }
  const Node& node() const { return *node_; }
  // Whether something may happen to the node.
  bool may_fail() const { return !rules_.empty(); }
  // Called when the node goes off for good, where that is to end more than the node.
  void on_death(std::function<void()> call) { on_death_ = std::move(call); }

  void on_input(Datagram datagram, Instant now) override;
  std::optional<Datagram> poll_output(Instant now) override;
  Instant next_deadline() const override;
  void on_deadline(Instant now) override;
  RunEnd run_end() const override { return node_->run_end(); }
  Instant ended() const override { return node_->ended(); }

  // The run is over: what has begun until then has happened, also to a node that did nothing.
  void finish(Instant end) { pass(end); }

  // Of all incarnations.
  void hand_over(Records& to);
  void add_stats(RoleStats& to) const;
  LtlStats ltl_stats() const;
  std::vector<TraceEvent> take_trace();
  // What has happened to the node, in order of time.
  const std::vector<NodeFiring>& firings() const { return firings_; }

 private:
  // One rule, and where it has come to.
  struct Course {
    NodeRule rule;
    Random chance;
    FaultTimes times;
    std::uint64_t number = 0;  // of the next window
    std::uint64_t begun = 0;   // windows that have
    std::optional<FaultWindow> next;
    bool waits = false;  // for its trigger
  };
  struct Active {
    NodeTrouble trouble;
    NodeId subject{};
    bool operator==(const Active&) const = default;
  };

  std::unique_ptr<Node> make_node();
  void look_up(Course& course);
  Instant next_begin() const;
  Instant next_end() const;
  void pass(Instant now);
  void look_for_triggers(Instant now);
  void begin(Course& course, const FaultWindow& window, Instant now);
  NodeCondition condition() const;
  void change(Instant now);
  void turn_off();
  void turn_on(Instant now);
  bool works() const { return !condition_.off && !condition_.frozen; }
  Instant by_its_clock() const;
  std::optional<Datagram> garbage(Instant now);

  NodeRules rules_;
  std::unique_ptr<Deployment> own_;  // of a node to which something may happen, with its epoch
  const Deployment& deployment_;
  std::unique_ptr<Deployment> gone_;  // of a node that is off: nobody's
  // Whether a fault that begins is an event of its own. Otherwise it is looked at when something else
  // happens here, so that a run is over when nothing else does.
  bool eager_ = false;
  std::vector<Course> courses_;
  std::vector<Active> active_;
  NodeCondition condition_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<Role> kept_role_;  // of a node that is off
  std::deque<Datagram> held_;        // that came while it was frozen
  bool started_ = false;             // an incarnation has
  bool running_ = true;              // the present one is not off
  Instant touched_{};                // when it last did something
  bool drained_ = false;             // it has said all that it had to say so far
  std::uint64_t image_ = 0;          // 0: that of its peers
  std::uint64_t wrong_messages_ = 0;
  std::uint32_t garbage_left_ = 0;
  std::uint64_t garbage_sent_ = 0;
  // Of incarnations that are gone.
  Records records_;
  RoleStats stats_;
  LtlStats ltl_;
  std::vector<TraceEvent> trace_;
  std::vector<NodeFiring> firings_;
  std::function<void()> on_death_;
};

}  // namespace soliton
