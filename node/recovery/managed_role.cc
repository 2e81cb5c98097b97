#include "node/recovery/managed_role.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "protocol/base/check.h"

namespace soliton {

ManagedRole::ManagedRole(const ManagedRoles& spec, const Deployment& deployment, Make make)
    : spec_(spec), deployment_(deployment), make_(std::move(make)), as_(deployment) {
  if (has_manager()) manager_.emplace(spec.options, spec.nodes, spec.layouts, deployment.id);
  const bool reborn = deployment.identity.epoch > 1;
  // Clients that have forgotten what they asked cannot go on.
  broken_ = reborn && has_clients();
  if (reborn || spec.slot == kNoSlot) return;
  slot_ = spec.slot;
  make_role();
  begun_ = true;
}

// ---- What this node is

const ManagedRoles::Play* ManagedRole::play_of(std::uint32_t layout, NodeId slot) const {
  const auto at = std::ranges::find_if(spec_.plays, [&](const ManagedRoles::Play& play) {
    return play.layout == layout && play.slot == slot;
  });
  return at == spec_.plays.end() ? nullptr : &*at;
}

bool ManagedRole::has_clients() const {
  const ManagedRoles::Play* const own = play_of(0, spec_.slot);
  return own != nullptr && own->role.takes_part();
}

NodeId ManagedRole::holder(NodeId slot) const {
  const auto at = std::ranges::find(grants_, slot, &Grant::slot);
  return at == grants_.end() ? slot : at->node;
}

NodeId ManagedRole::slot_of(NodeId node) const {
  const auto at = std::ranges::find(grants_, node, &Grant::node);
  return at == grants_.end() ? node : at->slot;
}

void ManagedRole::make_role() {
  const ManagedRoles::Play* const play = play_of(layout_, slot_);
  SOLITON_CHECK_MSG(play != nullptr, "{} cannot be node {}", deployment_.node, index(slot_));
  as_.id = slot_;
  role_ = std::make_unique<FaultyRole>(make_(play->role, as_), true);
}

void ManagedRole::collect() {
  if (role_ == nullptr) return;
  const std::size_t before = records_.requests.size();
  role_->hand_over(records_);
  if (records_.requests.size() == before) return;
  answers_ += records_.requests.size() - before;
  if (std::exchange(awaits_answer_, false))
    note(RecoveryEvent::What::kAnswered, records_.requests[before].completed);
}

void ManagedRole::keep_stats() {
  collect();
  if (role_ != nullptr) role_->add_stats(before_);
}

void ManagedRole::start(Instant at) {
  const bool reborn = deployment_.identity.epoch > 1;
  if (manager_) manager_->start(at);
  if (manager_ && reborn) manager_->restart(at);
  if (role_) role_->start(at);
  if (reborn) answer(0, at);
}

// ---- Messages in

void ManagedRole::on_message(NodeId peer, Payload message, Instant now) {
  const std::optional<Envelope> envelope = take_envelope(message);
  if (!envelope) {
    ++stale_;
    return;
  }
  if (envelope->what != Envelope::What::kData) {
    take_control(peer, *envelope, message, now);
    look_for_end(now);
    return;
  }
  take({peer, *envelope, std::move(message)}, now);
  look_for_end(now);
}

// What is of a later generation than this node has heard of waits for the manager's word; so does what is
// for a role that is still being configured.
void ManagedRole::take(const Held& held, Instant now) {
  const std::uint32_t generation = held.envelope.generation;
  if (generation < generation_) {
    ++stale_;
    return;
  }
  if (generation > generation_ || configured_at_ != kNever) {
    held_.push_back(held);
    return;
  }
  if (role_ == nullptr) {
    ++stale_;
    return;
  }
  if (!begun_) begin(held.envelope.first, now);
  role_->on_message(slot_of(held.peer), held.message, now);
}

void ManagedRole::take_held(Instant now) {
  for (std::deque<Held> held = std::exchange(held_, {}); !held.empty(); held.pop_front())
    take(held.front(), now);
}

void ManagedRole::take_control(NodeId peer, const Envelope& envelope, const Payload& message,
                               Instant now) {
  if (envelope.what == Envelope::What::kQuestion) {
    if (const auto question = unpack_question(message); question && peer == spec_.manager)
      answer(question->number, now);
  } else if (envelope.what == Envelope::What::kStatus) {
    const auto status = unpack_status(message);
    if (status && manager_ && !condition_.manager_down) {
      manager_->on_status(peer, *status, now);
      run_manager(now);
    }
  } else if (const auto assignment = unpack_assignment(message);
             assignment && peer == spec_.manager) {
    adopt(*assignment, now);
  }
}

// ---- Generations

void ManagedRole::adopt(const Assignment& assignment, Instant now) {
  if (assignment.generation <= generation_) return;
  generation_ = assignment.generation;
  grants_ = assignment.grants;
  begun_ = revived_ = false;
  refused_ = kNoSlot;
  NodeId granted = kNoSlot;
  for (const Grant& grant : grants_) {
    if (grant.node != deployment_.id) continue;
    // Who has a slot keeps it, whatever else it is granted.
    if (granted == kNoSlot) {
      granted = grant.slot;
    } else {
      refused_ = grant.slot == slot_ ? granted : grant.slot;
      granted = granted == slot_ ? granted : grant.slot == slot_ ? slot_ : granted;
    }
  }
  become(assignment.layout, granted, now);
  take_held(now);
}

void ManagedRole::become(std::uint32_t layout, NodeId slot, Instant now) {
  const ManagedRoles::Play* const play = play_of(layout, slot);
  const bool stays = role_ != nullptr && slot == slot_ && play != nullptr;
  const bool anew = layout != std::exchange(layout_, layout);
  slot_ = slot;
  // Clients keep what they wait for, whatever the division of the model.
  if (stays && has_clients()) {
    if (anew) role_->adopt(play->role);
    return begin(role_->first_open(), now);
  }
  if (stays && !anew) return;
  keep_stats();
  role_.reset();
  configured_at_ = kNever;
  if (play == nullptr || broken_) return;
  // A memory that does not calibrate costs another configuration; three times are too many.
  constexpr std::int64_t kMost = 3;
  const std::int64_t failed = condition_.calibrations_failed;
  configured_at_ = later(now, times(play->ready_after, std::min(failed + 1, kMost)));
}

void ManagedRole::configured(Instant now) {
  configured_at_ = kNever;
  constexpr std::uint32_t kMost = 3;
  if (condition_.calibrations_failed >= kMost) {
    broken_ = true;
    return;
  }
  make_role();
  role_->set_condition(condition_, now);
  role_->start(now);
  note(RecoveryEvent::What::kConfigured, now);
  take_held(now);
}

void ManagedRole::begin(std::uint32_t first, Instant now) {
  begun_ = true;
  first_ = first;
  role_->restart(first, now);
  if (!has_clients()) return;
  RoleStats stats;
  role_->add_stats(stats);
  const std::uint64_t open = stats.sent - answers_;
  replayed_ += open;
  awaits_answer_ = true;
  note(RecoveryEvent::What::kReplayed, now, open);
}

// ---- The agent

AgentStatus ManagedRole::status(std::uint64_t question, Instant now) const {
  AgentStatus out;
  out.number = question;
  out.generation = generation_;
  out.layout = layout_;
  // A manager that was down has not heard of the revival, and must see that something was lost.
  const bool has_it = (role_ != nullptr && !revived_) || configured_at_ != kNever;
  out.slot = has_it ? slot_ : kNoSlot;
  out.refused = refused_;
  out.progress = role_ == nullptr ? 0 : role_->progress();
  out.waiting = role_ == nullptr ? 0 : role_->waiting(now);
  out.busy = condition_.reloads;
  out.broken = broken_;
  return out;
}

void ManagedRole::answer(std::uint64_t question, Instant now) {
  if (has_manager()) {
    if (condition_.manager_down) return;
    manager_->on_status(deployment_.id, status(question, now), now);
    return;
  }
  send_control(spec_.manager, Envelope::What::kStatus, pack(status(question, now)));
}

void ManagedRole::send_control(NodeId to, Envelope::What what, Payload message) {
  add_envelope({what, generation_, 0}, message);
  control_.push_back({to, std::move(message), true});
}

// Letters to the own node take no time.
void ManagedRole::run_manager(Instant now) {
  while (std::optional<ResourceManager::Letter> letter = manager_->poll()) {
    const auto* const question = std::get_if<Question>(&letter->what);
    const auto* const assignment = std::get_if<Assignment>(&letter->what);
    if (letter->to == deployment_.id) {
      if (question != nullptr) answer(question->number, now);
      if (assignment != nullptr) adopt(*assignment, now);
    } else if (question != nullptr) {
      send_control(letter->to, Envelope::What::kQuestion, pack(*question));
    } else {
      send_control(letter->to, Envelope::What::kAssignment, pack(*assignment));
    }
  }
}

// ---- Time

std::optional<RoleMessage> ManagedRole::poll_message(Instant now) {
  if (!control_.empty()) {
    RoleMessage out = std::move(control_.front());
    control_.pop_front();
    return out;
  }
  if (!plays()) return std::nullopt;
  std::optional<RoleMessage> out = role_->poll_message(now);
  if (!out) return std::nullopt;
  add_envelope({Envelope::What::kData, generation_, first_}, out->message);
  out->peer = holder(out->peer);
  return out;
}

Instant ManagedRole::next_deadline() const {
  Instant next = std::min(configured_at_, ended_ ? kNever : ends_at_);
  if (manager_ && !condition_.manager_down) next = std::min(next, manager_->next_deadline());
  if (plays()) next = std::min(next, role_->next_deadline());
  return next;
}

void ManagedRole::on_deadline(Instant now) {
  if (configured_at_ <= now) configured(now);
  if (plays() && role_->next_deadline() <= now) role_->on_deadline(now);
  if (manager_ && !condition_.manager_down && manager_->next_deadline() <= now) {
    manager_->on_deadline(now);
    run_manager(now);
  }
  if (ends_at_ <= now) ended_ = true;
  look_for_end(now);
}

// The end is announced one timeout before it comes, so that all nodes can be stopped at one instant.
void ManagedRole::look_for_end(Instant now) {
  if (has_clients()) collect();
  if (ends_at_ != kNever) return;
  const bool done = role_ != nullptr && has_clients() && role_->finished();
  const bool lost = manager_ && manager_->gave_up() != kNever;
  if (done || lost) ends_at_ = later(now, spec_.options.timeout);
}

RunEnd ManagedRole::run_end() const {
  return {.came = ended_ ? ends_at_ : kNever,
          .next = ended_ ? kNever : ends_at_,
          .notice = spec_.options.timeout};
}

// ---- Faults

void ManagedRole::set_condition(const NodeCondition& condition, Instant now) {
  const NodeCondition before = std::exchange(condition_, condition);
  if (role_ != nullptr && condition.reloads && !before.reloads) {
    keep_stats();
    role_.reset();
    begun_ = false;
  }
  if (role_ != nullptr) role_->set_condition(condition, now);
  if (!manager_) return;
  if (before.manager_down && !condition.manager_down) manager_->restart(now);
  using What = NodeTrouble::What;
  const auto has = [](const NodeCondition& in, const NodeCondition::OfDevice& one) {
    return std::ranges::find(in.devices, one) != in.devices.end();
  };
  for (const NodeCondition::OfDevice& one : condition.devices) {
    if (has(before, one)) continue;
    if (one.what == What::kLeaseLost) manager_->lose_lease(one.device, now);
    if (one.what == What::kLeaseTwice) manager_->set_leased_twice(one.device, true);
    if (one.what == What::kNoSpare) manager_->set_forbidden(one.device, true);
  }
  for (const NodeCondition::OfDevice& one : before.devices) {
    if (has(condition, one)) continue;
    if (one.what == What::kLeaseTwice) manager_->set_leased_twice(one.device, false);
    if (one.what == What::kNoSpare) manager_->set_forbidden(one.device, false);
  }
  if (!condition.manager_down) run_manager(now);
}

// ---- Results

bool ManagedRole::finished() const { return role_ != nullptr && role_->finished(); }

void ManagedRole::hand_over(Records& to) {
  collect();
  std::ranges::move(records_.requests, std::back_inserter(to.requests));
  records_.requests.clear();
}

void ManagedRole::note(RecoveryEvent::What what, Instant now, std::uint64_t count) {
  log_.push_back({now, what, deployment_.id, slot_, generation_, count});
}

void ManagedRole::add_stats(RoleStats& to) const {
  to.add(before_);
  if (role_ != nullptr) role_->add_stats(to);
  to.stale += stale_;
  to.replayed += replayed_;
  // What the manager did comes before what followed from it at the same instant.
  if (manager_)
    to.recovery.insert(to.recovery.end(), manager_->log().begin(), manager_->log().end());
  to.recovery.insert(to.recovery.end(), log_.begin(), log_.end());
}

std::vector<std::string> ManagedRole::describe_outstanding() const {
  std::vector<std::string> out;
  if (role_ != nullptr) out = role_->describe_outstanding();
  if (!manager_) return out;
  if (std::string text = manager_->describe(); !text.empty()) out.push_back(std::move(text));
  return out;
}

}  // namespace soliton
