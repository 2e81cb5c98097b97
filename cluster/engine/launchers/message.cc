// Virtual time at the level of messages: all nodes packed into this process, their roles called
// without LTL, one queue of events for all.
#include <fmt/format.h>

#include <algorithm>

#include "cluster/engine/explain.h"
#include "cluster/engine/launcher.h"
#include "cluster/engine/profile.h"
#include "fabric/message/message_network.h"
#include "node/service/role.h"
#include "protocol/wire/ltl_header.h"
#include "protocol/wire/packet_security.h"

namespace soliton {
namespace {

constexpr std::size_t kNetworkTraceEvents = 200'000;
// Turns between two looks at the clock of the control loop.
constexpr std::uint32_t kTurnsALook = 1'024;

MessageOptions options_of(const LtlOptions& ltl) {
  return {.mtu = ltl.mtu,
          .header = static_cast<std::uint32_t>(kLtlHeaderSize + security_bytes(ltl.auth)),
          .window = ltl.window,
          .queue_limit = static_cast<std::uint64_t>(ltl.queue_limit.count),
          .ack_every = std::max(1U, std::min(ltl.ack_every, ltl.window / 4)),
          .ack_delay = ltl.ack_delay};
}

// What LTL would count of them, and what is still under way.
void add_flows(const Flows& flows, const std::vector<NodeAssignment>& nodes,
               std::vector<std::optional<NodeStats>>& stats) {
  const LtlOptions& ltl = nodes.front().deployment.ltl;
  const std::uint64_t header = options_of(ltl).header;
  for (std::uint32_t i = 0; i < flows.size(); ++i) {
    const Flow& flow = flows[i];
    NodeStats& from = *stats[index(flow.from)];
    from.ltl.messages_sent += flow.messages;
    from.ltl.packets_sent += flow.packets + flow.acknowledgements;
    from.ltl.bytes_sent += flow.bytes + flow.acknowledgements * header;
    if (flows.queue(i).held >= ltl.window) from.ltl.window_waits += flows.queue(i).waits;
    stats[index(flow.to)]->ltl.messages_delivered += flow.delivered;
    const std::uint64_t open = flow.messages - flow.delivered;
    if (open == 0) continue;
    from.outstanding.push_back(
        fmt::format("{}: {} message{} under way to {}", nodes[index(flow.from)].deployment.node,
                    open, open == 1 ? "" : "s", nodes[index(flow.to)].deployment.node));
  }
}

struct MessageNode {
  explicit MessageNode(std::size_t trace_events) : trace(trace_events) {}
  std::unique_ptr<Role> role;
  Instant wakes = kNever;  // the earliest turn it has asked for
  TraceBuffer trace;
};

class MessageRun {
 public:
  MessageRun(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
             const RunControl& control)
      : assignments_(nodes),
        control_(control),
        trace_(kNetworkTraceEvents),
        network_(*fabric.topology, *fabric.routes, *fabric.faults,
                 options_of(nodes.front().deployment.ltl), &trace_) {
    nodes_.reserve(nodes.size());
    for (const NodeAssignment& node : nodes) {
      const Deployment& deployment = node.deployment;
      // Reserved, so a role may keep the address of its trace.
      MessageNode& added = nodes_.emplace_back(deployment.trace_events);
      if (const RoleKind* kind = deployment.role.kind())
        added.role = kind->make(deployment.role, deployment, &added.trace);
      if (control.profile && added.role) added.role = profiled(std::move(added.role));
      if (added.role && deployment.role.takes_part()) reporting_.push_back(added.role.get());
    }
  }

  ClusterOutcome run() {
    const Instant limit = std::min(kRunStart + control_.time_limit, kRunEnd);
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      if (!nodes_[i].role) continue;
      nodes_[i].role->start(kRunStart);
      wake(i);
    }
    play(limit);
    network_.finish(out_of_time_ ? limit : last_);
    finish(limit);
    return std::move(outcome_);
  }

 private:
  void play(Instant limit) {
    MessageTurn turn;
    std::uint32_t turns = 0;
    while (network_.next(limit, turn)) {
      now_ = turn.now;
      take(turn);
      if (++turns % kTurnsALook == 0 && stop()) return;
    }
    out_of_time_ =
        network_.stopped_at_limit() || std::ranges::any_of(nodes_, [](const MessageNode& node) {
          return node.role && node.role->next_deadline() != kNever;
        });
  }

  void take(MessageTurn& turn) {
    MessageNode& node = nodes_[index(turn.node)];
    if (turn.what == MessageTurn::What::kWake) {
      if (node.wakes <= turn.now) node.wakes = kNever;
      // It has asked for this turn, and since then found nothing to do in it.
      if (node.role->next_deadline() > turn.now) return wake(index(turn.node));
    }
    last_ = turn.now;
    if (!node.role) return;
    if (turn.what == MessageTurn::What::kMessage)
      node.role->on_message(turn.peer, std::move(turn.message), turn.now);
    if (turn.what == MessageTurn::What::kRoom) node.role->on_room(turn.peer);
    act(index(turn.node), turn.now);
  }

  // Lets the node do what it has to do now.
  void act(std::uint32_t number, Instant now) {
    Role& role = *nodes_[number].role;
    if (role.next_deadline() <= now) role.on_deadline(now);
    bool sent = false;
    while (std::optional<RoleMessage> out = role.poll_message(now)) {
      sent = true;
      if (!network_.send(NodeId{number}, out->peer, std::move(out->message), now))
        role.on_blocked(out->peer);
    }
    if (sent) network_.flush(now);
    wake(number);
  }

  void wake(std::uint32_t number) {
    MessageNode& node = nodes_[number];
    const Instant at = node.role->next_deadline();
    // A later turn that it has asked for stays, and finds nothing to do.
    if (at >= node.wakes) return;
    node.wakes = at;
    network_.wake(NodeId{number}, std::max(at, now_));
  }

  // Whether the run is to end.
  bool stop() {
    const std::atomic<int>& signal = control_.loop->signal();
    if (!control_.loop->take_due()) return signal != 0;
    take_records();
    if (control_.observer != nullptr)
      if (Status told = control_.observer->on_progress(
              {.now = now_, .events = network_.events(), .packets = network_.counters().packets});
          !told)
        outcome_.error = told.error();
    return signal != 0 || outcome_.error;
  }

  void take_records() {
    Records records;
    for (Role* role : reporting_) role->hand_over(records);
    add_records(std::move(records.requests), control_.observer, outcome_);
    add_records(std::move(records.messages), control_.observer, outcome_);
  }

  void finish(Instant limit) {
    take_records();
    outcome_.end = out_of_time_ ? limit : last_;
    outcome_.interrupted_by = control_.loop->signal();
    outcome_.events = network_.events();
    outcome_.network = network_.counters();
    outcome_.ports = network_.ports();
    for (const PortCounters& port : outcome_.ports)
      outcome_.network.queue_max = std::max(outcome_.network.queue_max, port.queue_max);
    outcome_.faults = network_.fault_counters();
    outcome_.beyond = network_.beyond();
    outcome_.trace = trace_.take();
    outcome_.node_failed.assign(nodes_.size(), false);
    add_stats();
    explain_stall(out_of_time_, requests_of(assignments_), outcome_);
  }

  void add_stats() {
    outcome_.stats.resize(nodes_.size());
    for (std::uint32_t i = 0; i < nodes_.size(); ++i) {
      NodeStats& stats = outcome_.stats[i].emplace();
      stats.trace = nodes_[i].trace.take();
      if (!nodes_[i].role) continue;
      nodes_[i].role->add_stats(stats);
      for (const std::string& line : nodes_[i].role->describe_outstanding())
        stats.outstanding.push_back(fmt::format("{}: {}", assignments_[i].deployment.node, line));
    }
    add_flows(network_.flows(), assignments_, outcome_.stats);
  }

  const std::vector<NodeAssignment>& assignments_;
  const RunControl& control_;
  EarliestEvents trace_;
  MessageNetwork network_;
  std::vector<MessageNode> nodes_;
  std::vector<Role*> reporting_;
  ClusterOutcome outcome_;
  Instant now_{};
  Instant last_{};  // when anything happened
  bool out_of_time_ = false;
};

ClusterOutcome run_messages(const std::vector<NodeAssignment>& nodes, const FabricInputs& fabric,
                            const RunControl& control) {
  const Doing doing(Activity::kNetwork);
  return MessageRun(nodes, fabric, control).run();
}

}  // namespace

const Launcher kMessageLauncher = {
    "message", {TimeBase::kEmulated, true, "local", true}, run_messages};

}  // namespace soliton
