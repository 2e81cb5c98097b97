#include "node/recovery/resource_manager.h"

#include <fmt/format.h>

#include <algorithm>

#include "protocol/base/check.h"

namespace soliton {

ResourceManager::ResourceManager(const ManagerOptions& options, std::vector<ManagedNode> nodes,
                                 std::vector<ManagedLayout> layouts, NodeId self)
    : options_(options), self_(self), layouts_(std::move(layouts)) {
  for (ManagedNode& node : nodes) {
    if (node.slot != kNoSlot) slots_.push_back({node.slot, node.node});
    devices_.push_back({std::move(node)});
  }
  std::ranges::sort(slots_, {}, &Slot::slot);
}

void ResourceManager::start(Instant now) {
  for (Device& d : devices_) {
    d.heard = d.next_question = d.progressed = now;
    d.told = true;
    d.fence = leased(d.node) ? 1 : 0;
  }
}

ResourceManager::Device& ResourceManager::device(NodeId node) {
  const auto at = std::ranges::find(devices_, node, &Device::node);
  SOLITON_CHECK_MSG(at != devices_.end(), "node {} is not managed", index(node));
  return *at;
}

const ResourceManager::Device* ResourceManager::find(NodeId node) const {
  const auto at = std::ranges::find(devices_, node, &Device::node);
  return at == devices_.end() ? nullptr : &*at;
}

bool ResourceManager::leased(NodeId node) const {
  return std::ranges::any_of(slots_,
                             [&](const Slot& s) { return s.node == node && s.vacant == kNever; });
}

void ResourceManager::note(RecoveryEvent::What what, NodeId node, NodeId slot, Instant now) {
  log_.push_back({now, what, node, slot, generation_, 0});
}

// ---- Questions and answers

void ResourceManager::on_status(NodeId from, const AgentStatus& status, Instant now) {
  if (find(from) == nullptr || gave_up_ != kNever) return;
  Device& d = device(from);
  d.heard = now;
  d.asked = false;
  if (from != self_) alone_since_ = kNever;
  if (!d.alive) {
    d.alive = true;
    d.progressed = now;
    if (!learning_) note(RecoveryEvent::What::kRejoined, d.node, kNoSlot, now);
  }
  d.busy = status.busy;
  // An agent that speaks without being asked is another incarnation, and has nothing.
  if (status.number == 0) {
    d.broken = d.hung = false;
    d.told = false;
    for (Slot& slot : slots_)
      if (slot.node == from && slot.vacant == kNever) {
        note(RecoveryEvent::What::kLost, from, slot.slot, now);
        slot.vacant = now;
      }
  }
  if (status.broken && !d.broken) {
    d.broken = true;
    note(RecoveryEvent::What::kFailed, d.node, status.slot, now);
    vacate(d.node, now);
  }
  if (learning_)
    learn(from, status);
  else
    compare(d, status, now);
  fill(now);
}

// What the agents say is what was granted last.
void ResourceManager::learn(NodeId from, const AgentStatus& status) {
  if (status.generation < generation_ || status.slot == kNoSlot || status.layout > layouts_.size())
    return;
  if (status.generation > generation_) {
    layout_ = status.layout;
    slots_ = slots_of(layout_);
  }
  generation_ = status.generation;
  for (Slot& slot : slots_)
    if (slot.slot == status.slot) slot = {status.slot, from};
}

// Messages of one connection keep their order: who answers a question that was asked after it had been told
// of a generation, and does not know it, has lost that message with an earlier incarnation.
void ResourceManager::compare(Device& d, const AgentStatus& status, Instant now) {
  if (status.generation < generation_) {
    if (status.number > d.told_at) d.told = false;
    return tell(d);
  }
  for (Slot& slot : slots_) {
    if (slot.node != d.node || slot.vacant != kNever || slot.slot == status.slot) continue;
    const bool refused = slot.slot == status.refused;
    note(refused ? RecoveryEvent::What::kRefused : RecoveryEvent::What::kLost, d.node, slot.slot,
         now);
    slot.vacant = now;
    if (refused) d.leased_twice = false;
  }
  take_progress(d, status, now);
}

// A node that waits for another has nothing before it; one that hangs has, and does nothing about it.
void ResourceManager::take_progress(Device& d, const AgentStatus& status, Instant now) {
  if (status.progress != d.progress) go_on(d);
  if (status.waiting == 0 || status.progress != d.progress) {
    d.progress = status.progress;
    d.progressed = now;
    return;
  }
  if (now < later(d.progressed, options_.patience()) || !leased(d.node)) return;
  find_hung(d, now);
}

void ResourceManager::find_hung(Device& d, Instant now) {
  d.progressed = now;
  d.hung = true;
  d.wait = d.wait == Duration{} ? options_.patience() : times(d.wait, 2);
  d.again = later(now, d.wait);
  for (Slot& slot : slots_) {
    if (slot.node != d.node) continue;
    note(RecoveryEvent::What::kHung, d.node, slot.slot, now);
    slot.vacant = std::min(slot.idle, now);
  }
}

void ResourceManager::go_on(Device& d) {
  d.hung = false;
  d.wait = {};
  for (Slot& slot : slots_)
    if (slot.node == d.node) slot.idle = kNever;
}

Instant ResourceManager::next_deadline() const {
  if (gave_up_ != kNever) return kNever;
  Instant next = kNever;
  for (const Device& d : devices_) {
    if (!d.asked) next = std::min(next, d.next_question);
    if (d.alive) next = std::min(next, dead_at(d));
  }
  for (const Slot& slot : slots_)
    if (slot.vacant != kNever) {
      next = std::min(next, patience_with(slot));
      const Device* const last = find(slot.node);
      if (last != nullptr && last->hung && last->again > looked_)
        next = std::min(next, last->again);
      const Instant divided = later(slot.vacant, options_.replan);
      if (layout_without(slot.slot) != nullptr && divided > looked_) next = std::min(next, divided);
    }
  if (alone_since_ != kNever) next = std::min(next, later(alone_since_, options_.give_up));
  if (learning_) next = std::min(next, grants_from_);
  return next;
}

void ResourceManager::on_deadline(Instant now) {
  if (gave_up_ != kNever) return;
  // A manager that was asleep has heard nobody, and nothing follows from it.
  if (now > later(next_deadline(), options_.timeout))
    for (Device& d : devices_) d.heard = std::max(d.heard, now);
  looked_ = now;
  for (Device& d : devices_) {
    if (d.asked || d.next_question > now) continue;
    letters_.push_back({d.node, Question{++questions_}});
    d.asked = true;
    d.next_question = later(now, options_.heartbeat);
  }
  if (learning_ && now >= grants_from_) {
    learning_ = false;
    for (Slot& slot : slots_)
      if (slot.node == kNoSlot && slot.vacant == kNever) slot.vacant = now;
  }
  watch(now);
  fill(now);
  for (const Slot& slot : slots_)
    if (slot.vacant != kNever && now >= patience_with(slot))
      return give_up(RecoveryEvent::What::kNoSpare, slot.node, slot.slot, now);
  if (alone_since_ != kNever && now >= later(alone_since_, options_.give_up))
    give_up(RecoveryEvent::What::kIsolated, self_, kNoSlot, now);
}

std::optional<ResourceManager::Letter> ResourceManager::poll() {
  if (letters_.empty()) return std::nullopt;
  Letter out = std::move(letters_.front());
  letters_.pop_front();
  return out;
}

// ---- Who lives

// Whether another node than the manager's own was heard while this one was silent. With one other node
// nobody can tell, and it is taken for dead.
bool ResourceManager::hears_others(const Device& silent, Instant now) const {
  bool others = false;
  for (const Device& d : devices_) {
    if (d.node == self_ || d.node == silent.node || !d.alive) continue;
    others = true;
    if (now - d.heard < options_.patience() / 2) return true;
  }
  return !others;
}

void ResourceManager::watch(Instant now) {
  for (Device& d : devices_) {
    if (!d.alive || now < dead_at(d)) continue;
    if (d.node == self_ || hears_others(d, now)) {
      declare_dead(d, now);
      continue;
    }
    if (alone_since_ == kNever) {
      alone_since_ = d.heard;
      note(RecoveryEvent::What::kAlone, self_, kNoSlot, now);
    }
    d.spared = later(now, options_.timeout);
  }
}

void ResourceManager::declare_dead(Device& d, Instant now) {
  d.alive = false;
  d.asked = false;
  NodeId had = kNoSlot;
  for (const Slot& slot : slots_)
    if (slot.node == d.node && slot.vacant == kNever) had = slot.slot;
  note(RecoveryEvent::What::kDead, d.node, had, now);
  vacate(d.node, now);
}

void ResourceManager::vacate(NodeId node, Instant now) {
  for (Slot& slot : slots_)
    if (slot.node == node && slot.vacant == kNever) slot.vacant = now;
}

// ---- Grants

// A device that fits and is free; of several the one that stands first, and the one that had the slot last. One that
// hung is tried again, as it may have gone on, when there is no other.
ResourceManager::Device* ResourceManager::candidate(const Slot& slot, std::span<const NodeId> taken,
                                                    Instant now) {
  const auto fits = [&](const Device& d) {
    const bool may = !d.hung || (d.node == slot.node && now >= d.again);
    return d.alive && !d.busy && !d.broken && !d.forbidden && may &&
           std::ranges::find(d.can, slot.slot) != d.can.end() &&
           std::ranges::find(taken, d.node) == taken.end();
  };
  Device* last = nullptr;
  for (Device& d : devices_) {
    if (!fits(d)) continue;
    if (leased(d.node) ? d.leased_twice : d.node != slot.node) return &d;
    if (!leased(d.node)) last = &d;
  }
  return last;
}

void ResourceManager::fill(Instant now) {
  if (learning_ || now < grants_from_) return;
  std::vector<NodeId> taken;
  std::vector<std::pair<Slot*, Device*>> grants;
  for (Slot& slot : slots_) {
    if (slot.vacant == kNever) continue;
    Device* const d = candidate(slot, taken, now);
    if (d == nullptr) {  // all or none: a model with a hole answers nothing
      divide_anew(now);
      return;
    }
    taken.push_back(d->node);
    grants.emplace_back(&slot, d);
  }
  if (grants.empty()) return;
  ++generation_;
  for (const auto& [slot, d] : grants) {
    slot->idle = d->hung ? std::min(slot->idle, slot->vacant) : kNever;
    slot->node = d->node;
    slot->vacant = kNever;
    ++d->fence;
    d->progressed = now;
    note(RecoveryEvent::What::kGranted, d->node, slot->slot, now);
  }
  begin_generation(now);
}

void ResourceManager::begin_generation(Instant) {
  for (Device& d : devices_) {
    d.told = false;
    if (d.alive) tell(d);
  }
}

// ---- Another division of the model

const ManagedLayout* ResourceManager::layout_without(NodeId slot) const {
  if (layout_ != 0) return nullptr;
  const auto at = std::ranges::find(layouts_, slot, &ManagedLayout::lost);
  return at == layouts_.end() ? nullptr : &*at;
}

std::vector<ResourceManager::Slot> ResourceManager::slots_of(std::uint32_t layout) const {
  std::vector<Slot> out;
  if (layout > 0) {
    for (const NodeId slot : layouts_[layout - 1].slots) out.push_back({slot, kNoSlot});
  } else {
    for (const Device& d : devices_)
      if (d.slot != kNoSlot) out.push_back({d.slot, kNoSlot});
  }
  std::ranges::sort(out, {}, &Slot::slot);
  return out;
}

// When the work of the slot is given up, or the model divided anew.
Instant ResourceManager::patience_with(const Slot& slot) const {
  const Instant give_up = later(slot.vacant, options_.give_up);
  if (layout_without(slot.slot) == nullptr) return give_up;
  const Instant divided = later(slot.vacant, options_.replan);
  return std::max(give_up, later(divided, options_.timeout));
}

bool ResourceManager::divide_anew(Instant now) {
  const auto vacant = [](const Slot& slot) { return slot.vacant != kNever; };
  if (std::ranges::count_if(slots_, vacant) != 1) return false;
  const Slot lost = *std::ranges::find_if(slots_, vacant);
  const ManagedLayout* const layout = layout_without(lost.slot);
  if (layout == nullptr || now < later(lost.vacant, options_.replan)) return false;
  std::vector<Slot> slots;
  for (const NodeId slot : layout->slots) {
    const auto at = std::ranges::find(slots_, slot, &Slot::slot);
    const NodeId node = at == slots_.end() ? slot : at->node;
    const Device* const d = find(node);
    if (d == nullptr || !d->alive || d->busy || d->broken || d->hung) return false;
    slots.push_back({slot, node});
  }
  slots_ = std::move(slots);
  layout_ = static_cast<std::uint32_t>(layout - layouts_.data()) + 1;
  ++generation_;
  note(RecoveryEvent::What::kDivided, self_, lost.slot, now);
  begin_generation(now);
  return true;
}

void ResourceManager::tell(Device& d) {
  if (d.told) return;
  Assignment out{generation_, layout_, {}};
  for (const Slot& slot : slots_) {
    const Device* const holder = find(slot.node);
    out.grants.push_back({slot.slot, slot.node, holder == nullptr ? 0 : holder->fence});
  }
  d.told = true;
  d.told_at = questions_;
  letters_.push_back({d.node, std::move(out)});
}

void ResourceManager::give_up(RecoveryEvent::What what, NodeId node, NodeId slot, Instant now) {
  note(what, node, slot, now);
  gave_up_ = now;
}

// ---- Faults of the manager itself

void ResourceManager::restart(Instant now) {
  note(RecoveryEvent::What::kManagerUp, self_, kNoSlot, now);
  generation_ = 1;
  layout_ = 0;
  grants_from_ = later(now, options_.lease);
  learning_ = true;
  alone_since_ = kNever;
  letters_.clear();
  slots_ = slots_of(layout_);
  for (Device& d : devices_) {
    d.told = true;
    d.alive = d.asked = d.busy = d.broken = d.hung = false;
    d.heard = d.next_question = d.progressed = now;
    d.fence = 0;
  }
}

void ResourceManager::lose_lease(NodeId node, Instant now) {
  for (const Slot& slot : slots_)
    if (slot.node == node && slot.vacant == kNever)
      note(RecoveryEvent::What::kLeaseLost, node, slot.slot, now);
  vacate(node, now);
  fill(now);
}

std::string ResourceManager::describe() const {
  std::string out;
  for (const Slot& slot : slots_)
    if (slot.vacant != kNever)
      out += fmt::format("{}nobody has taken the place of node {}", out.empty() ? "" : ", ",
                         index(slot.slot));
  return out;
}

}  // namespace soliton
