// trace: the messages of a file, each at its instant, or when another one has arrived.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <deque>
#include <map>
#include <set>

#include "node/traffic/contents.h"
#include "node/traffic/text_rows.h"
#include "node/traffic/traffic_kind.h"
#include "protocol/base/suggestion.h"

namespace soliton {
namespace {

constexpr std::size_t kRowsMost = 1'000'000;
constexpr std::uint32_t kNoRow = UINT32_MAX;

struct TraceOptions {
  std::string file;
};
constexpr Field kOwnRows[] = {
    field<&TraceOptions::file>("file", "The messages.").as(FieldType::kPath).needed()};
constexpr FieldTable kOwnFields = fields_of<TraceOptions>("workload", kOwnRows);
constexpr FieldTable kFields = fields_of<Traffic>("workload", {});

struct Row {
  Instant at{};  // since the begin of the workload
  NodeId from{}, to{};
  std::uint64_t bytes = 0;
  std::uint32_t after = kNoRow;
};

// Traffic::table has five numbers for each row.
constexpr std::size_t kColumns = 5;
Row row_of(const Traffic& traffic, std::uint32_t number) {
  const auto at = [&](std::size_t column) { return traffic.table[number * kColumns + column]; };
  return {kRunStart + Duration{at(0)}, NodeId{static_cast<std::uint32_t>(at(1))},
          NodeId{static_cast<std::uint32_t>(at(2))}, static_cast<std::uint64_t>(at(3)),
          static_cast<std::uint32_t>(at(4))};
}

// A node's rows. Those to one node leave in the order of the file, so the receiver knows which one
// comes; and as a row waits for earlier rows only, none waits for ever.
class TraceRole final : public TrafficRole {
 public:
  TraceRole(const Traffic& traffic, const Options& options) : TrafficRole(traffic, options) {
    for (std::uint32_t number = 0; number < traffic.count; ++number) {
      const Row row = row_of(traffic, number);
      if (row.from == self()) to_[row.to].push_back(number), ++unsent_;
      if (row.to == self()) from_[row.from].push_back(number), ++missing_;
    }
  }

  Instant next_deadline() const override {
    if (!begun()) return TrafficRole::next_deadline();
    return due_.empty() ? kNever : due_.begin()->first;
  }
  void on_deadline(Instant now) override {
    TrafficRole::on_deadline(now);
    while (!due_.empty() && due_.begin()->first <= now) {
      ready_.insert(due_.begin()->second);
      due_.erase(due_.begin());
    }
  }
  std::optional<RoleMessage> poll_message(Instant now) override {
    for (const std::uint32_t number : ready_) {
      const Row row = row_of(traffic(), number);
      if (blocked(row.to)) continue;
      ready_.erase(number);
      --unsent_;
      std::deque<std::uint32_t>& rows = to_[row.to];
      rows.pop_front();
      await_next(row.to, now);
      trace_sent(row.to, number, row.bytes, now);
      add({0, number, now, kNever, false});
      return RoleMessage{row.to, contents(number, row)};
    }
    return std::nullopt;
  }
  void on_message(NodeId peer, Payload message, Instant now) override {
    std::deque<std::uint32_t>& rows = from_[peer];
    if (rows.empty()) return refuse();
    const std::uint32_t number = rows.front();
    rows.pop_front();
    --missing_;
    const Row row = row_of(traffic(), number);
    trace_received(peer, number, message.size(), now);
    const bool good = message.size() == row.bytes &&
                      (!traffic().contents || holds_pattern(key(number, row), message.bytes));
    add({0, number, kNever, now, !good});
    arrived_.insert(number);
    if (const auto waiting = waiting_.find(number); waiting != waiting_.end()) {
      const std::vector<NodeId> peers = std::move(waiting->second);
      waiting_.erase(waiting);
      for (const NodeId to : peers) await_next(to, now);
    }
  }
  bool finished() const override { return unsent_ == 0 && missing_ == 0; }

 private:
  void begin(Instant now) override {
    began_ = now;
    for (const auto& [peer, rows] : to_) await_next(peer, now);
  }
  std::string missing() const override {
    return fmt::format("{} messages not handed over, {} not received", unsent_, missing_);
  }

  // The next row to `peer` becomes ready when its instant and the arrival it waits for have come.
  void await_next(NodeId peer, Instant now) {
    const std::deque<std::uint32_t>& rows = to_[peer];
    if (rows.empty()) return;
    const Row row = row_of(traffic(), rows.front());
    if (row.after != kNoRow && !arrived_.contains(row.after)) {
      waiting_[row.after].push_back(peer);
      return;
    }
    const Instant at = later(began_, row.at - kRunStart);
    if (at <= now)
      ready_.insert(rows.front());
    else
      due_.emplace(at, rows.front());
  }
  PatternKey key(std::uint32_t number, const Row& row) const {
    return {traffic().seed, row.from, number};
  }
  Payload contents(std::uint32_t number, const Row& row) const {
    Payload out;
    if (traffic().contents)
      append_pattern(key(number, row), row.bytes, out);
    else
      out.ghost = row.bytes;
    return out;
  }

  std::map<NodeId, std::deque<std::uint32_t>> to_, from_;  // rows that are still to leave, to come
  std::multimap<Instant, std::uint32_t> due_;              // rows that wait for their instant
  std::set<std::uint32_t> ready_;
  std::map<std::uint32_t, std::vector<NodeId>> waiting_;  // whose next row waits, by row
  std::set<std::uint32_t> arrived_;
  std::uint64_t unsent_ = 0, missing_ = 0;
  Instant began_{};
};

std::unique_ptr<TrafficRole> make(const Traffic& traffic, const TrafficRole::Options& options) {
  const auto& nodes = traffic.senders;
  if (std::find(nodes.begin(), nodes.end(), options.self) == nodes.end()) return nullptr;
  return std::make_unique<TraceRole>(traffic, options);
}

std::uint64_t completed(const Traffic& traffic, NodeId node) {
  std::uint64_t count = 0;
  for (std::uint32_t number = 0; number < traffic.count; ++number)
    count += row_of(traffic, number).to == node;
  return count;
}

std::vector<std::pair<NodeId, NodeId>> pairs(const Traffic& traffic) {
  std::vector<std::pair<NodeId, NodeId>> out;
  for (std::uint32_t number = 0; number < traffic.count; ++number) {
    const Row row = row_of(traffic, number);
    out.emplace_back(row.from, row.to);
  }
  return out;
}

// Every row is sent when its instant has come, the one it waits for has arrived and the one before it
// to the same node has left, and takes a message's time.
Duration bound(const Traffic& traffic, const LeastTimes& least) {
  std::vector<Instant> arrived(traffic.count);
  std::map<std::pair<NodeId, NodeId>, Instant> left;
  Instant first = kNever, last = kRunStart;
  for (std::uint32_t number = 0; number < traffic.count; ++number) {
    const Row row = row_of(traffic, number);
    Instant& sent = left.try_emplace({row.from, row.to}, kRunStart).first->second;
    sent = std::max(sent, row.at);
    if (row.after != kNoRow) sent = std::max(sent, arrived[row.after]);
    arrived[number] = later(sent, least.message(row.from, row.to, row.bytes));
    first = std::min(first, sent);
    last = std::max(last, arrived[number]);
  }
  return last - first;
}

// ---- The file

class TraceReader {
 public:
  TraceReader(const TrafficFile& file, Traffic& out) : file_(file), out_(out) {}

  Diagnostics read() {
    const std::vector<TextRow> rows = text_rows(file_.text);
    if (rows.empty()) {
      problem(1,
              "is empty; its first line names the columns: at,from,to,bytes or "
              "at,from,to,bytes,after");
      return std::move(problems_);
    }
    read_head(rows.front());
    if (!problems_.empty()) return std::move(problems_);
    if (rows.size() == 1) problem(rows.front().line, "has no message below the names of columns");
    if (rows.size() - 1 > kRowsMost)
      problem(rows[kRowsMost + 1].line, fmt::format("is more than {} messages", kRowsMost));
    out_.table.clear();
    out_.senders.clear();
    for (std::size_t i = 1; i < rows.size() && i <= kRowsMost; ++i)
      read_row(rows[i], static_cast<std::uint32_t>(i - 1));
    out_.count = static_cast<std::uint32_t>(to_.size());
    std::uint64_t all = 0;
    for (std::size_t i = 0; i < to_.size(); ++i)
      all += static_cast<std::uint64_t>(out_.table[i * kColumns + 3]);
    if (!to_.empty()) out_.bytes = all / to_.size();
    return std::move(problems_);
  }

 private:
  void problem(std::size_t line, const std::string& what) {
    problems_.add(ErrorCode::kInvalid, fmt::format("{}:{}: {}", file_.path, line, what));
  }

  void read_head(const TextRow& row) {
    static const std::vector<std::string> kNames = {"at", "from", "to", "bytes", "after"};
    columns_ = row.words.size();
    if ((columns_ != kColumns && columns_ + 1 != kColumns) ||
        !std::equal(row.words.begin(), row.words.end(), kNames.begin()))
      problem(row.line, fmt::format("names the columns {}; due are at,from,to,bytes and, where "
                                    "messages wait for others, after",
                                    fmt::join(row.words, ",")));
  }

  void read_row(const TextRow& row, std::uint32_t number) {
    if (row.words.size() != columns_) {
      problem(row.line, fmt::format("has {} values for {} columns", row.words.size(), columns_));
      return keep({});
    }
    Row out;
    const Result<Duration> at = parse_duration(row.words[0]);
    if (!at)
      problem(row.line, "at: " + at.error().message);
    else if (*at < Duration{0} || *at > kLongestTime)
      problem(row.line, fmt::format("at: {} is not between 0 s and 50 d", row.words[0]));
    else
      out.at = kRunStart + *at;
    out.from = node(row, 1, "from");
    out.to = node(row, 2, "to");
    if (row.words[1] == row.words[2])
      problem(row.line, fmt::format("{} would send to itself", row.words[1]));
    out.bytes = bytes(row);
    if (columns_ == kColumns && !row.words[4].empty()) out.after = after(row, number, out.from);
    keep(out);
  }

  NodeId node(const TextRow& row, std::size_t column, std::string_view key) {
    const std::string& name = row.words[column];
    if (const auto found = file_.nodes.find(name); found != file_.nodes.end())
      return NodeId{found->second};
    std::vector<std::string> names;
    if (problems_.errors.size() < kSuggestions)
      for (const auto& known : file_.nodes) names.push_back(known.first);
    problem(row.line,
            fmt::format("{}: no node called \"{}\"{}", key, name, suggestion(name, names)));
    return NodeId{UINT32_MAX};
  }

  std::uint64_t bytes(const TextRow& row) {
    const std::string& text = row.words[3];
    const Result<Bytes> size = parse_bytes(parse_integer(text) ? text + " B" : text);
    if (!size)
      problem(row.line, "bytes: " + size.error().message);
    else if (*size < Bytes{1} || *size > kMessageMost)
      problem(row.line, fmt::format("bytes: {} is not between 1 B and 1 GiB", text));
    else
      return static_cast<std::uint64_t>(size->count);
    return 1;
  }

  // Messages are counted from 1, as people do.
  std::uint32_t after(const TextRow& row, std::uint32_t number, NodeId from) {
    const Result<std::int64_t> asked = parse_integer(row.words[4]);
    if (!asked) {
      problem(row.line, "after: " + asked.error().message);
    } else if (*asked < 1 || *asked > std::int64_t{number}) {
      problem(row.line, fmt::format("after: {} is not the number of a message above this one, "
                                    "which is number {}; the first is 1",
                                    *asked, number + 1));
    } else {
      const auto other = static_cast<std::uint32_t>(*asked - 1);
      if (to_[other] != from && from != NodeId{UINT32_MAX})
        problem(row.line, fmt::format("after: message {} does not go to {}, who would have to wait "
                                      "for it",
                                      *asked, row.words[1]));
      return other;
    }
    return kNoRow;
  }

  void keep(const Row& row) {
    to_.push_back(row.to);
    for (const std::int64_t value :
         {(row.at - kRunStart).count(), std::int64_t{index(row.from)}, std::int64_t{index(row.to)},
          static_cast<std::int64_t>(row.bytes), std::int64_t{row.after}})
      out_.table.push_back(value);
    for (const NodeId node : {row.from, row.to})
      if (known_.insert(node).second) out_.senders.push_back(node);
  }

  static constexpr std::size_t kSuggestions = 20;

  const TrafficFile& file_;
  Traffic& out_;
  Diagnostics problems_;
  std::size_t columns_ = 0;
  std::vector<NodeId> to_;  // of each row
  std::set<NodeId> known_;
};

}  // namespace

extern const TrafficKind kTraceTraffic;
const TrafficKind kTraceTraffic = {
    .name = "trace",
    .words = "the messages of a file; a record is a message, from hand-over to delivery",
    .records = "messages",
    .fields = kFields,
    .own = kOwnFields,
    .make = make,
    .completed = completed,
    .flows = [](const Traffic&) { return 1U; },
    .pairs = pairs,
    .bytes_of = [](const Traffic& t, std::uint32_t,
                   std::uint32_t number) { return row_of(t, number).bytes; },
    .bound = bound,
    .read_file = [](const TrafficFile& file,
                    Traffic& out) { return TraceReader(file, out).read(); },
};

}  // namespace soliton
