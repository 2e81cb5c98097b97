#include <algorithm>
#include <charconv>

#include "cluster/file/cluster_fields.h"
#include "cluster/file/fault_parts.h"
#include "protocol/base/text.h"

namespace soliton {
namespace {

// Windows of one rule within a run: those that take links down are looked up one by one.
constexpr std::int64_t kWindowsMost = 200'000;

// Picoseconds of a time that may be longer than a Duration can be.
std::optional<double> long_time(std::string_view text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return std::nullopt;
  const Result<Duration> unit = parse_duration(fmt::format("1{}", text.substr(blank)));
  double number = 0;
  const char* const end = text.data() + blank;
  const auto [last, problem] = std::from_chars(text.data(), end, number);
  if (!unit || problem != std::errc{} || last != end || !(number > 0)) return std::nullopt;
  return number * static_cast<double>(unit->count());
}

class TimeReader {
 public:
  TimeReader(MapReader& when, Duration time_limit, FaultRule& rule)
      : when_(when),
        time_limit_(time_limit),
        node_(rule.kind->node),
        counted_(node_ != nullptr || rule.effect()->cuts()),
        out_(rule.when) {}

  void read() {
    read_repetition();
    read_window();
    check();
    when_.finish("beside from and to");
  }

 private:
  std::optional<Duration> time(std::string_view key) {
    const auto said = read_value(when_, key);
    return said ? std::optional(Duration{said->number()}) : std::nullopt;
  }
  bool has(std::string_view key) { return when_.find(key) != nullptr; }

  void read_repetition() {
    const int ways = int{has("every")} + int{has("poisson")} + int{has("on")};
    if (ways > 1)
      when_.context().error(when_.mark(),
                            fmt::format("{}: only one of every, poisson and on", when_.label()));
    out_.every = time("every").value_or(Duration{});
    out_.jitter = time("jitter").value_or(Duration{});
    if (const auto limit = read_value(when_, "limit"))
      out_.limit = static_cast<std::uint64_t>(limit->number());
    if (has("poisson")) read_poisson(*when_.find("poisson"));
    if (has("on")) read_trigger();
    if (const auto count = read_value(when_, "count"))
      out_.count = static_cast<std::uint64_t>(count->number());
    if (out_.trigger == FaultTrigger::kFailoverStarted && !has("count")) out_.count = 1;
  }

  void read_trigger() {
    const auto said = read_value(when_, "on");
    if (!said) return;
    out_.trigger = static_cast<FaultTrigger>(said->number());
    if ((out_.trigger == FaultTrigger::kPacket) == (node_ == nullptr)) return;
    when_.error("on", node_ == nullptr ? "belongs to faults of nodes; links have packet"
                                       : "packet belongs to faults of links; nodes have "
                                         "message_delivered and failover_started");
  }

  void read_poisson(const YamlValue& value) {
    PoissonKeys keys;
    MapReader reader(when_.context(), value, kFaultPoissonFields, when_.label_of("poisson"));
    if (!read_fields(reader, kFaultPoissonFields, &keys)) return reader.finish();
    reader.finish();
    const std::optional<double> every = long_time(keys.every);
    if (!every)
      return when_.error("poisson", fmt::format("every: \"{}\" is not a time such as 1025 d",
                                                printable(keys.every)));
    const double mean = *every / keys.accelerate;
    if (!(mean >= 1))
      return when_.error("poisson", "accelerate makes it more than once a picosecond");
    out_.poisson = Duration{
        static_cast<std::int64_t>(std::min(mean, static_cast<double>(kLongestTime.count())))};
  }

  void read_window() {
    const bool from_to = has("from") || has("to");
    const bool spans = !from_to || out_.every > Duration{} || out_.poisson > Duration{} ||
                       out_.trigger != FaultTrigger::kNone;
    const char* const first = has("at") ? "at" : "from";
    const Duration from = time(first).value_or(Duration{});
    const Duration to = from_to ? time("to").value_or(Duration::max()) : Duration::max();
    const Duration length = spans && has("for") ? time("for").value_or(Duration{}) : Duration{};
    if (to <= from)
      when_.error("to", fmt::format("{} is not after {}, {}", spell(to), first, spell(from)));
    out_.from = later(kRunStart, from);
    out_.until = to == Duration::max() ? kNever : later(kRunStart, to);
    const bool once = !out_.repeats() && out_.trigger == FaultTrigger::kNone;
    if (once && length > Duration{}) out_.until = kRunStart + sum(from, length);
    if (!once) out_.length = length;
    if (from >= time_limit_)
      when_.error(first, fmt::format("{} is not within the run, which ends at {} (limits.time)",
                                     spell(from), spell(time_limit_)));
  }

  void check() {
    const bool triggered = out_.trigger != FaultTrigger::kNone;
    if (triggered != (out_.count > 0))
      when_.error(triggered ? "on" : "count", triggered ? "needs count" : "belongs to on");
    if (out_.jitter > Duration{} && out_.every == Duration{})
      when_.error("jitter", "belongs to every");
    if (out_.limit > 0 && !out_.repeats()) when_.error("limit", "belongs to every and poisson");
    const bool own_length = node_ != nullptr && node_->own_length;
    if (out_.repeats() && out_.length == Duration{} && !own_length)
      when_.context().error(
          when_.mark(), fmt::format("{}: needs for, how long it lasts each time", when_.label()));
    if (out_.every > Duration{} && sum(out_.length, out_.jitter) > out_.every)
      when_.error("every",
                  fmt::format("{} is shorter than for and jitter together", spell(out_.every)));
    check_count();
  }

  void check_count() {
    if (!counted_ || !out_.repeats() ||
        (out_.limit > 0 && out_.limit <= std::uint64_t{kWindowsMost}))
      return;
    const Duration end = std::min(time_limit_, out_.until - kRunStart);
    const Duration step = std::max(out_.every, out_.poisson);
    const std::int64_t windows = (end - (out_.from - kRunStart)) / step;
    if (windows > kWindowsMost)
      when_.error(out_.every > Duration{} ? "every" : "poisson",
                  fmt::format("begins {} times until {}, more than {}: say to, limit, or a longer "
                              "time between",
                              windows, spell(end), kWindowsMost));
  }

  MapReader& when_;
  Duration time_limit_;
  const NodeFaultKind* node_;
  bool counted_;  // its windows are looked at one by one
  FaultSchedule& out_;
};

}  // namespace

void read_fault_time(MapReader& rule, const std::string& label, Duration time_limit,
                     FaultSpec& out) {
  const YamlValue* when = rule.find("when");
  if (when == nullptr) return;
  MapReader reader(rule.context(), *when, kFaultWhenFields, label + ".when");
  if (reader.is_map()) TimeReader(reader, time_limit, out.rule).read();
}

}  // namespace soliton
