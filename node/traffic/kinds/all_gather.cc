// all-gather: every node ends with every node's block, by one of three schedules. A record is one
// node's round. Positions are those of the nodes in the workload. A round begins at a node when its
// last one is complete, so peers may be one round ahead of it.
//
// Within a round of n nodes, at position i:
//   direct    step s: gets block i-1-s from its maker; sends its own to i+1+s at once
//   ring      step s: gets block i-1-s from i-1; sends block i-s to i+1 once step s-1 is here
//   doubling  step s: exchanges all it holds, 2^s blocks, with i xor 2^s once lower steps are here
//
// Thakur, Rabenseifner, Gropp, "Optimization of collective communication operations in MPICH",
// 2005, section 4.1.
#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <map>

#include "node/traffic/traffic_kind.h"
#include "protocol/base/check.h"

namespace soliton {
namespace {

// How an all-gather of n blocks goes.
enum class Schedule : std::uint8_t {
  kDirect,    // a block to each of the n-1 others at once
  kRing,      // n-1 steps, each node passes on to the next what it got last
  kDoubling,  // log2 n steps, pairs exchange all they hold (recursive doubling; n a power of two)
};

struct GatherOptions {
  Schedule schedule = Schedule::kDirect;
};

constexpr FieldWord kSchedules[] = {word("direct", Schedule::kDirect),
                                    word("ring", Schedule::kRing),
                                    word("doubling", Schedule::kDoubling)};
constexpr Field kOwnRows[] = {
    field<&GatherOptions::schedule>("schedule", "How blocks travel.").spelled(kSchedules)};
constexpr FieldTable kOwnFields = fields_of<GatherOptions>("workload", kOwnRows);

constexpr Field kRows[] = {
    kNodesRow,
    field<&Traffic::bytes>("bytes", "Payload of a node's block.")
        .as(FieldType::kBytes)
        .in("bytes")
        .between(Bytes{1}, kMessageMost),
    field<&Traffic::count>("count", "Rounds.").between(std::int64_t{1}, kRecordsMost),
};
constexpr FieldTable kFields = fields_of<Traffic>("workload", kRows);

Schedule schedule_of(const Traffic& traffic) {
  return own_options<GatherOptions>(traffic, kOwnFields).schedule;
}

// What one position of n does in each step of a round: whom it sends to, and which blocks go.
class GatherPlan {
 public:
  struct Step {
    std::uint32_t round, step;
  };

  GatherPlan(Schedule schedule, std::uint32_t n, std::uint32_t me)
      : schedule_(schedule),
        n_(n),
        me_(me),
        steps_(schedule == Schedule::kDoubling ? static_cast<std::uint32_t>(std::bit_width(n) - 1)
                                               : n - 1) {}

  std::uint32_t steps() const { return steps_; }
  // Steps go one after the other; otherwise all at once.
  bool is_ordered() const { return schedule_ != Schedule::kDirect; }
  // Whether a later step sends what `step` brings, and whether only one step sends it.
  bool passes_on(std::uint32_t step) const { return is_ordered() && step + 1 < steps_; }
  bool sends_once() const { return schedule_ == Schedule::kRing; }

  std::uint32_t receiver_of(std::uint32_t step) const {
    switch (schedule_) {
      case Schedule::kDirect:
        return (me_ + 1 + step) % n_;
      case Schedule::kRing:
        return (me_ + 1) % n_;
      case Schedule::kDoubling:
        return me_ ^ (1U << step);
    }
    return me_;
  }

  std::vector<std::uint32_t> sent_blocks(std::uint32_t step) const {
    if (schedule_ == Schedule::kDirect) return {me_};
    if (schedule_ == Schedule::kRing) return {(me_ + n_ - step) % n_};
    return group(me_, step);
  }

  std::vector<std::uint32_t> received_blocks(std::uint32_t step) const {
    if (schedule_ == Schedule::kDoubling) return group(me_ ^ (1U << step), step);
    return {(me_ + n_ - 1 - step) % n_};
  }

  // What `position` holds before step `step` of doubling.
  static std::vector<std::uint32_t> group(std::uint32_t position, std::uint32_t step) {
    std::vector<std::uint32_t> out;
    const std::uint32_t size = 1U << step;
    const std::uint32_t first = position / size * size;
    for (std::uint32_t i = 0; i < size; ++i) out.push_back(first + i);
    return out;
  }

  // What the `ordinal`-th message from a position is: each connection is in order.
  std::optional<Step> step_of(std::uint32_t from, std::uint32_t ordinal) const {
    switch (schedule_) {
      case Schedule::kDirect:
        return Step{ordinal, (me_ + n_ - 1 - from) % n_};
      case Schedule::kRing:
        if (from != (me_ + n_ - 1) % n_) return std::nullopt;
        return Step{ordinal / steps_, ordinal % steps_};
      case Schedule::kDoubling:
        if (!std::has_single_bit(from ^ me_)) return std::nullopt;
        return Step{ordinal, static_cast<std::uint32_t>(std::countr_zero(from ^ me_))};
    }
    return std::nullopt;
  }

 private:
  Schedule schedule_;
  std::uint32_t n_;
  std::uint32_t me_;
  std::uint32_t steps_;
};

class GatherRole : public TrafficRole {
 public:
  GatherRole(const Traffic& traffic, const Options& options, std::uint32_t position)
      : TrafficRole(traffic, options),
        n_(static_cast<std::uint32_t>(traffic.senders.size())),
        me_(position),
        plan_(schedule_of(traffic), n_, me_) {}

  std::optional<RoleMessage> poll_message(Instant now) override {
    const auto ready = std::find_if(outgoing_.begin(), outgoing_.end(),
                                    [&](const RoleMessage& m) { return !blocked(m.peer); });
    if (ready == outgoing_.end()) return std::nullopt;
    RoleMessage out = std::move(*ready);
    outgoing_.erase(ready);
    trace_sent(out.peer, messages_to_[out.peer]++, out.message.size(), now);
    return out;
  }

  void on_message(NodeId peer, Payload message, Instant now) override {
    const auto& nodes = traffic().senders;
    const auto from =
        static_cast<std::uint32_t>(std::find(nodes.begin(), nodes.end(), peer) - nodes.begin());
    if (from == n_ || from == me_) return refuse();
    const std::uint32_t ordinal = messages_from_[from]++;
    trace_received(peer, ordinal, message.size(), now);
    const std::optional<GatherPlan::Step> step = plan_.step_of(from, ordinal);
    if (!step || step->round < round_ || step->round >= traffic().count) return refuse();
    early_.emplace(std::pair(step->round, step->step), std::move(message));
    if (begun()) advance(now);
  }

  bool finished() const override { return round_ == traffic().count && outgoing_.empty(); }

 private:
  void begin(Instant now) override {
    begin_round(now);
    advance(now);
  }

  std::string missing() const override {
    return fmt::format("{} of {} rounds done, {} of {} steps of the next", round_, traffic().count,
                       arrived_, plan_.steps());
  }

  void begin_round(Instant now) {
    began_ = now;
    arrived_ = 0;
    damaged_ = false;
    held_.clear();
    held_[me_] = block(self(), round_);
    for (std::uint32_t step = 0; step < (plan_.is_ordered() ? 1 : plan_.steps()); ++step)
      send_step(step);
  }

  // Takes what is here for this round, in order of steps where the schedule has one.
  void advance(Instant now) {
    while (round_ < traffic().count) {
      const bool ordered = plan_.is_ordered();
      auto next = ordered ? early_.find({round_, arrived_}) : early_.lower_bound({round_, 0});
      if (next == early_.end() || next->first.first != round_) return;
      take(next->first.second, next->second);
      early_.erase(next);
      ++arrived_;
      if (ordered && arrived_ < plan_.steps()) send_step(arrived_);
      if (arrived_ == plan_.steps()) complete(now);
    }
  }

  void complete(Instant now) {
    trace_span(round_, began_, now);
    add({me_, round_, began_, now, damaged_});
    if (++round_ < traffic().count) begin_round(now);
  }

  void take(std::uint32_t step, const Payload& message) {
    const std::vector<std::uint32_t> blocks = plan_.received_blocks(step);
    if (!has_size(message, blocks.size())) {
      damaged_ = true;
      return;
    }
    std::uint64_t offset = 0;
    for (const std::uint32_t origin : blocks) {
      damaged_ = damaged_ || !is_block(message, offset, traffic().senders[origin], round_);
      if (plan_.passes_on(step)) held_[origin] = message.slice(offset, traffic().bytes);
      offset += traffic().bytes;
    }
  }

  void send_step(std::uint32_t step) {
    RoleMessage out{traffic().senders[plan_.receiver_of(step)], {}};
    for (const std::uint32_t origin : plan_.sent_blocks(step)) {
      out.message.append(held_[origin]);
      if (plan_.sends_once()) held_.erase(origin);
    }
    outgoing_.push_back(std::move(out));
  }

  std::uint32_t n_;
  std::uint32_t me_;
  GatherPlan plan_;
  // Each of these has entries only for what this node deals with: were they as long as the list of
  // nodes, the memory of a cluster would grow with the square of its nodes.
  std::map<std::uint32_t, std::uint32_t> messages_from_;              // by position
  std::map<NodeId, std::uint32_t> messages_to_;                       // for the trace
  std::map<std::pair<std::uint32_t, std::uint32_t>, Payload> early_;  // by (round, step)
  // This round's blocks that are still to be sent, by position of the maker.
  std::map<std::uint32_t, Payload> held_;
  std::deque<RoleMessage> outgoing_;
  std::uint32_t round_ = 0;
  std::uint32_t arrived_ = 0;  // steps of this round that are here
  bool damaged_ = false;
  Instant began_{};
};

std::unique_ptr<TrafficRole> make(const Traffic& traffic, const TrafficRole::Options& options) {
  const auto found = std::find(traffic.senders.begin(), traffic.senders.end(), options.self);
  if (found == traffic.senders.end()) return nullptr;
  return std::make_unique<GatherRole>(traffic, options,
                                      static_cast<std::uint32_t>(found - traffic.senders.begin()));
}

std::vector<std::pair<std::size_t, std::size_t>> pairs(const Traffic& traffic) {
  const std::size_t n = traffic.senders.size();
  const Schedule schedule = schedule_of(traffic);
  std::vector<std::pair<std::size_t, std::size_t>> out;
  for (std::size_t i = 0; i < n; ++i) {
    if (schedule == Schedule::kRing) out.emplace_back(i, (i + 1) % n);
    if (schedule == Schedule::kDirect)
      for (std::size_t j = 0; j < i; ++j) out.emplace_back(i, j);
    if (schedule == Schedule::kDoubling)
      for (std::size_t bit = 1; bit < n; bit *= 2) out.emplace_back(i, i ^ bit);
  }
  return out;
}

void check_gather(void* object, FieldCheck& check) {
  const Traffic& traffic = *static_cast<const Traffic*>(object);
  const std::size_t n = traffic.senders.size();
  if (n < 2) return check.error("nodes", "names one node; an all-gather takes at least two");
  if (schedule_of(traffic) != Schedule::kDoubling) return;
  if (!std::has_single_bit(n))
    check.error("schedule",
                fmt::format("doubling pairs the nodes off, so it takes a power of two of them, "
                            "not {}; direct and ring take any number",
                            n));
  else if (traffic.bytes * (n / 2) > static_cast<std::uint64_t>(kMessageMost.count))
    check.error("bytes", fmt::format("the last step of doubling sends {} blocks in a message, "
                                     "more than 1 GiB",
                                     n / 2));
}

std::string title(const Traffic& traffic) {
  return fmt::format("all-gather ({})", spelling(kSchedules, schedule_of(traffic)));
}

}  // namespace

extern const TrafficKind kAllGatherTraffic;
const TrafficKind kAllGatherTraffic = {
    .name = "all-gather",
    .words = "every node ends with every node's block; a record is one node's round",
    .records = "rounds of a node",
    .fields = kFields.ruled(&check_gather),
    .own = kOwnFields,
    .make = make,
    .completed = completed_at_senders,
    .record_bytes = [](const Traffic& t) { return t.bytes * (t.senders.size() - 1); },
    .pairs = pairs,
    .title = title,
};

}  // namespace soliton
