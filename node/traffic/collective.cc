#include "node/traffic/collective.h"

#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "node/traffic/held_parts.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

struct SeatOptions {
  const Traffic& traffic;
  TrafficRole::Options role;
  Collective collective;
  std::uint32_t rank = 0;
};

// What ordered and unordered schedules share: rounds, contents, records.
class CollectiveRole : public TrafficRole {
 public:
  explicit CollectiveRole(const SeatOptions& seat)
      : TrafficRole(seat.traffic, seat.role),
        collective_(seat.collective),
        ranks_(TrafficRole::traffic(), collective_.rooted),
        me_{seat.rank, ranks_.count()},
        contents_(collective_.contents({TrafficRole::traffic(), ranks_, seat.rank})),
        steps_(schedule().steps(me_)) {}

 protected:
  const Schedule& schedule() const { return collective_.schedule; }
  const Ranks& ranks() const { return ranks_; }
  const Contents& contents() const { return *contents_; }
  Rank me() const { return me_; }
  std::uint32_t steps() const { return steps_; }
  std::uint32_t round() const { return round_; }
  bool last_round_done() const { return round_ == traffic().count; }

  Payload ghost(Parts parts) const { return {{}, contents_->size(parts)}; }
  // Whether a message with these parts has the right size and, where they must be in the end as they
  // came, the right bytes.
  bool is_good(Parts parts, std::uint32_t from, const Payload& message) const {
    if (message.size() != contents_->size(parts)) return false;
    return !traffic().contents || contents_->are_final(parts, from, round_, message.bytes);
  }
  void found_damage() { damaged_ = true; }
  void begin_at(Instant now) {
    began_ = now;
    damaged_ = false;
  }
  void hand_over_first(std::uint32_t round, Instant now) {
    if (me_.number != 0 || round != announced_) return;
    ++announced_;
    if (collective_.recorded == Recorded::kDeliveries)
      for (std::uint32_t flow = 0; flow + 1 < me_.of; ++flow)
        add({flow, round, now, kNever, false});
    if (collective_.recorded == Recorded::kEnds) add({0, round, now, kNever, false});
  }
  void complete_round(Instant now) {
    trace_span(round_, began_, now);
    record(now);
    ++round_;
  }
  std::string missing_in(std::uint32_t done) const {
    return fmt::format("{} of {} rounds done, {} of {} steps of the next", round_, traffic().count,
                       done, steps_);
  }

 private:
  void record(Instant now) {
    const bool first = me_.number == 0, last = me_.number + 1 == me_.of;
    switch (collective_.recorded) {
      case Recorded::kRounds:
        return add({me_.number, round_, began_, now, damaged_});
      case Recorded::kDeliveries:
        if (!first) add({me_.number - 1, round_, kNever, now, damaged_});
        return;
      case Recorded::kEnds:
        if (last) return add({0, round_, kNever, now, damaged_});
        break;
      case Recorded::kLaps:
        if (first) return add({0, round_, began_, now, damaged_});
        break;
    }
    // Others have no record of their own, but say what they saw.
    if (damaged_) add({0, round_, kNever, kNever, true});
  }

  const Collective collective_;
  const Ranks ranks_;
  const Rank me_;
  const std::unique_ptr<Contents> contents_;
  const std::uint32_t steps_;
  std::uint32_t round_ = 0;
  std::uint32_t announced_ = 0;  // rounds whose first message has left
  bool damaged_ = false;
  Instant began_{};
};

// Steps go one after the other. Messages of one rank to another come in order, so the next one from
// a rank is that of the next step that receives from it.
class OrderedRole final : public CollectiveRole {
 public:
  using CollectiveRole::CollectiveRole;

  std::optional<RoleMessage> poll_message(Instant now) override {
    const auto ready = std::find_if(outgoing_.begin(), outgoing_.end(),
                                    [&](const Outgoing& m) { return !blocked(m.message.peer); });
    if (ready == outgoing_.end()) return std::nullopt;
    const std::uint32_t round = ready->round;
    RoleMessage out = std::move(ready->message);
    outgoing_.erase(ready);
    hand_over_first(round, now);
    if (is_traced(round)) trace_sent(out.peer, sent_to_[out.peer]++, out.message.size(), now);
    if (begun() && !in_round_) advance(now);  // a round may have waited for this one to leave
    return out;
  }

  void on_message(NodeId peer, Payload message, Instant now) override {
    if (last_round_done() || ranks().rank_of(peer) == kNoRank) return refuse();
    if (is_traced(round())) trace_received(peer, got_from_[peer]++, message.size(), now);
    if (awaits(peer)) {
      complete_step(std::move(message));
      return advance(now);
    }
    early_[peer].push_back(std::move(message));
    if (begun()) advance(now);
  }

  bool finished() const override { return last_round_done() && outgoing_.empty(); }

 private:
  struct Outgoing {
    std::uint32_t round;
    RoleMessage message;
  };

  void begin(Instant now) override { advance(now); }
  std::string missing() const override { return missing_in(done_); }

  // Whether the step at which the round stands waits for a message from there. One that has come before
  // it was asked for is not left in early_ at such a step.
  bool awaits(NodeId peer) const {
    return begun() && in_round_ && sent_ && step_.from != kNoRank &&
           ranks().node(step_.from) == peer && contents().size(step_.received) > 0;
  }
  void complete_step(Payload message) {
    take(std::move(message));
    sent_ = false;
    ++done_;
  }

  // As far as what has arrived allows.
  void advance(Instant now) {
    while (!last_round_done()) {
      if (!in_round_ && !begin_round(now)) return;
      while (done_ < steps()) {
        if (!sent_) send();
        if (!receive()) return;
      }
      in_round_ = false;
      complete_round(now);
    }
  }

  bool begin_round(Instant now) {
    if (!outgoing_.empty() && outgoing_.front().round + 1 < round()) return false;
    begin_at(now);
    in_round_ = true;
    done_ = 0;
    held_.clear();
    return true;
  }

  void send() {
    sent_ = true;
    step_ = schedule().step(me(), done_);
    if (step_.to == kNoRank || contents().size(step_.sent) == 0) return;
    outgoing_.push_back({round(), {ranks().node(step_.to), message()}});
  }

  Payload message() {
    if (!traffic().contents) return ghost(step_.sent);
    return step_.drops ? held_.release(step_.sent, step_.to, round())
                       : held_.message(step_.sent, step_.to, round());
  }

  // Whether the step has what it receives, and is done.
  bool receive() {
    if (step_.from == kNoRank || contents().size(step_.received) == 0) {
      sent_ = false;
      ++done_;
      return true;
    }
    const auto from = early_.find(ranks().node(step_.from));
    if (from == early_.end()) return false;
    complete_step(std::move(from->second.front()));
    from->second.pop_front();
    if (from->second.empty()) early_.erase(from);
    return true;
  }

  void take(Payload message) {
    const Parts parts = step_.received;
    if (message.size() != contents().size(parts)) return found_damage();
    if (!traffic().contents) return;
    if (step_.combine != Combine::kCopy) held_.add_to(parts, round(), message);
    if (step_.combine != Combine::kAdd && !is_good(parts, step_.from, message)) found_damage();
    if (done_ + 1 < steps()) held_.keep(parts, std::move(message));
  }

  std::map<NodeId, std::deque<Payload>> early_;         // arrived and not yet asked for
  std::map<NodeId, std::uint32_t> sent_to_, got_from_;  // for the trace
  std::deque<Outgoing> outgoing_;
  HeldParts held_{contents()};
  Step step_{};             // that of `done_`, once it has sent
  std::uint32_t done_ = 0;  // steps of this round
  bool in_round_ = false;
  bool sent_ = false;
};

// All steps at once. Of each pair of ranks one message a round goes either way, so neither can be
// more than a round ahead of the other.
class UnorderedRole final : public CollectiveRole {
 public:
  explicit UnorderedRole(const SeatOptions& seat) : CollectiveRole(seat), here_(me().of) {}

  // The earliest message whose peer is not blocked.
  std::optional<RoleMessage> poll_message(Instant now) override {
    for (; !again_.empty(); again_.erase(again_.begin()))
      if (!put_off(*again_.begin())) return message(take_first(), now);
    while (next_ < made_)
      if (const std::uint64_t number = next_++; !put_off(number)) return message(number, now);
    return std::nullopt;
  }

  void on_room(NodeId peer) override {
    TrafficRole::on_room(peer);
    const auto waiting = waiting_.find(peer);
    if (waiting == waiting_.end()) return;
    again_.insert(waiting->second.begin(), waiting->second.end());
    waiting_.erase(waiting);
  }

  void on_message(NodeId peer, Payload message, Instant now) override {
    const std::uint32_t from = ranks().rank_of(peer);
    if (from == kNoRank || from == me().number || last_round_done()) return refuse();
    const bool early = !begun() || here_[from];
    const std::uint32_t of_round = round() + (begun() && early ? 1 : 0);
    if (of_round >= traffic().count) return refuse();
    trace_received(peer, of_round, message.size(), now);
    if (early) {
      early_[from].push_back(std::move(message));
      return;
    }
    take(from, message);
    advance(now);
  }

  bool finished() const override {
    return last_round_done() && next_ == made_ && again_.empty() && waiting_.empty();
  }

 private:
  void begin(Instant now) override {
    begin_round(now);
    advance(now);
  }
  std::string missing() const override { return missing_in(arrived_); }

  // Makes the next round's messages, and takes what has come of it before.
  void begin_round(Instant now) {
    begin_at(now);
    arrived_ = 0;
    made_ += steps();
    std::fill(here_.begin(), here_.end(), false);
    for (auto at = early_.begin(); at != early_.end();) {
      take(at->first, at->second.front());
      at->second.pop_front();
      at = at->second.empty() ? early_.erase(at) : std::next(at);
    }
  }

  void advance(Instant now) {
    while (arrived_ == steps() && !last_round_done()) {
      complete_round(now);
      if (!last_round_done()) begin_round(now);
    }
  }

  void take(std::uint32_t from, const Payload& message) {
    here_[from] = true;
    ++arrived_;
    const Step step = schedule().step(me(), me().before(1 + from) % me().of);
    if (!is_good(step.received, from, message)) found_damage();
  }

  Step step_of(std::uint64_t number) const {
    return schedule().step(me(), static_cast<std::uint32_t>(number % steps()));
  }
  std::uint64_t take_first() {
    const std::uint64_t number = *again_.begin();
    again_.erase(again_.begin());
    return number;
  }
  bool put_off(std::uint64_t number) {
    const NodeId peer = ranks().node(step_of(number).to);
    if (!blocked(peer)) return false;
    waiting_[peer].push_back(number);
    return true;
  }
  RoleMessage message(std::uint64_t number, Instant now) {
    const Step step = step_of(number);
    const auto round = static_cast<std::uint32_t>(number / steps());
    RoleMessage out{ranks().node(step.to), ghost(step.sent)};
    if (traffic().contents) {
      out.message = {};
      contents().append_own(step.sent, step.to, round, out.message);
    }
    hand_over_first(round, now);
    trace_sent(out.peer, round, out.message.size(), now);
    return out;
  }

  // Messages by number: round * steps + step. Those from next_ to made_ have not been tried, those of
  // again_ may go again, those of waiting_ may not.
  std::uint64_t next_ = 0, made_ = 0;
  std::set<std::uint64_t> again_;
  std::map<NodeId, std::vector<std::uint64_t>> waiting_;
  std::vector<bool> here_;  // by rank: its message of this round has arrived
  std::uint32_t arrived_ = 0;
  std::map<std::uint32_t, std::deque<Payload>> early_;  // of later rounds, by rank
};

Collective collective_of(const Traffic& traffic) { return traffic.kind->collective(traffic); }

}  // namespace

std::unique_ptr<TrafficRole> make_collective_role(const Traffic& traffic,
                                                  const TrafficRole::Options& options) {
  const Collective collective = collective_of(traffic);
  const std::uint32_t rank = Ranks(traffic, collective.rooted).rank_of(options.self);
  if (rank == kNoRank) return nullptr;
  const SeatOptions seat{traffic, options, collective, rank};
  if (collective.schedule.ordered) return std::make_unique<OrderedRole>(seat);
  return std::make_unique<UnorderedRole>(seat);
}

std::uint64_t collective_completed(const Traffic& traffic, NodeId node) {
  const Collective collective = collective_of(traffic);
  const Ranks ranks(traffic, collective.rooted);
  const std::uint32_t rank = ranks.rank_of(node);
  if (rank == kNoRank) return 0;
  switch (collective.recorded) {
    case Recorded::kRounds:
      return traffic.count;
    case Recorded::kDeliveries:
      return rank == 0 ? 0 : traffic.count;
    case Recorded::kEnds:
      return rank + 1 == ranks.count() ? traffic.count : 0;
    case Recorded::kLaps:
      return rank == 0 ? traffic.count : 0;
  }
  return 0;
}

std::uint32_t collective_flows(const Traffic& traffic) {
  const Collective collective = collective_of(traffic);
  const std::uint32_t ranks = Ranks(traffic, collective.rooted).count();
  switch (collective.recorded) {
    case Recorded::kRounds:
      return ranks;
    case Recorded::kDeliveries:
      return ranks - 1;
    case Recorded::kEnds:
    case Recorded::kLaps:
      break;
  }
  return 1;
}

FlowEnds collective_ends(const Traffic& traffic, std::uint32_t flow) {
  const Collective collective = collective_of(traffic);
  const Ranks ranks(traffic, collective.rooted);
  switch (collective.recorded) {
    case Recorded::kRounds:
      break;
    case Recorded::kDeliveries:
      return {ranks.node(0), ranks.node(flow + 1)};
    case Recorded::kEnds:
      return {ranks.node(0), ranks.node(ranks.count() - 1)};
    case Recorded::kLaps:
      return {ranks.node(0), std::nullopt};
  }
  return {ranks.node(flow), std::nullopt};
}

std::vector<std::pair<NodeId, NodeId>> collective_pairs(const Traffic& traffic) {
  const Collective collective = collective_of(traffic);
  const Ranks ranks(traffic, collective.rooted);
  std::vector<std::pair<NodeId, NodeId>> out;
  for (Rank rank{0, ranks.count()}; rank.number < rank.of; ++rank.number) {
    const std::uint32_t steps = collective.schedule.steps(rank);
    for (std::uint32_t s = 0; s < steps; ++s) {
      const std::uint32_t to = collective.schedule.step(rank, s).to;
      if (to == kNoRank) continue;
      out.emplace_back(ranks.node(rank.number), ranks.node(to));
      if (collective.schedule.one_receiver) break;
    }
  }
  return out;
}

}  // namespace soliton
