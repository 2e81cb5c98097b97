// background: load from every node to others, at instants and of sizes by chance. It is not what is
// measured and has no end.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <map>

#include "node/traffic/one_way.h"
#include "node/traffic/order.h"
#include "node/traffic/sizes.h"
#include "node/traffic/traffic_kind.h"

namespace soliton {
namespace {

struct BackgroundOptions {
  Probability busy{100'000'000};
  SizeName sizes = SizeName::kExponential;
  std::uint32_t peers = 0;  // 0: all
  std::string file;
};
constexpr FieldWord kSizes[] = {word("fixed", SizeName::kFixed),
                                word("uniform", SizeName::kUniform),
                                word("exponential", SizeName::kExponential),
                                word("lognormal", SizeName::kLognormal),
                                word("websearch", SizeName::kWebSearch),
                                word("hadoop", SizeName::kHadoop),
                                word("file", SizeName::kFile)};
constexpr FieldWord kAll[] = {{"all", 0}};
constexpr Field kOwnRows[] = {
    field<&BackgroundOptions::busy>(
        "busy", "Share of the slowest line of all that each node's messages take.")
        .between(Probability{1'000}, Probability{1'000'000'000}),
    field<&BackgroundOptions::sizes>("sizes", "How long messages are.").spelled(kSizes),
    field<&BackgroundOptions::peers>("peers", "To how many others each node sends, by the seed.")
        .between(1, 16'384)
        .spelled(kAll),
    field<&BackgroundOptions::file>("file",
                                    "Of `sizes: file`: sizes in bytes and percentages of messages "
                                    "that are not longer; of a trace: its messages.")
        .as(FieldType::kPath),
};
constexpr FieldTable kOwnFields = fields_of<BackgroundOptions>("workload", kOwnRows);

constexpr Field kRows[] = {
    kNodesRow,
    bytes_row("Mean payload of a message."),
};
constexpr FieldTable kFields = fields_of<Traffic>("workload", kRows);

// Bytes of a message of so many with headers and frames, in packets of LTL's usual size, of which the last
// one is half full on average.
double on_the_line(double bytes) {
  constexpr double kPayload = 1'408, kOverhead = 98;
  return bytes + kOverhead * std::max(1.0, bytes / kPayload + 0.5);
}

BackgroundOptions options_of(const Traffic& traffic) {
  return own_options<BackgroundOptions>(traffic, kOwnFields);
}

// Traffic::table has a size and a share for each point.
std::vector<SizePoint> points_of(const Traffic& traffic) {
  std::vector<SizePoint> out;
  for (std::size_t i = 0; i + 1 < traffic.table.size(); i += 2)
    out.push_back({traffic.table[i], Probability{traffic.table[i + 1]}});
  return out;
}

std::uint32_t peers_of(const Traffic& traffic) {
  const auto others = static_cast<std::uint32_t>(traffic.senders.size() - 1);
  const std::uint32_t asked = options_of(traffic).peers;
  return asked == 0 ? others : std::min(asked, others);
}

// The senders that a sender sends to: so many places on, other places for other seeds.
class Peers {
 public:
  explicit Peers(const Traffic& traffic)
      : nodes_(static_cast<std::uint32_t>(traffic.senders.size())),
        places_(Random(traffic.seed, "background peers"), nodes_ - 1) {}
  std::uint32_t of(std::uint32_t sender, std::uint32_t number) const {
    return (sender + 1 + places_.at(number)) % nodes_;
  }

 private:
  std::uint32_t nodes_;
  Order places_;
};

class BackgroundRole final : public TrafficRole {
 public:
  BackgroundRole(const Traffic& traffic, const Options& options)
      : TrafficRole(traffic, options),
        me_(place_of(traffic, options.self)),
        points_(points_of(traffic)),
        sizes_(options_of(traffic).sizes, traffic.bytes, points_),
        chance_(Random(traffic.seed, "background").child(me_)),
        gap_ps_(on_the_line(sizes_.mean()) * 8e12 /
                (static_cast<double>(traffic.line.bits_per_second) * 1e-9 *
                 static_cast<double>(options_of(traffic).busy.parts_per_billion))),
        peers_(traffic),
        peer_count_(peers_of(traffic)) {}

  Instant next_deadline() const override {
    if (stopped_) return kNever;
    return begun() ? next_ : TrafficRole::next_deadline();
  }
  void on_deadline(Instant now) override {
    TrafficRole::on_deadline(now);
    for (; begun() && !stopped_ && next_ <= now; plan_next()) arrive();
  }
  std::optional<RoleMessage> poll_message(Instant now) override {
    while (!ready_.empty()) {
      const Message message = ready_.front();
      ready_.pop_front();
      const NodeId peer = traffic().senders[message.to];
      if (blocked(peer)) {
        waiting_[peer].push_back(message);
        continue;
      }
      trace_sent(peer, message.number, message.bytes, now);
      return RoleMessage{peer, contents(me_, message)};
    }
    return std::nullopt;
  }
  void on_room(NodeId peer) override {
    TrafficRole::on_room(peer);
    const auto waiting = waiting_.find(peer);
    if (waiting == waiting_.end()) return;
    ready_.insert(ready_.begin(), waiting->second.begin(), waiting->second.end());
    waiting_.erase(waiting);
  }
  void on_message(NodeId peer, Payload message, Instant now) override {
    const std::uint32_t from = place_of(traffic(), peer);
    if (from == kNoFlow) return refuse();
    const Message expected = message_of(from, me_, received_[from]++);
    trace_received(peer, expected.number, message.size(), now);
    ++messages_;
    bytes_ += message.size();
    damaged_ += message.size() != expected.bytes ||
                (traffic().contents && !holds_pattern(key(from, expected), message.bytes));
  }
  // It is never asked for anything, so it holds up no end.
  bool finished() const override { return true; }
  void stop() override {
    stopped_ = true;
    ready_.clear();
    waiting_.clear();
  }
  void add_stats(RoleStats& to) const override {
    to.background_messages += messages_;
    to.background_bytes += bytes_;
    to.background_damaged += damaged_;
  }

 private:
  struct Message {
    std::uint32_t to = 0;
    std::uint32_t number = 0;  // of those from this node to that one
    std::uint64_t bytes = 0;
  };

  void begin(Instant now) override {
    next_ = now;
    plan_next();
  }
  std::string missing() const override { return ""; }

  // The time to the next message is exponential, whatever has become of the others.
  void plan_next() {
    const double gap = chance_.exponential(2 * arrivals_) * gap_ps_;
    const double most = static_cast<double>(kLongestTime.count());
    next_ = later(next_,
                  std::max(Duration{1}, Duration{static_cast<std::int64_t>(std::min(gap, most))}));
  }
  void arrive() {
    const auto number = static_cast<std::uint32_t>(chance_.below(2 * arrivals_++ + 1, peer_count_));
    const std::uint32_t to = peers_.of(me_, number);
    ready_.push_back(message_of(me_, to, sent_[to]++));
  }

  // Both ends know how long the messages of a pair are.
  Message message_of(std::uint32_t from, std::uint32_t to, std::uint32_t number) const {
    const Random pair = Random(traffic().seed, "background sizes").child(from).child(to);
    return {to, number, sizes_.draw(pair, number)};
  }
  PatternKey key(std::uint32_t from, const Message& message) const {
    const auto nodes = static_cast<std::uint32_t>(traffic().senders.size());
    return {traffic().seed, traffic().senders[from], message.number * nodes + message.to};
  }
  Payload contents(std::uint32_t from, const Message& message) const {
    Payload out;
    if (traffic().contents)
      append_pattern(key(from, message), message.bytes, out);
    else
      out.ghost = message.bytes;
    return out;
  }

  const std::uint32_t me_;
  const std::vector<SizePoint> points_;
  const Sizes sizes_;
  const Random chance_;
  const double gap_ps_;  // mean time from one message to the next
  const Peers peers_;
  const std::uint32_t peer_count_;
  Instant next_ = kNever;
  bool stopped_ = false;
  std::uint64_t arrivals_ = 0;
  std::deque<Message> ready_;
  std::map<NodeId, std::vector<Message>> waiting_;
  std::map<std::uint32_t, std::uint32_t> sent_, received_;  // messages to and from others
  std::uint64_t messages_ = 0, bytes_ = 0, damaged_ = 0;
};

std::unique_ptr<TrafficRole> make(const Traffic& traffic, const TrafficRole::Options& options) {
  if (place_of(traffic, options.self) == kNoFlow) return nullptr;
  return std::make_unique<BackgroundRole>(traffic, options);
}

std::vector<std::pair<NodeId, NodeId>> pairs(const Traffic& traffic) {
  std::vector<std::pair<NodeId, NodeId>> out;
  const Peers peers(traffic);
  const std::uint32_t count = peers_of(traffic);
  for (std::uint32_t i = 0; i < traffic.senders.size(); ++i)
    for (std::uint32_t number = 0; number < count; ++number)
      out.emplace_back(traffic.senders[i], traffic.senders[peers.of(i, number)]);
  return out;
}

Diagnostics read_file(const TrafficFile& file, Traffic& traffic) {
  const Checked<std::vector<SizePoint>> points = read_sizes(file.text, file.path);
  if (!points) return points.error();
  traffic.table.clear();
  for (const SizePoint& point : *points)
    for (const std::int64_t number : {point.bytes, point.share.parts_per_billion})
      traffic.table.push_back(number);
  return {};
}

void check_background(void* object, FieldCheck& check) {
  const Traffic& traffic = *static_cast<const Traffic*>(object);
  check_ranks(object, check);
  const BackgroundOptions options = options_of(traffic);
  if (options.sizes == SizeName::kFile && options.file.empty())
    check.error("sizes", "file needs the key file, with sizes and percentages");
  if (options.sizes != SizeName::kFile && !options.file.empty())
    check.error("file", "belongs to sizes: file");
}

std::string title(const Traffic& traffic) {
  const BackgroundOptions options = options_of(traffic);
  return fmt::format("background ({}, {} %)", spelling(kSizes, options.sizes),
                     static_cast<double>(options.busy.parts_per_billion) / 1e7);
}

}  // namespace

extern const TrafficKind kBackgroundTraffic;
const TrafficKind kBackgroundTraffic = {
    .name = "background",
    .words =
        "messages by chance to others, of sizes from a distribution; it is not measured and "
        "has no end",
    .records = "messages",
    .fields = kFields.ruled(&check_background),
    .own = kOwnFields,
    .measured = false,
    .make = make,
    .completed = [](const Traffic&, NodeId) { return std::uint64_t{0}; },
    .flows = [](const Traffic&) { return 0U; },
    .pairs = pairs,
    .title = title,
    .read_file = read_file,
};

}  // namespace soliton
