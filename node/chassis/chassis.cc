#include "node/chassis/chassis.h"

#include <algorithm>
#include <utility>

#include "node/service/faulty_role.h"

namespace soliton {
namespace {

using What = NodeTrouble::What;

constexpr std::size_t kGarbageBytes = 256;

// A role that outlives its node, with what it refers to: the node's trace.
class KeptRole final : public Role {
 public:
  KeptRole(std::unique_ptr<Node> node, std::unique_ptr<Role> role)
      : node_(std::move(node)), role_(std::move(role)) {}

  void start(Instant at) override { role_->start(at); }
  void on_message(NodeId peer, Payload message, Instant now) override {
    role_->on_message(peer, std::move(message), now);
  }
  std::optional<RoleMessage> poll_message(Instant now) override { return role_->poll_message(now); }
  Instant next_deadline() const override { return role_->next_deadline(); }
  void on_deadline(Instant now) override { role_->on_deadline(now); }
  void on_blocked(NodeId peer) override { role_->on_blocked(peer); }
  void on_room(NodeId peer) override { role_->on_room(peer); }
  void stop() override { role_->stop(); }
  std::vector<std::string> describe_outstanding() const override {
    return role_->describe_outstanding();
  }
  bool finished() const override { return role_->finished(); }
  void hand_over(Records& to) override { role_->hand_over(to); }
  void add_stats(RoleStats& to) const override { role_->add_stats(to); }
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
  std::unique_ptr<Node> node_;  // goes after the role
  std::unique_ptr<Role> role_;
};

}  // namespace

Chassis::Chassis(const Deployment& deployment, NodeRules rules)
    : rules_(std::move(rules)),
      own_(rules_.empty() ? nullptr : std::make_unique<Deployment>(deployment)),
      deployment_(own_ ? *own_ : deployment) {
  for (const NodeRule& rule : rules_.rules) {
    const Random chance = Random(rules_.seed, "fault/" + rule.rule.id).child(index(rule.subject));
    courses_.push_back({rule, chance, FaultTimes(rule.rule.when, chance)});
    look_up(courses_.back());
  }
  const RoleKind* const kind = deployment_.role.kind();
  eager_ = deployment_.time == TimeBase::kWall || (kind != nullptr && kind->recovers);
  node_ = make_node();
}

// A role that recovers puts what it becomes behind faults by itself.
std::unique_ptr<Node> Chassis::make_node() {
  auto node = std::make_unique<Node>(deployment_);
  const RoleKind* const kind = deployment_.role.kind();
  if (rules_.empty() || kind == nullptr || kind->recovers) return node;
  node->wrap_role([data = kind->data_headers](std::unique_ptr<Role> role) -> std::unique_ptr<Role> {
    return std::make_unique<FaultyRole>(std::move(role), data);
  });
  return node;
}

// ---- Which rules are in force

void Chassis::look_up(Course& course) {
  const FaultRule& rule = course.rule.rule;
  course.next.reset();
  course.waits = rule.when.trigger != FaultTrigger::kNone;
  if (!rule.node_events.empty()) {
    // What was recorded: windows of their own.
    if (course.number < rule.node_events.size()) {
      const NodeFiring& event = rule.node_events[course.number];
      course.next = FaultWindow{event.at, event.trouble.until};
    }
  } else if (!course.waits) {
    course.next = course.times.window(course.number);
  }
  if (course.next && course.next->from >= rules_.until) course.next.reset();
}

Instant Chassis::next_begin() const {
  Instant next = kNever;
  for (const Course& course : courses_)
    if (course.next) next = std::min(next, course.next->from);
  return next;
}

Instant Chassis::next_end() const {
  Instant next = kNever;
  for (const Active& active : active_) next = std::min(next, active.trouble.until);
  return next;
}

// Everything that begins or ends up to `now`, in order of time: what ends at an instant ends before what
// begins then.
void Chassis::pass(Instant now) {
  for (;;) {
    const Instant edge = std::min(next_begin(), next_end());
    if (edge > now || edge == kNever) return;
    std::erase_if(active_, [&](const Active& a) { return a.trouble.until <= edge; });
    for (Course& course : courses_) {
      if (!course.next || course.next->from > edge) continue;
      const FaultWindow window = *course.next;
      ++course.number;
      look_up(course);
      begin(course, window, edge);
    }
    change(edge);
  }
}

void Chassis::look_for_triggers(Instant now) {
  bool any = false;
  for (Course& course : courses_) {
    if (!course.waits) continue;
    const FaultSchedule& when = course.rule.rule.when;
    const std::uint64_t reached = when.trigger == FaultTrigger::kMessageDelivered
                                      ? node_->delivered()
                                  : node_->role() == nullptr ? 0
                                                             : node_->role()->generation() - 1;
    if (reached < when.count || now < when.from) continue;
    course.waits = false;
    begin(course, when.from_trigger(now), now);
    any = true;
  }
  if (any) change(now);
}

void Chassis::begin(Course& course, const FaultWindow& window, Instant now) {
  const std::uint64_t number = course.begun++;
  const FaultRule& rule = course.rule.rule;
  const NodeTrouble trouble =
      rule.node_events.empty() ? rule.kind->node->trouble(rule, window, course.chance.child(number))
                               : rule.node_events[number].trouble;
  firings_.push_back({now, course.rule.number, course.rule.subject, number, trouble});
  if (trouble.what == What::kNone || trouble.until <= now) return;
  if (trouble.what == What::kWrong && trouble.value > 0) {
    wrong_messages_ += trouble.value;
    return;
  }
  if (trouble.what == What::kGarbage) garbage_left_ = trouble.value;
  active_.push_back({trouble, course.rule.subject});
}

NodeCondition Chassis::condition() const {
  NodeCondition out;
  out.wrong_messages = wrong_messages_;
  for (const Active& active : active_) {
    const NodeTrouble& t = active.trouble;
    switch (t.what) {
      case What::kOff:
      case What::kGarbage:
        out.off = true;
        break;
      case What::kFreeze:
        out.frozen = true;
        break;
      case What::kCutOff:
        out.cut_off = true;
        break;
      case What::kHang:
        out.hangs = true;
        break;
      case What::kReload:
        out.reloads = true;
        break;
      case What::kSlow:
        out.slowness = std::min<std::uint64_t>(out.slowness * t.value / 1'000, 1'000'000'000);
        break;
      case What::kWrong:
        out.always_wrong = true;
        break;
      case What::kNoCalibration:
        out.calibrations_failed = std::max(out.calibrations_failed, t.value);
        break;
      case What::kManagerDown:
        out.manager_down = true;
        break;
      case What::kLeaseLost:
      case What::kLeaseTwice:
      case What::kNoSpare:
        out.devices.push_back({t.what, active.subject});
        break;
      case What::kClockStands:
        out.clock_stands = true;
        break;
      case What::kClockSlow:
        out.clock_slow = std::max(out.clock_slow, t.value);
        break;
      case What::kOtherImage:
      case What::kNone:
        break;
    }
  }
  return out;
}

// ---- What the node is

void Chassis::start(Instant at) {
  pass(at);
  if (condition_.off) return;
  started_ = true;
  node_->start(at);
}

void Chassis::change(Instant now) {
  drained_ = false;
  const NodeCondition before = condition_;
  const auto image =
      std::ranges::find(active_, What::kOtherImage, [](const Active& a) { return a.trouble.what; });
  const std::uint64_t version = image == active_.end() ? 0 : image->trouble.value;
  const std::uint64_t last = std::exchange(image_, version);
  const bool other = version != last;
  if (other) own_->identity.image_hash ^= version ^ last;
  condition_ = condition();
  // Another image begins with another incarnation.
  if (condition_.off || other) turn_off();
  if (!condition_.off && (before.off || other)) turn_on(now);
  if (condition_.off || node_->role() == nullptr) return;
  if (condition_ != before || before.off) node_->role()->set_condition(condition_, now);
  if (before.frozen && works())
    for (std::deque<Datagram> held = std::exchange(held_, {}); !held.empty(); held.pop_front())
      node_->on_input(std::move(held.front()), now);
}

// What the node was is added up, and nothing else of it remains, unless its role keeps its state.
void Chassis::turn_off() {
  if (!std::exchange(running_, false)) return;
  held_.clear();
  const bool keeps = std::ranges::any_of(active_, [](const Active& a) {
    return a.trouble.what == What::kOff && a.trouble.value == 1;
  });
  const bool comes_back = std::ranges::all_of(active_, [](const Active& a) {
    return (a.trouble.what != What::kOff && a.trouble.what != What::kGarbage) ||
           a.trouble.until != kNever;
  });
  if (!started_) return;
  if (Role* const role = node_->role()) {
    role->hand_over(records_);
    if (!keeps) role->add_stats(stats_);
  }
  ltl_.merge(node_->ltl().stats());
  std::ranges::move(node_->trace().take(), std::back_inserter(trace_));
  std::unique_ptr<Role> role = node_->take_role();
  if (keeps && role) kept_role_ = std::make_unique<KeptRole>(std::move(node_), std::move(role));
  Deployment nothing = deployment_;
  nothing.role = {};
  nothing.connections.clear();
  gone_ = std::make_unique<Deployment>(std::move(nothing));
  node_ = std::make_unique<Node>(*gone_);
  if (!comes_back && on_death_) on_death_();
}

void Chassis::turn_on(Instant now) {
  running_ = true;
  if (!started_) {
    started_ = true;
    node_->start(now);
    return;
  }
  ++own_->identity.epoch;
  if (kept_role_) {
    node_ = std::make_unique<Node>(deployment_, std::move(kept_role_));
    node_->open_connections(now);
    node_->role()->revive(now);
    return;
  }
  node_ = make_node();
  if (deployment_.ltl.handshake) node_->open_connections(now);
  node_->start(now);
}

// ---- The four verbs

void Chassis::on_input(Datagram datagram, Instant now) {
  pass(now);
  if (condition_.off || condition_.cut_off) return;
  if (condition_.frozen) {
    held_.push_back(std::move(datagram));
    return;
  }
  drained_ = false;
  touched_ = now;
  node_->on_input(std::move(datagram), now);
  look_for_triggers(now);
}

std::optional<Datagram> Chassis::poll_output(Instant now) {
  if (garbage_left_ > 0) return garbage(now);
  if (!works()) return std::nullopt;
  std::optional<Datagram> out = node_->poll_output(now);
  while (out && condition_.cut_off) out = node_->poll_output(now);
  drained_ = !out;
  return out;
}

// Random bytes, each packet at a peer of its own: what they look like must not matter.
std::optional<Datagram> Chassis::garbage(Instant) {
  const std::vector<NodeId> peers = peers_of(deployment_);
  if (peers.empty()) {
    garbage_left_ = 0;
    return std::nullopt;
  }
  --garbage_left_;
  const Random chance =
      Random(rules_.seed, "garbage").child(index(deployment_.id)).child(garbage_sent_++);
  Datagram out;
  out.source = deployment_.id;
  out.destination = peers[chance.below(0, peers.size())];
  const std::size_t size = 1 + chance.below(1, kGarbageBytes);
  for (std::size_t i = 0; i < size; ++i)
    out.payload.bytes.push_back(static_cast<std::byte>(chance.bits(2 + i)));
  return out;
}

Instant Chassis::next_deadline() const {
  Instant next = eager_ ? next_begin() : kNever;
  // What it would do, or say, were it not for the fault.
  const bool has_work =
      !held_.empty() || !drained_ || node_->next_deadline() != kNever || !node_->ltl().idle();
  const bool stands = condition_.frozen || condition_.clock_stands;
  const bool waits = condition_.off || condition_.hangs || (stands && has_work);
  if (eager_ || waits) next = std::min(next, next_end());
  return works() && !condition_.clock_stands ? std::min(next, by_its_clock()) : next;
}

// When the node does what it has planned. By how much a slow clock is late is known from when the node last did
// something, which is when most of what it waits for was planned.
Instant Chassis::by_its_clock() const {
  const Instant planned = node_->next_deadline();
  if (condition_.clock_slow == 0 || planned == kNever || planned <= touched_) return planned;
  constexpr std::int64_t kMillion = 1'000'000;
  const auto late = static_cast<__int128>((planned - touched_).count()) * condition_.clock_slow;
  return later(planned, Duration{static_cast<std::int64_t>(late / kMillion)});
}

void Chassis::on_deadline(Instant now) {
  pass(now);
  if (works() && !condition_.clock_stands && by_its_clock() <= now) {
    drained_ = false;
    touched_ = now;
    node_->on_deadline(now);
  }
  look_for_triggers(now);
}

// ---- Results

void Chassis::hand_over(Records& to) {
  std::ranges::move(records_.requests, std::back_inserter(to.requests));
  std::ranges::move(records_.messages, std::back_inserter(to.messages));
  records_ = {};
  if (Role* const role = node_->role()) role->hand_over(to);
}

void Chassis::add_stats(RoleStats& to) const {
  to.add(stats_);
  if (kept_role_) kept_role_->add_stats(to);
  if (const Role* const role = const_cast<Node&>(*node_).role()) role->add_stats(to);
}

LtlStats Chassis::ltl_stats() const {
  LtlStats out = ltl_;
  out.merge(node_->ltl().stats());
  return out;
}

std::vector<TraceEvent> Chassis::take_trace() {
  std::vector<TraceEvent> out = std::exchange(trace_, {});
  std::ranges::move(node_->trace().take(), std::back_inserter(out));
  // A role that took the place of another says its slot's name.
  if (const RoleKind* const kind = deployment_.role.kind(); kind != nullptr && kind->recovers)
    for (TraceEvent& event : out) event.node = deployment_.id;
  return out;
}

}  // namespace soliton
